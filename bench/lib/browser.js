'use strict';

/** The header that says how far the app's clock is ahead, in milliseconds. */
const CLOCK_HEADER = 'x-bench-clock';

/** Milliseconds that a page may take. */
const LIMIT = 30_000;

/**
 * @typedef {{ user: number | null, visits: number | null }} Answer what every page tells of its
 *   session; `null` without a login
 */

/** Asks an app for pages, one after the other, and keeps the app's cookies. */
class Browser {
  #endpoint;
  /** @type {Map<string, string>} */
  #cookies = new Map();

  /** @param {string} endpoint */
  constructor(endpoint) {
    this.#endpoint = endpoint;
  }

  /**
   * @param {'GET' | 'POST'} method
   * @param {string} path
   * @param {number} [clock] how far the app's clock is ahead, in milliseconds
   * @returns {Promise<Answer>}
   * @throws {Error} if the app answers with a failure, or does not answer
   */
  async open(method, path, clock = 0) {
    const answer = await fetch(`${this.#endpoint}${path}`, {
      method,
      headers: { cookie: this.cookie, [CLOCK_HEADER]: String(clock) },
      signal: AbortSignal.timeout(LIMIT),
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    if (answer.ok) return /** @type {Promise<Answer>} */ (answer.json());
    throw new Error(`${method} ${path} got ${answer.status}: ${await answer.text()}`);
  }

  /** Its Cookie header. */
  get cookie() {
    return [...this.#cookies].map((pair) => pair.join('=')).join('; ');
  }

  /** @param {string} line a Set-Cookie header */
  #keep(line) {
    const [pair] = line.split(';');
    const [name, ...value] = pair.split('=');
    // An empty value: the app takes the cookie back. The app decides when a session ends.
    if (value.join('=') === '') this.#cookies.delete(name);
    else this.#cookies.set(name, value.join('='));
  }
}

module.exports = { Browser, CLOCK_HEADER };
