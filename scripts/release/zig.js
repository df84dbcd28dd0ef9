'use strict';

/** Installs zig as the C compiler and linker of Rust builds, because zig can link for any glibc and for musl. */

const { delimiter, join } = require('node:path');
const { cached, run } = require('../cache');

/** Packages of PyPI that contain the programs. */
const PACKAGES = ['cargo-zigbuild==0.24.0', 'ziglang==0.17.1'];

/** Returns an environment whose PATH contains `cargo zigbuild`. */
function zigEnvironment() {
  const name = PACKAGES.join('-').replaceAll('==', '-');
  // Not a virtual environment, because its paths are absolute, and the cache renames this folder.
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
