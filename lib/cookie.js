'use strict';

/** The end in the cookie of a session of express-session. */

const { isDate } = require('node:util').types;

/**
 * The exact end of a session that ends in the second `expires`; `undefined` where its cookie says
 * nothing of that.
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
 * When a session ends that is saved now.
 *
 * @param {any} cookie
 * @param {number} now milliseconds since the Unix epoch
 * @returns {number} milliseconds since the Unix epoch; NaN for a cookie without an end
 */
function endOfSaved(cookie, now) {
  const end = endOfCookie(cookie);
  if (!Number.isFinite(cookie?.maxAge)) return end;
  const moved = now + cookie.maxAge;
  // The cookie of express-session makes one of the other, and looks at the clock for it.
  return Math.abs(moved - end) < 1000 ? end : moved;
}

/**
 * Gives the cookie of a session the end that a touch has moved.
 *
 * @param {any} session
 * @param {number} end milliseconds since the Unix epoch
 */
function setEnd(session, end) {
  if (session.cookie?.expires) session.cookie.expires = new Date(end).toISOString();
}

module.exports = { endOf, endOfSaved, setEnd };
