'use strict';

const { once } = require('node:events');
const { request } = require('node:http');
const { json, text } = require('node:stream/consumers');
const { CLOCK_HEADER } = require('./pages');

/** @import { Answer } from './pages' */

/** Milliseconds that a page may take. */
const LIMIT = 30_000;

/** Asks an app for pages, one after the other, and keeps the app's cookies. */
class Browser {
  #endpoint;
  #agent;
  /** @type {Map<string, string>} */
  #cookies = new Map();

  /**
   * @param {string} endpoint
   * @param {import('node:http').Agent} agent
   */
  constructor(endpoint, agent) {
    this.#endpoint = endpoint;
    this.#agent = agent;
  }

  /**
   * @param {'GET' | 'POST'} method
   * @param {string} path
   * @param {number} [clock] how far the app's clock is ahead, in milliseconds
   * @returns {Promise<Answer>}
   * @throws {Error} if the app answers with a failure, or does not answer
   */
  async open(method, path, clock = 0) {
    const { cookie } = this;
    const sent = request(`${this.#endpoint}${path}`, {
      agent: this.#agent,
      method,
      headers: { cookie, [CLOCK_HEADER]: clock, 'content-length': 0 },
      signal: AbortSignal.timeout(LIMIT),
    }).end();
    const [answer] = await once(sent, 'response');
    for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line);
    if (answer.statusCode === 200) return /** @type {Answer} */ (await json(answer));
    throw new Error(`${method} ${path} got ${answer.statusCode}: ${await text(answer)}`);
  }

  /** What it sends as its cookies. */
  get cookie() {
    return [...this.#cookies].map((pair) => pair.join('=')).join('; ');
  }

  /** @param {string} line a Set-Cookie header */
  #keep(line) {
    const [pair] = line.split(';');
    const [name, ...value] = pair.split('=');
    // An empty value: the app takes the cookie back. When cookies expire is the app's affair.
    if (value.join('=') === '') this.#cookies.delete(name);
    else this.#cookies.set(name, value.join('='));
  }
}

module.exports = { Browser };
