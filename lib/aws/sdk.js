'use strict';

/** Finding the AWS SDKs for JavaScript, of which none has to be there. */

const { places } = require('../modules');

const V2 = 'aws-sdk';
const V3 = '@aws-sdk/client-dynamodb';
const V3_DOCUMENT = '@aws-sdk/lib-dynamodb';

/** What was looked for: the module, or `undefined` where it is not installed. @type {Map<string, any>} */
const found = new Map();

/**
 * The module `name`, `undefined` where it is not installed. It is looked for once.
 *
 * @param {string} name
 * @returns {any}
 */
function findSdk(name) {
  if (!found.has(name)) found.set(name, load(name));
  return found.get(name);
}

/** @param {string} name */
function load(name) {
  for (const from of places()) {
    try {
      return from(name);
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
  // All places know the same modules, and finding that one is not installed takes a while.
  const [place] = places();
  if (!Object.keys(place?.cache ?? {}).some((path) => path.includes(V2))) return undefined;
  for (const from of places()) {
    try {
      const { exports } = from.cache[from.resolve(V2)] ?? {};
      if (exports) return exports;
    } catch {
      // It is not installed there.
    }
  }
  return undefined;
}

/**
 * The class `DynamoDBClient` of v3: of the copy that is found from here, and of those that the program
 * has loaded from elsewhere.
 *
 * @returns {any[]}
 */
function loadedV3() {
  const [place] = places();
  const isOfClient = (/** @type {string} */ path) => /[\\/]client-dynamodb[\\/]/.test(path);
  const loaded = Object.entries(place?.cache ?? {}).filter(([path]) => isOfClient(path));
  const classes = loaded.map(([, module]) => module?.exports?.DynamoDBClient);
  return [findSdk(V3)?.DynamoDBClient, ...classes].filter(Boolean);
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

module.exports = { V2, V3, V3_DOCUMENT, findSdk, loadedV2, loadedV3, userAgent };
