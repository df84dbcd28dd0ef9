'use strict';

/** The browsing that `cost` measures: users log in, view pages and log out. */

const { Browser } = require('./browser');
const { repeat } = require('./calls');

/** @import { Answer } from './browser' */

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

/** A user with a browser. Every page must know them. */
class User {
  #id;
  #browser;
  #writing;
  #written = 0;

  /**
   * @param {number} index
   * @param {string} endpoint
   */
  constructor(index, endpoint) {
    const step = Math.floor(VIEWS / WRITES);
    const first = 1 + (index % SPREAD);
    this.#id = FIRST_ID + index;
    this.#browser = new Browser(endpoint);
    this.#writing = Array.from({ length: WRITES }, (_, write) => first + write * step);
  }

  /** @param {number} clock how far the app's clock is ahead, in milliseconds */
  async login(clock) {
    this.#check('login', await this.#browser.open('POST', `/login/${this.#id}`, clock));
  }

  /**
   * @param {number} view from 1
   * @param {number} clock
   */
  async view(view, clock) {
    const writes = this.#writing.includes(view);
    if (writes) this.#written += 1;
    this.#check(`view ${view}`, await this.#browser.open(writes ? 'POST' : 'GET', '/', clock));
  }

  /** @param {number} clock */
  async logout(clock) {
    await this.#browser.open('POST', '/logout', clock);
  }

  /** @param {number} clock */
  async viewLoggedOut(clock) {
    const { user } = await this.#browser.open('GET', '/', clock);
    if (user !== null) throw new Error(`user ${this.#id} is logged in after logging out`);
  }

  /**
   * @param {string} page
   * @param {Answer} answer
   */
  #check(page, { user, visits }) {
    if (user === this.#id && visits === this.#written) return;
    throw new Error(
      `${page} of user ${this.#id}, who has written ${this.#written} times, ` +
        `has a session of user ${user} with ${visits} writes`,
    );
  }
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
  const users = Array.from({ length: count }, (_, index) => new User(index, endpoint));
  let clock = 0;
  const together = (/** @type {(user: User) => Promise<void>} */ step) =>
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
