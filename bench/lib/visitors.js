'use strict';

/** Visitors of apps, and the browsing that `cost` measures: users log in, view pages and log out. */

const supertest = require('supertest');
const { CLOCK_HEADER } = require('./app');
const { repeat } = require('./calls');

/** Page views of a user. */
const VIEWS = 50;
/** Views that write to the session. */
const WRITES = 3;
/** A user writes with every so many views. */
const STEP = Math.floor(VIEWS / WRITES);
/** Milliseconds from one view to the next: 50 views take 20 minutes. */
const PAUSE = 24_000;

/** Users that ask for a page at the same time. */
const AT_A_TIME = 4;
/** The id of the first user. All ids have as many digits: sessions are of one size. */
const FIRST_ID = 1001;
/** The users write with different views: a user begins up to so many views later than the first. */
const SPREAD = 8;

/** Milliseconds that a page may take. */
const LIMIT = 30_000;

/**
 * A browser: asks an app for pages, and keeps the app's cookies.
 *
 * @param {string} endpoint
 */
function newBrowser(endpoint) {
  const agent = supertest.agent(endpoint);
  return {
    /**
     * @param {'get' | 'post'} method
     * @param {string} path
     * @param {number} [clock] how far the app's clock is ahead, in milliseconds
     * @returns {Promise<import('./app').Answer>}
     * @throws {Error} if the app answers with a failure, or does not answer
     */
    async open(method, path, clock = 0) {
      const request = agent[method](path).set(CLOCK_HEADER, String(clock)).timeout(LIMIT);
      return (await request.expect(200)).body;
    },
    /** Its Cookie header. */
    get cookie() {
      const { hostname: domain } = new URL(endpoint);
      const access = { domain, path: '/', secure: false, script: false };
      return agent.jar.getCookies(access).toValueString();
    },
  };
}

/**
 * Has users browse an app. They take each step together, as they share the app's clock. In the end
 * each of them asks for one more page, which must not know them.
 *
 * @param {string} endpoint
 * @param {number} count of users
 * @param {() => void} ended called when all users have logged out
 * @throws {Error} if a page does not know its user, or has not what the user has written
 */
async function browse(endpoint, count, ended) {
  const users = Array.from({ length: count }, (_, index) => {
    return { index, id: FIRST_ID + index, written: 0, browser: newBrowser(endpoint) };
  });
  let clock = 0;
  const together = (/** @type {(user: (typeof users)[0]) => Promise<void>} */ step) =>
    repeat(count, AT_A_TIME, (index) => step(users[index]));
  /** Asks for a page, which must have the session of its user, or none. */
  const open = async (
    /** @type {(typeof users)[0]} */ { id, written, browser },
    /** @type {'get' | 'post'} */ method,
    path = '/',
    isKnown = true,
  ) => {
    const { user, visits } = await browser.open(method, path, clock);
    if (user === (isKnown ? id : null) && visits === (isKnown ? written : null)) return;
    throw new Error(
      `${method} ${path} of user ${id}, who has written ${written} times, ` +
        `has a session of user ${user} with ${visits} writes`,
    );
  };
  await together((user) => open(user, 'post', `/login/${user.id}`));
  for (let view = 1; view <= VIEWS; view += 1) {
    await together((user) => {
      const first = 1 + (user.index % SPREAD);
      const writes = view >= first && (view - first) % STEP === 0 && user.written < WRITES;
      if (writes) user.written += 1;
      return open(user, writes ? 'post' : 'get');
    });
    clock += PAUSE;
  }
  await together((user) => open(user, 'post', '/logout', false));
  ended();
  await together((user) => open(user, 'get', '/', false));
}

/**
 * Logs visitors in, each with a session of their own.
 *
 * @param {string} endpoint
 * @param {number} count of visitors
 * @param {boolean} hasSessions whether the app has any
 * @returns their cookies
 */
async function login(endpoint, count, hasSessions) {
  const cookies = [];
  for (let id = 1; id <= count; id += 1) {
    const browser = newBrowser(endpoint);
    if (hasSessions) await browser.open('post', `/login/${id}`);
    const { user } = await browser.open('get', '/');
    if ((user !== null) !== hasSessions) throw new Error(`a page knows user ${user}`);
    cookies.push(browser.cookie);
  }
  return cookies;
}

module.exports = { VIEWS, browse, login };
