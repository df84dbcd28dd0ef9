'use strict';

/** Finds the AWS SDKs for JavaScript. None of them needs to be installed. */

const { requires } = require('../modules');

const V2 = 'aws-sdk';
const V3 = '@aws-sdk/client-dynamodb';
const V3_DOCUMENT = '@aws-sdk/lib-dynamodb';

/** The modules that were searched; `undefined` for a module that is not installed. @type {Map<string, any>} */
const modules = new Map();

/**
 * Loads the module `name`. Each module is searched once.
 *
 * @param {string} name
 * @returns {any} `undefined` if the module is not installed
 */
function findSdk(name) {
  if (!modules.has(name)) modules.set(name, load(name));
  return modules.get(name);
}

/** @param {string} name */
function load(name) {
  for (const from of requires()) {
    try {
      return from(name);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return undefined;
}

/**
 * Returns aws-sdk v2 if the program has already loaded it.
 *
 * @returns {any}
 */
function loadedV2() {
  // All `require` functions share one cache. It is searched first, because resolving a missing module is slow.
  const [first] = requires();
  if (!Object.keys(first?.cache ?? {}).some((path) => path.includes(V2))) return undefined;
  for (const from of requires()) {
    try {
      const { exports } = from.cache[from.resolve(V2)] ?? {};
      if (exports) return exports;
    } catch {
      // This `require` does not find the module.
    }
  }
  return undefined;
}

/**
 * Returns the classes `DynamoDBClient` of v3: of the copy that `findSdk` finds, and of other copies that the program
 * has loaded.
 *
 * @returns {any[]}
 */
function clientClassesOfV3() {
  const [first] = requires();
  const isOfClient = (/** @type {string} */ path) => /[\\/]client-dynamodb[\\/]/.test(path);
  const loaded = Object.entries(first?.cache ?? {}).filter(([path]) => isOfClient(path));
  const classes = loaded.map(([, module]) => module?.exports?.DynamoDBClient);
  return [findSdk(V3)?.DynamoDBClient, ...classes].filter(Boolean);
}

/**
 * Returns the text to append to the user agent.
 *
 * @param {unknown} custom a text, or pairs of a name and a version
 */
function userAgent(custom) {
  if (custom === undefined || custom === null) return undefined;
  const parts = Array.isArray(custom) ? custom : [custom];
  const text = parts.map((part) => [part].flat().filter(Boolean).join('/')).join(' ');
  // A character that HTTP forbids in headers would make every request fail.
  return text.replace(/[^\x20-\x7e]/g, '_').trim() || undefined;
}

module.exports = { V2, V3, V3_DOCUMENT, findSdk, loadedV2, clientClassesOfV3, userAgent };
