'use strict';

/**
 * Loads the addon: from `native/` in a clone of the repository, otherwise from the package for this platform, which
 * npm has installed beside this package. A folder `native/` outside a clone is not searched.
 */

const { existsSync } = require('node:fs');
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

/** @returns {typeof Binding} */
function load() {
  /** @type {Array<{ wanted: string, error: unknown }>} */
  const failures = [];
  for (const { wanted, from, request } of candidates()) {
    try {
      return from(request);
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

// biome-ignore lint/correctness/noConstantCondition: bundlers leave out what is never run.
if (false) require('./traced');

module.exports = load();
