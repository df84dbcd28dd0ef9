'use strict';

/** zig as the C compiler and linker of a Rust build: it links against any glibc, and for musl. */

const { delimiter, join } = require('node:path');
const { cached, run } = require('../cache');

/** Packages of PyPI; both bring their programs along. */
const PACKAGES = ['cargo-zigbuild==0.24.0', 'ziglang==0.17.1'];

/** The environment in which `cargo zigbuild` is found. */
function zigEnvironment() {
  const name = PACKAGES.join('-').replaceAll('==', '-');
  // Not a virtual environment: the paths in one are absolute, and this folder is renamed.
  const target = cached(name, (partial) => {
    process.stderr.write('Installing zig …\n');
    const python = process.platform === 'win32' ? 'python' : 'python3';
    run(python, ['-m', 'pip', 'install', '--quiet', '--target', partial, ...PACKAGES], partial);
  });
  const { PATH, PYTHONPATH } = process.env;
  return {
    ...process.env,
    PATH: [join(target, 'bin'), PATH].join(delimiter),
    // cargo-zigbuild runs `python3 -m ziglang`.
    PYTHONPATH: [target, PYTHONPATH].filter(Boolean).join(delimiter),
  };
}

module.exports = { zigEnvironment };
