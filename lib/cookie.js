'use strict';

/** The end in the cookie of an express-session session. */

const { isDate } = require('node:util').types;

/**
 * Returns the exact end of a session by its cookie, in milliseconds; `undefined` if the cookie does not end in the
 * second `expires`.
 *
 * @param {any} session
 * @param {number} expires seconds since the Unix epoch
 */
function endOf(session, expires) {
  const end = endOfCookie(session?.cookie);
  return Math.floor(end / 1000) === expires ? end : undefined;
}

/**
 * @param {any} cookie
 * @returns {number} milliseconds since the Unix epoch; NaN for a cookie without an end
 */
function endOfCookie(cookie) {
  const { expires } = cookie ?? {};
  const isTime = ['number', 'string'].includes(typeof expires) || isDate(expires);
  return isTime && expires !== '' ? new Date(expires).getTime() : Number.NaN;
}

/**
 * Returns the end of a session that is saved now.
 *
 * @param {any} cookie
 * @param {number} now milliseconds since the Unix epoch
 * @returns {number} milliseconds since the Unix epoch; NaN for a cookie without an end
 */
function endOfSaved(cookie, now) {
  const end = endOfCookie(cookie);
  // In express-session, `maxAge` is a getter that reads the clock, so it is read once.
  const { maxAge } = cookie ?? {};
  if (!Number.isFinite(maxAge)) return end;
  const moved = now + maxAge;
  // express-session computes `maxAge` from `expires` by the current time, so `moved` differs by some milliseconds.
  return Math.abs(moved - end) < 1000 ? end : moved;
}

/**
 * Sets the end in a session's cookie, after a touch has moved the end.
 *
 * @param {any} session
 * @param {number} end milliseconds since the Unix epoch
 */
function setEnd(session, end) {
  if (session.cookie?.expires) session.cookie.expires = new Date(end).toISOString();
}

module.exports = { endOf, endOfSaved, setEnd };
