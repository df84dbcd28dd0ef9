'use strict';

/** `waiting`: what calls take that wait for a server that does not answer, and what of it is given back. */

const { startStub } = require('../../__test__/support/stub-dynamodb');
const { startProcess } = require('../lib/processes');
const { configOf, shopifySession, webSession } = require('../lib/sessions');
const { STORE, whole } = require('../report/tables');

/** @import { Framework, Mode } from '../types' */

/** How many calls are made one after the other before those that wait, and again after their answers. */
const OTHERS = 1000;

/** Nothing is given up and sent again. */
const TIMEOUTS = { requestTimeout: 600_000, connectTimeout: 600_000 };
const LIMITS = { operationTimeout: 600_000, maxPendingCalls: 10_000_000, breaker: false };

/**
 * @typedef {object} Task
 * @property {Framework} framework
 * @property {string} call
 * @property {number} calls how many wait
 * @property {number} others how many are made one after the other, before them and after their answers
 * @property {number} bytes the length of a session as JSON
 * @property {string} held the endpoint of a server that does not answer until it is told
 * @property {string} answering that of another server
 *
 * @typedef {{ rss: number, heap: number }} Memory bytes of the process, and of the JavaScript in it
 */

/** @type {Mode} */
const waiting = {
  name: 'waiting',
  alone: true,
  options: { rounds: 1, calls: 20_000, bytes: 1024 },
  runs: () => [
    { framework: 'express', call: 'get' },
    { framework: 'express', call: 'set' },
    { framework: 'express', call: 'touch' },
    { framework: 'express', call: 'destroy' },
    { framework: 'koa', call: 'set' },
    { framework: 'shopify', call: 'storeSession' },
  ],
  async measure(_bench, _subject, { framework, call }, { calls, bytes }) {
    const [held, answering] = await Promise.all([startServer(), startServer()]);
    answering.answer();
    const servers = { held: held.endpoint, answering: answering.endpoint };
    const task = { framework, call, calls, others: OTHERS, bytes, ...servers };
    const worker = startProcess({ execArgv: ['--expose-gc'] });
    try {
      const during = await worker.call({ file: __filename, name: 'wait', args: [task] });
      held.answer();
      const after = await worker.call({ file: __filename, name: 'finish', args: [task] });
      return { calls, ...during, ...after };
    } finally {
      await worker.stop();
      await Promise.all([held.stop(), answering.stop()]);
    }
  },
  tables(rows, { calls, bytes }) {
    /** What the process has more than before. @param {'waiting' | 'answered' | 'later'} when */
    const megabytes = (when) => ({
      of: (/** @type {Record<string, any>} */ row) => (row[when].rss - row.before.rss) / 1e6,
      format: whole,
    });
    return [
      {
        title: `${whole(calls)} calls that wait, sessions of ${whole(bytes)} bytes`,
        rows,
        columns: [
          STORE,
          { head: 'call', of: 'call' },
          { head: 'KB a call', of: (row) => (row.waiting.rss - row.before.rss) / calls / 1000 },
          {
            head: 'of it JavaScript',
            of: (row) => (row.waiting.heap - row.before.heap) / calls / 1000,
          },
          { head: 'MB, all waiting', ...megabytes('waiting') },
          { head: 'MB, all answered', ...megabytes('answered') },
          { head: `MB, ${whole(OTHERS)} calls later`, ...megabytes('later') },
        ],
      },
    ];
  },
};

/** Starts a server that finds nothing. It begins to answer when `answer` is called. */
async function startServer() {
  /** @type {() => void} */
  let answer = () => {};
  const answering = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
    answer = resolve;
  });
  const server = await startStub(() => answering);
  return { ...server, answer };
}

/**
 * Opens a store of the checkout: also a test measures it, without the folder of the other stores.
 *
 * @param {Framework} framework
 * @param {string} endpoint
 */
function open(framework, endpoint) {
  const config = { ...configOf(endpoint), ...TIMEOUTS };
  if (framework === 'koa') return new (require('../../koa'))({ dynamoConfig: config, ...LIMITS });
  if (framework === 'shopify') {
    const { DynamoDBSessionStorage } = require('../../shopify');
    return new DynamoDBSessionStorage({ config, ...LIMITS });
  }
  const { DynamoDBStore } = require('../..');
  return new DynamoDBStore({ initialized: true, dynamoConfig: config, ...LIMITS });
}

/** A session is made for each call. @type {Record<string, (store: any, sid: string, bytes: number) => Promise<any>>} */
const CALLS = {
  get: (store, sid) => store.get(sid),
  set: (store, sid, bytes) => store.set(sid, webSession(bytes), 60_000),
  touch: (store, sid, bytes) => store.touch(sid, webSession(bytes)),
  destroy: (store, sid) => store.destroy(sid),
  storeSession: (store, sid, bytes) => store.storeSession(shopifySession(sid, bytes)),
};

/** @returns {Memory} */
function memory() {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heap: heapUsed };
}

/** The store with the calls that wait, and these. */
let store = /** @type {any} */ (undefined);
/** @type {Promise<unknown>[]} */
let all = [];

/**
 * Makes calls that wait.
 *
 * @param {Task} task
 * @returns {Promise<{ before: Memory, waiting: Memory }>} the memory before, and while all of them wait
 */
async function wait({ framework, call, calls, others, bytes, held, answering }) {
  store = open(framework, held);
  const witness = open(framework, answering);
  for (let warm = 0; warm < others; warm += 1) await CALLS[call](witness, `warm-${warm}`, bytes);
  const before = memory();
  all = Array.from({ length: calls }, (_, index) => CALLS[call](store, `session-${index}`, bytes));
  // Calls begin in the order in which they were made, whichever store they are made on.
  await CALLS[call](witness, 'last', bytes);
  const during = memory();
  await witness.close();
  return { before, waiting: during };
}

/**
 * Waits for the answers.
 *
 * @param {Pick<Task, 'call' | 'others' | 'bytes'>} task
 * @returns {Promise<{ answered: Memory, later: Memory }>} the memory then, and some calls later
 */
async function finish({ call, others, bytes }) {
  await Promise.all(all);
  all = [];
  const answered = memory();
  for (let later = 0; later < others; later += 1) await CALLS[call](store, `later-${later}`, bytes);
  const later = memory();
  await store.close();
  return { answered, later };
}

module.exports = { finish, wait, waiting };
