'use strict';

/** What koa-session keeps in a session, and what it tells a store of a request. */

const { isDeepStrictEqual } = require('node:util');

/** @typedef {{ ctx?: object, changed?: boolean }} KoaRequest */

/**
 * When a session ends, in seconds: by koa-session's own clock, which stops it before the table does. A
 * session that ends with the browser has none.
 *
 * @template {number | undefined} T
 * @param {any} session
 * @param {T} expires the end in the table, in seconds
 */
function endOf({ _expire }, expires) {
  return Number.isFinite(_expire) ? Math.floor(_expire / 1000) : expires;
}

/**
 * What koa-session tells of a request. A value that is no object cannot be one.
 *
 * @param {any} request
 * @returns {KoaRequest}
 */
function requestOf(request) {
  const { ctx, changed } = request ?? {};
  return { ctx: typeof ctx === 'object' && ctx !== null ? ctx : undefined, changed };
}

/**
 * The exact end and the lifetime of a session, in milliseconds, by koa-session's own clock; `undefined` if an
 * application has put something else there.
 *
 * @param {any} session
 */
function clockOf({ _expire, _maxAge }) {
  return { exact: finite(_expire), lifetime: finite(_maxAge) };
}

/**
 * @param {unknown} value
 * @returns {number | undefined}
 */
function finite(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/**
 * Whether two sessions as JSON are the same but for the end in them, which moves with every save.
 *
 * @param {string} one
 * @param {string} other
 */
function isSame(one, other) {
  const [first, second] = [one, other].map((json) => ({ ...JSON.parse(json), _expire: 0 }));
  return isDeepStrictEqual(first, second);
}

module.exports = { clockOf, endOf, isSame, requestOf };
