'use strict';

/**
 * Bytes in JSON: an object whose only key is `BYTES`, with base64 under it. BigInts, where they are
 * wanted: one whose only key is `BIG`, with digits under it. A key of the session's
 * own that begins with U+0000 gets another U+0000 before it. The addon does the same on its side,
 * in `src/core/layout/value.rs`.
 */

const BYTES = '\u0000B';
const BIG = '\u0000N';

/** @param {unknown} value */
function isMap(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {object} map */
function hasReserved(map) {
  return Object.keys(map).some((key) => key.startsWith('\u0000'));
}

/**
 * For `JSON.stringify`: sees the bytes themselves, not what their `toJSON` makes of them.
 *
 * @this {any}
 * @param {string} key
 * @param {any} value
 */
function replacer(key, value) {
  const raw = this[key];
  if (ArrayBuffer.isView(raw)) {
    const { buffer, byteOffset, byteLength } = raw;
    return { [BYTES]: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
  }
  if (raw instanceof ArrayBuffer) return { [BYTES]: Buffer.from(raw).toString('base64') };
  if (!isMap(value) || !hasReserved(value)) return value;
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
  if (!isMap(value) || !hasReserved(value)) return value;
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
