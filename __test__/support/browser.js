'use strict';

/**
 * A browser on an app over real HTTP. Each request reads its session, and then waits for the test.
 * So a test chooses the order in which requests read and save their sessions.
 */

const { once } = require('node:events');
const { Agent, createServer, get } = require('node:http');
const { text } = require('node:stream/consumers');
const { setImmediate: turn } = require('node:timers/promises');

/**
 * What a request does after the test has let it go on.
 *
 * @typedef {(visit: any) => unknown} Change
 */

/**
 * @typedef {object} Steps what the app calls
 * @property {(path: string, visit: any) => Promise<unknown>} pass waits for the test and then makes
 *   the change of the request. The app answers with what the change returns
 * @property {(error: any) => void} fail takes the error of a request that has failed
 */

/**
 * Starts it.
 *
 * @param {(steps: Steps) => import('node:http').RequestListener} newListener
 */
async function startBrowser(newListener) {
  const gates = new Map();
  /** The errors that the app has seen. @type {any[]} */
  const failures = [];
  const server = createServer(
    newListener({
      async pass(path, visit) {
        const { arrive, opened, change } = gates.get(path);
        arrive();
        await opened;
        return change(visit);
      },
      fail: (error) => failures.push(error),
    }),
  );
  // No connection is closed while a test waits: the next request may be on its way by then.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const agent = new Agent({ keepAlive: true });

  /** Like supertest's, but on connections that are kept: tests send thousands of requests. */
  async function request(path, cookie) {
    const sent = get({ host: '127.0.0.1', port, path, agent, headers: { cookie } });
    const [incoming] = await once(sent, 'response');
    const { statusCode: status, headers } = incoming;
    const said = await text(incoming);
    const isJson = headers['content-type']?.startsWith('application/json');
    return { status, headers, text: said, body: isJson ? JSON.parse(said) : {} };
  }

  async function send(path, cookies) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const answer = await request(path, cookie);
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      cookies.set(name, value);
    }
    // express-session tells of a save that has failed in the next turn.
    await turn();
    return answer;
  }

  /** A browser with cookies of its own. */
  function newBrowser() {
    /** By name. @type {Map<string, string>} */
    const cookies = new Map();

    /**
     * Sends a request. Resolves once the request has read its session.
     *
     * @param {Change} change
     */
    async function begin(change) {
      const path = `/${gates.size}`;
      let arrive;
      let open;
      const arrived = new Promise((resolve) => {
        arrive = resolve;
      });
      const opened = new Promise((resolve) => {
        open = resolve;
      });
      gates.set(path, { arrive, opened, change });
      const answered = send(path, cookies);
      // An app that fails before the route answers at once.
      await Promise.race([arrived, answered]);
      return {
        /** Has the request make its change, and resolves with the answer. */
        end() {
          open();
          return answered;
        },
      };
    }

    return {
      begin,
      cookies,
      failures,
      /** A whole request. @param {Change} [change] */
      visit: async (change = () => {}) => (await begin(change)).end(),
    };
  }

  return {
    ...newBrowser(),
    /** Another browser on the same app. */
    another: newBrowser,
    async stop() {
      agent.destroy();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/**
 * Sends requests in a given order.
 *
 * @param {{ begin: (change: Change) => Promise<{ end: () => Promise<any> }> }} browser
 * @param {readonly string[]} order the name of each request, first where it begins and then where it
 *   ends
 * @param {Record<string, Change>} changes by name
 * @returns {Promise<Record<string, any>>} the answers, by name
 */
async function play(browser, order, changes) {
  const begun = {};
  const answers = {};
  for (const name of order) {
    if (begun[name]) answers[name] = await begun[name].end();
    else begun[name] = await browser.begin(changes[name]);
  }
  return answers;
}

/**
 * Sends a request, and calls `meanwhile` between the request's read and its save.
 *
 * @param {{ begin: (change: Change) => Promise<{ end: () => Promise<any> }> }} browser
 * @param {Change} change
 * @param {() => unknown} meanwhile
 * @returns {Promise<any>} the answer
 */
async function during(browser, change, meanwhile) {
  const held = await browser.begin(change);
  await meanwhile();
  return held.end();
}

/**
 * All orders in which requests can begin and end.
 *
 * @param {readonly string[]} names
 * @returns {string[][]}
 */
function ordersOf(names) {
  const left = [...names, ...names].sort();
  if (left.length === 0) return [[]];
  return permutations(left);
}

/** @param {string[]} names */
function permutations(names) {
  if (names.length === 0) return [[]];
  return [...new Set(names)].flatMap((first) => {
    const rest = [...names];
    rest.splice(rest.indexOf(first), 1);
    return permutations(rest).map((order) => [first, ...order]);
  });
}

/**
 * Whether one request begins before another has ended, and the other way round.
 *
 * @param {readonly string[]} order
 * @param {string} one
 * @param {string} other
 */
function overlap(order, one, other) {
  return (
    order.indexOf(one) < order.lastIndexOf(other) && order.indexOf(other) < order.lastIndexOf(one)
  );
}

/** @param {readonly string[]} order */
function lastToEnd(order) {
  return order.at(-1);
}

module.exports = { during, lastToEnd, ordersOf, overlap, play, startBrowser };
