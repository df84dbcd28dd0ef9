'use strict';

/**
 * Loads the addon: from `native/` in a clone of the repository, otherwise from the package for this platform, which
 * npm has installed beside this package. A folder `native/` outside a clone is not searched.
 */

const { closeSync, existsSync, fstatSync, openSync, readSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join, resolve } = require('node:path');
const { storeError } = require('./errors');
const { requires } = require('./modules');

/** @import * as Binding from '../native/binding' */

const NAME = 'dynamo-session-store';

/** The C libraries of a platform, the more common one first. */
const VARIANTS = new Map([
  ['linux', ['-gnu', '-musl']],
  ['win32', ['-msvc']],
]);

/** The first four bytes of a file that Linux can load. */
const ELF = 0x7f_45_4c_46;

/** @returns {typeof Binding} */
function load() {
  /** @type {Array<{ wanted: string, error: unknown }>} */
  const failures = [];
  for (const { wanted, from, request } of candidates()) {
    try {
      const path = from.resolve(request);
      if (process.platform === 'linux') refuseTruncated(path);
      return from(path);
    } catch (error) {
      failures.push({ wanted, error });
    }
  }
  const { explain } = require('./native.error');
  const { message, cause } = explain(NAME, failures, requires);
  throw storeError('ERR_SESSION_ADDON', message, { cause });
}

/**
 * Yields the addons to try, the most likely first.
 *
 * @returns {Generator<{ wanted: string, from: NodeJS.Require, request: string }>} `wanted` is the name for messages,
 *   `from(request)` loads the addon
 */
function* candidates() {
  const { arch, env, platform } = process;
  // Not napi-rs's NAPI_RS_NATIVE_LIBRARY_PATH: every package made with napi-rs reads that variable.
  const path = env.DYNAMO_SESSION_STORE_ADDON;
  if (path) {
    const [from] = requires();
    yield { wanted: path, from, request: resolve(path) };
    return;
  }
  const targets = (VARIANTS.get(platform) ?? ['']).map((libc) => `${platform}-${arch}${libc}`);
  // A published package has no such folder, and looking for both files would take a quarter of a millisecond.
  for (const target of hasNativeFolder() ? targets : []) {
    const file = `${NAME}.${target}.node`;
    const request = `../native/${file}`;
    const from = requireOfClone(request);
    if (from) yield { wanted: file, from, request };
  }
  for (const from of requires()) {
    for (const target of targets) {
      yield { wanted: `${NAME}-${target}`, from, request: `${NAME}-${target}` };
    }
  }
  // With pnpm and Yarn PnP, a bundle cannot find the platform's package, but this package can.
  for (const from of requires()) {
    const own = requireOfPackage(from);
    for (const target of own ? targets : []) {
      yield { wanted: `${NAME}-${target}`, from: own, request: `${NAME}-${target}` };
    }
  }
}

/** Whether the package has a folder `native/`. */
function hasNativeFolder() {
  // An ES module has no `__dirname`.
  return typeof __dirname === 'string' && existsSync(join(__dirname, '../native'));
}

/**
 * Returns the `require` of this file if this file belongs to this package and `request` exists. A bundle belongs to
 * the application, so a folder `native/` beside it holds other addons.
 *
 * @param {string} request
 * @returns {NodeJS.Require | undefined}
 */
function requireOfClone(request) {
  // An ES module has no `__filename`, and its first `require` is that of the program that was started.
  const [from] = typeof __filename === 'string' ? requires() : [];
  try {
    from?.resolve(request);
    return from?.('../package.json').name === NAME ? from : undefined;
  } catch {
    // The folder holds no addon for this platform.
    return undefined;
  }
}

/**
 * @param {NodeJS.Require} from
 * @returns {any} the `require` of this package if it is installed
 */
function requireOfPackage(from) {
  try {
    return createRequire(from.resolve(`${NAME}/package.json`));
  } catch {
    return undefined;
  }
}

/**
 * Throws where a file is shorter than its header says: Linux kills a process that loads such an
 * addon. A file of another format is left to the loader of the system.
 *
 * @param {string} path
 */
function refuseTruncated(path) {
  const header = new DataView(new ArrayBuffer(64));
  const file = openSync(path, 'r');
  try {
    const read = readSync(file, header, 0, header.byteLength, 0);
    if (read < header.byteLength || header.getUint32(0) !== ELF) return;
    // The table of sections is what a linker writes last: where it starts, and its entries.
    const start = Number(header.getBigUint64(40, true));
    const end = start + header.getUint16(58, true) * header.getUint16(60, true);
    // Reading the last byte takes a tenth of the time of asking for the size.
    if (end === 0 || readSync(file, header, 0, 1, end - 1) === 1) return;
    const { size } = fstatSync(file);
    throw new Error(`${path}: the file is truncated: ${size} of ${end} bytes`);
  } finally {
    closeSync(file);
  }
}

// biome-ignore lint/correctness/noConstantCondition: bundlers leave out what is never run.
if (false) require('./traced');

module.exports = load();
