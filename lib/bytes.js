'use strict';

/**
 * Bytes and BigInts in JSON. Bytes are an object whose only key is `BYTES`, with base64 as value. A BigInt is an
 * object whose only key is `BIGINT`, with digits as value. If a key of the session begins with U+0000, another U+0000
 * is put before it. `src/core/layout/value.rs` reads and writes the same form.
 */

const { isAnyArrayBuffer } = require('node:util').types;
const { refuseCollection, refusePrimitive } = require('./storable');

const BYTES = '\u0000B';
const BIGINT = '\u0000N';

/** @param {unknown} value */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether an object has a key that begins with U+0000. @param {object} map */
function hasReservedKey(map) {
  for (const key in map) if (key.charCodeAt(0) === 0) return true;
  return false;
}

/** @param {Buffer} bytes */
const bytesAsJson = (bytes) => ({ [BYTES]: bytes.toString('base64') });

/**
 * A replacer for `JSON.stringify`. It reads the raw value, because `toJSON` has already converted a Buffer in `value`,
 * and it refuses values that would be lost.
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
  // Every built-in class whose contents JSON leaves out has a tag. Most objects have none, and reading the tag takes
  // a fraction of the time of checking the class.
  if (value[Symbol.toStringTag] !== undefined) {
    if (isAnyArrayBuffer(value)) return bytesAsJson(Buffer.from(value));
    refuseCollection(value);
  }
  if (!hasReservedKey(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name.replace(/^\0/, '\0\0'), each]),
  );
}

/**
 * The same replacer for a format with BigInts. `JSON.stringify` alone throws on a BigInt.
 *
 * @this {any}
 * @param {string} key
 * @param {any} value
 */
function bigIntReplacer(key, value) {
  return typeof value === 'bigint' ? { [BIGINT]: String(value) } : replacer.call(this, key, value);
}

/**
 * A reviver for `JSON.parse`, the inverse of both replacers.
 *
 * @param {string} _key
 * @param {any} value
 */
function reviver(_key, value) {
  if (!isObject(value) || !hasReservedKey(value)) return value;
  if (typeof value[BYTES] === 'string') return Buffer.from(value[BYTES], 'base64');
  if (typeof value[BIGINT] === 'string') return BigInt(value[BIGINT]);
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name.replace(/^\0/, ''), each]),
  );
}

/**
 * Returns the reviver only if `json` may need it, because parsing without a reviver is several times faster.
 *
 * @param {string} json
 */
function reviverFor(json) {
  return json.includes('\\u0000') ? reviver : undefined;
}

module.exports = { bigIntReplacer, replacer, reviverFor };
