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
    throw new Refusal('is a BigInt, which would not come back: store a number or text');
  }
}

/**
 * @param {object} object
 * @throws {Refusal}
 */
function refuseCollection(object) {
  if (isMap(object)) throw new Refusal('is a Map, which would not come back: store an object');
  if (isSet(object)) throw new Refusal('is a Set, which would not come back: store an array');
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
 * One step of a place, as the addon writes it too, in `src/core/layout/value.rs`.
 *
 * @param {any} holder
 * @param {string} key
 */
function step(holder, key) {
  if (Array.isArray(holder)) return `[${key}]`;
  // See `bytes.js`: where a key begins with U+0000, there is one more.
  const name = key.replace(/^\0/, '');
  return /^[\p{Alphabetic}_][\p{Alphabetic}\p{N}_]*$/u.test(name)
    ? `.${name}`
    : `[${JSON.stringify(name)}]`;
}

module.exports = { Refusal, placeOfRefused, refuseCollection, refusePrimitive };
