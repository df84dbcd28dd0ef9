'use strict';

/**
 * Bytes in JSON: an object whose only key is `BYTES`, with base64 under it. BigInts, where they are
 * wanted: one whose only key is `BIG`, with digits under it. A key of the session's
 * own that begins with U+0000 gets another U+0000 before it. The addon does the same on its side,
 * in `src/core/layout/value.rs`.
 */

const { isAnyArrayBuffer } = require('node:util').types;
const { refuseCollection, refusePrimitive } = require('./storable');

const BYTES = '\u0000B';
const BIG = '\u0000N';

/** @param {unknown} value */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {object} map */
function hasReserved(map) {
  for (const key in map) if (key.charCodeAt(0) === 0) return true;
  return false;
}

/** @param {Buffer} bytes */
const bytesAsJson = (bytes) => ({ [BYTES]: bytes.toString('base64') });

/**
 * For `JSON.stringify`: sees the bytes themselves, not what their `toJSON` makes of them, and refuses
 * what would not come back.
 *
 * @this {any}
 * @param {string} key
 * @param {any} value
 */
function replacer(key, value) {
  const raw = this[key];
  if (typeof raw === 'object' && ArrayBuffer.isView(raw)) {
    return bytesAsJson(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength));
  }
  if (!isObject(value)) {
    refusePrimitive(value);
    return value;
  }
  // All built-in classes with contents that JSON does not see have a tag. Asking for that costs a
  // fraction of what asking for the class does, and what sessions hold has none.
  if (value[Symbol.toStringTag] !== undefined) {
    if (isAnyArrayBuffer(value)) return bytesAsJson(Buffer.from(value));
    refuseCollection(value);
  }
  if (!hasReserved(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name.replace(/^\0/, '\0\0'), each]),
  );
}

/**
 * The same with BigInts, which JSON refuses otherwise.
 *
 * @this {any}
 * @param {string} key
 * @param {any} value
 */
function bigReplacer(key, value) {
  return typeof value === 'bigint' ? { [BIG]: String(value) } : replacer.call(this, key, value);
}

/**
 * For `JSON.parse`.
 *
 * @param {string} _key
 * @param {any} value
 */
function reviver(_key, value) {
  if (!isObject(value) || !hasReserved(value)) return value;
  if (typeof value[BYTES] === 'string') return Buffer.from(value[BYTES], 'base64');
  if (typeof value[BIG] === 'string') return BigInt(value[BIG]);
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name.replace(/^\0/, ''), each]),
  );
}

/**
 * The reviver, where `json` may need one: without one, parsing is several times faster.
 *
 * @param {string} json
 */
function reviverFor(json) {
  return json.includes('\\u0000') ? reviver : undefined;
}

module.exports = { bigReplacer, replacer, reviverFor };
