'use strict';

/** What the pages of both apps have in common. */

const { filler, webSession } = require('../sessions');

/** The header that says how far the app's clock is ahead, in milliseconds. */
const CLOCK_HEADER = 'x-bench-clock';

/**
 * What an app is made of.
 *
 * @typedef {object} AppOptions
 * @property {any} store without it, the app has no sessions
 * @property {object} setting further options of express-session or koa-session
 * @property {number} cookie the lifetime of the session's cookie, in milliseconds
 * @property {number} sessionBytes how long a session is as JSON, at its login
 * @property {(milliseconds: number) => void} [moveClock] with it, each request says what time it is
 *
 * @typedef {object} Answer what every page tells of its session
 * @property {number | null} user null without a login
 * @property {number | null} visits
 */

/**
 * What a login puts into the session.
 *
 * @param {number} id of the user
 * @param {number} sessionBytes
 * @param {object} own what the framework itself keeps in the session
 */
function loginData(id, sessionBytes, own) {
  const { cookie: _, user, cart } = webSession(sessionBytes);
  const data = { user: { ...user, id }, visits: 0, cart, note: '' };
  return { ...data, note: filler({ ...own, ...data }, sessionBytes) };
}

/**
 * @param {any} session
 * @returns {Answer}
 */
function answerOf(session) {
  return { user: session?.user?.id ?? null, visits: session?.visits ?? null };
}

module.exports = { CLOCK_HEADER, answerOf, loginData };
