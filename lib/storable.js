'use strict';

/**
 * Refuses values that would be lost: DynamoDB's types cannot hold them, and JSON would write `null` or `{}` without
 * an error. The error names the path of the value in the session.
 */

const { isMap, isSet } = require('node:util').types;

/** The reason why a value is refused. */
class Refusal extends Error {}

/**
 * @param {any} value not an object
 * @throws {Refusal}
 */
function refusePrimitive(value) {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new Refusal('is a number that is not finite, which DynamoDB cannot hold');
  }
  if (typeof value === 'bigint') {
    throw new Refusal('is a BigInt, which cannot be read back: store a number or text');
  }
}

/**
 * @param {object} object
 * @throws {Refusal}
 */
function refuseCollection(object) {
  if (isMap(object)) throw new Refusal('is a Map, which cannot be read back: store an object');
  if (isSet(object)) throw new Refusal('is a Set, which cannot be read back: store an array');
}

/**
 * Returns the path of the refused value, such as `session.cart[3].price`.
 *
 * @param {object} session
 * @param {(this: any, key: string, value: any) => any} replacer the replacer that has refused the value
 * @returns {string}
 */
function pathOfRefused(session, replacer) {
  /** The objects that contain the current value, from the session inwards. @type {{ parent: any, path: string }[]} */
  const parents = [];
  let path = '';
  try {
    JSON.stringify(session, function (key, value) {
      while (parents.length > 0 && parents.at(-1)?.parent !== this) parents.pop();
      const outer = parents.at(-1);
      path = outer ? outer.path + step(outer.parent, key) : 'session';
      const parent = replacer.call(this, key, value);
      if (typeof parent === 'object') parents.push({ parent, path });
      return parent;
    });
  } catch {
    // The same error as the first time. `path` is the path of the value that has caused it.
  }
  return path;
}

/**
 * Finds the first value because of which a session cannot be written as JSON.
 *
 * @param {object} session
 * @returns {string | undefined} a clause with the value's path and the reason; `undefined` if the value is not found
 */
function whyNoJson(session) {
  /** The objects that contain the current value, with their paths. @type {Map<object, string>} */
  const parents = new Map();
  /** @type {(parent: any, key: string | number, path: string) => string | undefined} */
  const check = (parent, key, path) => {
    let value;
    try {
      value = parent[key];
    } catch {
      return `${path} has a getter that throws`;
    }
    try {
      if (typeof value?.toJSON === 'function') value = value.toJSON(String(key));
    } catch {
      return `${path} has a "toJSON" that throws`;
    }
    if (typeof value === 'bigint') return `${path} is a BigInt: store a number or text`;
    if (typeof value !== 'object' || value === null) return undefined;
    const outer = parents.get(value);
    if (outer !== undefined) return `${path} refers back to ${outer}, which makes a cycle`;
    parents.set(value, path);
    const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
    for (const each of keys) {
      const reason = check(value, each, path + harmlessStep(value, String(each)));
      if (reason) return reason;
    }
    parents.delete(value);
    return undefined;
  };
  try {
    return check({ session }, 'session', 'session');
  } catch {
    // The session is nested too deeply, or a Proxy throws.
    return undefined;
  }
}

/**
 * Writes one step of a path. `src/core/layout/value.rs` writes paths in the same form.
 *
 * @param {any} parent
 * @param {string} key
 */
function step(parent, key) {
  if (Array.isArray(parent)) return `[${key}]`;
  // `bytes.js` adds a U+0000 to a key that begins with U+0000.
  const name = key.replace(/^\0/, '');
  return matches('^[\\p{Alphabetic}_][\\p{Alphabetic}\\p{N}_]*$', name)
    ? `.${name}`
    : `[${JSON.stringify(name)}]`;
}

/** The longest key that `whyNoJson` names, in characters. */
const LONGEST_NAME = 40;

/**
 * Writes one step of a path, but hides a key that may be session data. A key that is short and has no spaces or signs
 * is taken for a name in the program.
 *
 * @param {any} parent
 * @param {string} key
 */
function harmlessStep(parent, key) {
  const shown = step(parent, key);
  const isName = matches('^(\\.[\\w\\p{Alphabetic}]+|\\[\\d+\\])$', shown);
  return isName && key.length <= LONGEST_NAME ? shown : '[\u2026]';
}

/**
 * Whether a text matches a pattern with Unicode properties. The pattern is no literal, because V8 takes half a
 * millisecond to parse such a literal, and each process would start later.
 *
 * @param {string} pattern
 * @param {string} text
 */
function matches(pattern, text) {
  return new RegExp(pattern, 'u').test(text);
}

module.exports = { Refusal, pathOfRefused, refuseCollection, refusePrimitive, whyNoJson };
