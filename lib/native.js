'use strict';

/**
 * Loads the addon: from `native/` in a clone of the repository, else from the package of this
 * platform, which npm has installed beside this one. No other folder `native/` is looked into.
 */

const { existsSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join, resolve } = require('node:path');
const { storeError } = require('./errors');
const { places } = require('./modules');

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
  const { message, cause } = explain(NAME, failures, places);
  throw storeError('ERR_SESSION_ADDON', message, { cause });
}

/**
 * What to load, most likely first.
 *
 * @returns {Generator<{ wanted: string, from: NodeJS.Require, request: string }>} `wanted` is the
 *   name for messages
 */
function* candidates() {
  const { arch, env, platform } = process;
  // Not napi's own NAPI_RS_NATIVE_LIBRARY_PATH: every package that is made with napi-rs follows that.
  const given = env.DYNAMO_SESSION_STORE_ADDON;
  if (given) {
    const [from] = places();
    yield { wanted: given, from, request: resolve(given) };
    return;
  }
  const targets = (VARIANTS.get(platform) ?? ['']).map((libc) => `${platform}-${arch}${libc}`);
  // A published package has none: looking for both files takes a quarter of a millisecond.
  for (const target of hasNativeFolder() ? targets : []) {
    const file = `${NAME}.${target}.node`;
    const request = `../native/${file}`;
    const from = requireOfClone(request);
    if (from) yield { wanted: file, from, request };
  }
  for (const from of places()) {
    for (const target of targets) {
      yield { wanted: `${NAME}-${target}`, from, request: `${NAME}-${target}` };
    }
  }
  // With pnpm and Yarn PnP a bundle cannot see the platform's package, but this package can.
  for (const from of places()) {
    const own = requireOfPackage(from);
    for (const target of own ? targets : []) {
      yield { wanted: `${NAME}-${target}`, from: own, request: `${NAME}-${target}` };
    }
  }
}

/** Whether a folder `native/` lies beside the folder of this file. */
function hasNativeFolder() {
  // An ES module has no `__dirname`.
  return typeof __dirname === 'string' && existsSync(join(__dirname, '../native'));
}

/**
 * The `require` of this file, if it lies in the package's own folder and `request` can be found from it.
 * A bundle lies in a folder of the application: nobody has put an addon for it into `native/` there.
 *
 * @param {string} request
 * @returns {NodeJS.Require | undefined}
 */
function requireOfClone(request) {
  // An ES module has none, and `places` begins with the program that was started.
  const [from] = typeof __filename === 'string' ? places() : [];
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
 * @returns {any} the `require` of this package, where it is installed
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
