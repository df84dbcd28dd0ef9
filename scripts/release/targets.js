'use strict';

/** The platforms that the addon is published for: `napi.targets` in package.json. */

const { name, napi } = require('../../package.json');

/** The oldest glibc that the addon must run on: the same as for Node 20's official builds. */
const GLIBC = '2.28';

const ARCHITECTURES = new Map([
  ['x86_64', 'x64'],
  ['aarch64', 'arm64'],
]);

/**
 * @typedef {object} Target
 * @property {string} triple Rust's name of the target
 * @property {string} platform the platform in Node's names
 * @property {string} file the file name of the addon
 * @property {string} package the name of the platform's package
 * @property {boolean} zig whether zig links the addon: for all Linux targets, because of the old glibc, musl and other
 *   processors
 */

/** @type {Target[]} */
const targets = napi.targets.map((/** @type {string} */ triple) => {
  const [architecture, ...rest] = triple.split('-');
  const arch = ARCHITECTURES.get(architecture);
  const system = rest.join('-');
  const platform = {
    'unknown-linux-gnu': `linux-${arch}-gnu`,
    'unknown-linux-musl': `linux-${arch}-musl`,
    'apple-darwin': `darwin-${arch}`,
    'pc-windows-msvc': `win32-${arch}-msvc`,
  }[system];
  if (!arch || !platform) throw new Error(`package.json has an unknown target: ${triple}`);
  return {
    triple,
    platform,
    file: `${napi.binaryName}.${platform}.node`,
    package: `${name}-${platform}`,
    zig: platform.startsWith('linux'),
  };
});

/** Returns the target whose addon this process can load. */
function thisTarget() {
  const { arch, platform } = process;
  const candidates = targets.filter((target) => target.platform.startsWith(`${platform}-${arch}`));
  const report = /** @type {any} */ (process.report.getReport());
  const libc = report.header.glibcVersionRuntime ? 'gnu' : 'musl';
  return candidates.find((target) => target.platform.endsWith(libc)) ?? candidates[0];
}

module.exports = { GLIBC, targets, thisTarget };
