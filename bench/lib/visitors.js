'use strict';

/** The browsing that `cost` measures: users log in, view pages and log out. */

const { Browser } = require('./browser');
const { repeat } = require('./calls');

/** Page views of a user. */
const VIEWS = 50;
/** Views that write to the session. */
const WRITES = 3;
/** Milliseconds from one view to the next: 50 views take 20 minutes. */
const PAUSE = 24_000;

/** Users that ask for a page at the same time. */
const AT_A_TIME = 4;
/** The id of the first user. All ids have as many digits: sessions are of one size. */
const FIRST_ID = 1001;
/** The users write with different views: a user begins up to so many views later than the first. */
const SPREAD = 8;

/**
 * A user with a browser. Every page must know them.
 *
 * @param {number} index
 * @param {string} endpoint
 */
function newUser(index, endpoint) {
  const id = FIRST_ID + index;
  const browser = new Browser(endpoint);
  const step = Math.floor(VIEWS / WRITES);
  const first = 1 + (index % SPREAD);
  let written = 0;
  /** @param {Parameters<Browser['open']>} request */
  const open = async (...request) => {
    const { user, visits } = await browser.open(...request);
    if (user === id && visits === written) return;
    throw new Error(
      `${request.join(' ')} of user ${id}, who has written ${written} times, ` +
        `has a session of user ${user} with ${visits} writes`,
    );
  };
  return {
    login: (/** @type {number} */ clock) => open('POST', `/login/${id}`, clock),
    /** @param {number} view from 1 @param {number} clock */
    view(view, clock) {
      const writes = (view - first) % step === 0 && view >= first && written < WRITES;
      if (writes) written += 1;
      return open(writes ? 'POST' : 'GET', '/', clock);
    },
    /** @param {number} clock */
    async logout(clock) {
      await browser.open('POST', '/logout', clock);
    },
    /** @param {number} clock */
    async viewLoggedOut(clock) {
      const { user } = await browser.open('GET', '/', clock);
      if (user !== null) throw new Error(`user ${id} is logged in after logging out`);
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
  const users = Array.from({ length: count }, (_, index) => newUser(index, endpoint));
  let clock = 0;
  const together = (/** @type {(user: ReturnType<typeof newUser>) => Promise<void>} */ step) =>
    repeat(count, AT_A_TIME, (index) => step(users[index]));
  await together((user) => user.login(clock));
  for (let view = 1; view <= VIEWS; view += 1) {
    await together((user) => user.view(view, clock));
    clock += PAUSE;
  }
  await together((user) => user.logout(clock));
  ended();
  await together((user) => user.viewLoggedOut(clock));
}

module.exports = { VIEWS, browse };
