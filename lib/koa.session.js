'use strict';

/** The fields that koa-session keeps in a session, and its third argument of the store's methods. */

const { isDeepStrictEqual } = require('node:util');

/** @typedef {{ ctx?: object, changed?: boolean }} KoaRequest */

/**
 * Returns the end of a session in seconds. `_expire` of koa-session decides, because koa-session ends a session by
 * `_expire` before the end in the table. A session that ends with the browser has no `_expire`.
 *
 * @template {number | undefined} T
 * @param {any} session
 * @param {T} expires the end in the table, in seconds
 */
function endOf({ _expire }, expires) {
  return Number.isFinite(_expire) ? Math.floor(_expire / 1000) : expires;
}

/**
 * Reads the options that koa-session passes to the store's methods. A `ctx` that is no object is ignored.
 *
 * @param {any} request
 * @returns {KoaRequest}
 */
function requestOf(request) {
  const { ctx, changed } = request ?? {};
  return { ctx: typeof ctx === 'object' && ctx !== null ? ctx : undefined, changed };
}

/**
 * Returns the exact end and the lifetime that koa-session has written into a session, in milliseconds; `undefined`
 * if an application has replaced them by another type.
 *
 * @param {any} session
 */
function endAndLifetimeOf({ _expire, _maxAge }) {
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
 * Whether two sessions as JSON are equal except for `_expire`, which moves with every save.
 *
 * @param {string} one
 * @param {string} other
 */
function isSameButExpiry(one, other) {
  const [first, second] = [one, other].map((json) => ({ ...JSON.parse(json), _expire: 0 }));
  return isDeepStrictEqual(first, second);
}

module.exports = { endAndLifetimeOf, endOf, isSameButExpiry, requestOf };
