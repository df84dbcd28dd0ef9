'use strict';

/** Finding the AWS SDKs for JavaScript, of which none has to be there. */

const { join } = require('node:path');

const V2 = 'aws-sdk';
const V3 = '@aws-sdk/client-dynamodb';
const V3_DOCUMENT = '@aws-sdk/lib-dynamodb';

/** Where to look: from here, and from the application, which may lie elsewhere. */
function* requires() {
  yield require;
  const { createRequire } = require('node:module');
  yield createRequire(join(process.cwd(), 'index.js'));
}

/**
 * The module `name`, `undefined` where it is not installed.
 *
 * @param {string} name
 * @returns {any}
 */
function findSdk(name) {
  for (const load of requires()) {
    try {
      return load(name);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return undefined;
}

/**
 * aws-sdk v2, where the program has loaded it already.
 *
 * @returns {any}
 */
function loadedV2() {
  // Finding that it is not installed takes a while.
  if (!Object.keys(require.cache).some((path) => path.includes(V2))) return undefined;
  for (const load of requires()) {
    try {
      const { exports } = require.cache[load.resolve(V2)] ?? {};
      if (exports) return exports;
    } catch {
      // It is not installed there.
    }
  }
  return undefined;
}

/**
 * What is to follow the SDK's own user agent.
 *
 * @param {unknown} custom a text, or pairs of a name and a version
 */
function userAgent(custom) {
  if (custom === undefined || custom === null) return undefined;
  const parts = Array.isArray(custom) ? custom : [custom];
  const text = parts.map((part) => [part].flat().filter(Boolean).join('/')).join(' ');
  // What no header can have would make a failure of every request.
  return text.replace(/[^\x20-\x7e]/g, '_').trim() || undefined;
}

module.exports = { V2, V3, V3_DOCUMENT, findSdk, loadedV2, userAgent };
