'use strict';

/**
 * Values that DynamoDB's types cannot hold, and that would not come back: each is refused by its place
 * in the session. JSON makes `null` or `{}` of them, and says nothing.
 */

const { isMap, isSet } = require('node:util').types;

/** Why a value is refused. */
class Refusal extends Error {}

/**
 * @param {any} value no object
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
 * Where the value stands that is refused, as in `session.cart[3].price`.
 *
 * @param {object} session
 * @param {(this: any, key: string, value: any) => any} replacer the one that refuses it
 * @returns {string}
 */
function placeOfRefused(session, replacer) {
  /** The objects around the value. @type {{ holder: any, place: string }[]} */
  const around = [];
  let place = '';
  try {
    JSON.stringify(session, function (key, value) {
      while (around.length > 0 && around.at(-1)?.holder !== this) around.pop();
      const outer = around.at(-1);
      place = outer ? outer.place + step(outer.holder, key) : 'session';
      const holder = replacer.call(this, key, value);
      if (typeof holder === 'object') around.push({ holder, place });
      return holder;
    });
  } catch {
    // As it was the first time.
  }
  return place;
}

/**
 * Why a session cannot be written as JSON, by the place of the first value that cannot.
 *
 * @param {object} session
 * @returns {string | undefined} a clause; nothing where it cannot be found out
 */
function whyNoJson(session) {
  /** The objects around a value, with their places. @type {Map<object, string>} */
  const around = new Map();
  /** @type {(holder: any, key: string | number, place: string) => string | undefined} */
  const look = (holder, key, place) => {
    let value;
    try {
      value = holder[key];
    } catch {
      return `${place} has a getter that throws`;
    }
    try {
      if (typeof value?.toJSON === 'function') value = value.toJSON(String(key));
    } catch {
      return `${place} has a "toJSON" that throws`;
    }
    if (typeof value === 'bigint') return `${place} is a BigInt: store a number or text`;
    if (typeof value !== 'object' || value === null) return undefined;
    const outer = around.get(value);
    if (outer !== undefined) return `${place} refers back to ${outer}, which makes a cycle`;
    around.set(value, place);
    const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
    for (const each of keys) {
      const found = look(value, each, place + harmlessStep(value, String(each)));
      if (found) return found;
    }
    around.delete(value);
    return undefined;
  };
  try {
    return look({ session }, 'session', 'session');
  } catch {
    // It is nested too deeply, or a Proxy throws.
    return undefined;
  }
}

/**
 * One step of a place, as the addon writes it too, in `src/core/layout/value.rs`.
 *
 * @param {any} holder
 * @param {string} key
 */
function step(holder, key) {
  if (Array.isArray(holder)) return `[${key}]`;
  // See `bytes.js`: where a key begins with U+0000, there is one more.
  const name = key.replace(/^\0/, '');
  return matches('^[\\p{Alphabetic}_][\\p{Alphabetic}\\p{N}_]*$', name)
    ? `.${name}`
    : `[${JSON.stringify(name)}]`;
}

/** The longest key that `whyNoJson` names, in characters. */
const LONGEST_NAME = 40;

/**
 * One step of a place, without a key that may be data of the session: a name of the program's own is short
 * and has no spaces or signs.
 *
 * @param {any} holder
 * @param {string} key
 */
function harmlessStep(holder, key) {
  const shown = step(holder, key);
  const isName = matches('^(\\.[\\w\\p{Alphabetic}]+|\\[\\d+\\])$', shown);
  return isName && key.length <= LONGEST_NAME ? shown : '[…]';
}

/**
 * Whether a text matches a pattern with properties of Unicode. A literal of such a pattern takes V8 half a
 * millisecond when it parses this file: each process would start as much later.
 *
 * @param {string} pattern
 * @param {string} text
 */
function matches(pattern, text) {
  return new RegExp(pattern, 'u').test(text);
}

module.exports = { Refusal, placeOfRefused, refuseCollection, refusePrimitive, whyNoJson };
