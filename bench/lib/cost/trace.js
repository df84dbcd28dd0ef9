'use strict';

/** The browsing that `cost` measures: users log in, view pages and log out. */

const { Agent } = require('node:http');
const { Browser } = require('../apps/browser');

/** @import { Answer } from '../apps/pages' */

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
/** Users are spread over so many views: not all of them write with the same view. */
const SPREAD = 8;

/** A user with a browser. Every page must know them. */
class User {
  #id;
  #browser;
  #writing;
  #written = 0;

  /**
   * @param {number} index
   * @param {Browser} browser
   * @param {number} views
   */
  constructor(index, browser, views) {
    this.#id = FIRST_ID + index;
    this.#browser = browser;
    this.#writing = writingViews(index, views);
  }

  /** @param {number} clock */
  async login(clock) {
    this.#check('login', await this.#browser.open('POST', `/login/${this.#id}`, clock));
  }

  /**
   * @param {number} view from 1
   * @param {number} clock
   */
  async view(view, clock) {
    const writes = this.#writing.has(view);
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
 * The views of a user that write: evenly spread, and not the same for all.
 *
 * @param {number} index
 * @param {number} views
 */
function writingViews(index, views) {
  const step = Math.floor(views / WRITES);
  const first = 1 + (index % Math.min(SPREAD, step));
  return new Set(Array.from({ length: WRITES }, (_, write) => first + write * step));
}

/**
 * Has users browse an app. They take each step together, as they share the app's clock. In the end
 * each of them asks for one more page, which must not know them.
 *
 * @param {string} endpoint
 * @param {{ users: number, views?: number }} how
 * @param {() => void} ended called when all users have logged out
 * @throws {Error} if a page does not know its user, or has not what the user has written
 */
async function browse(endpoint, { users: count, views = VIEWS }, ended) {
  const agent = new Agent({ keepAlive: true });
  const users = Array.from(
    { length: count },
    (_, index) => new User(index, new Browser(endpoint, agent), views),
  );
  let clock = 0;
  try {
    await together(users, (user) => user.login(clock));
    for (let view = 1; view <= views; view += 1) {
      await together(users, (user) => user.view(view, clock));
      clock += PAUSE;
    }
    await together(users, (user) => user.logout(clock));
    ended();
    await together(users, (user) => user.viewLoggedOut(clock));
  } finally {
    agent.destroy();
  }
}

/**
 * @param {User[]} users
 * @param {(user: User) => Promise<void>} step
 */
async function together(users, step) {
  let next = 0;
  const loop = async () => {
    while (next < users.length) await step(users[next++]);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, loop));
}

module.exports = { VIEWS, WRITES, browse };
