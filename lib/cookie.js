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
 * Gives the cookie of a session the end that a touch has moved.
 *
 * @param {any} session
 * @param {number} end milliseconds since the Unix epoch
 */
function setEnd(session, end) {
  if (session.cookie?.expires) session.cookie.expires = new Date(end).toISOString();
}

module.exports = { endOf, endOfCookie, setEnd };
