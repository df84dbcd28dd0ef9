'use strict';

/**
 * A process with calls that wait, all at the same time, and the memory that they take:
 * `node --expose-gc waiting-worker.js <task as JSON>`. It asks its parent to have the server answer,
 * and prints a `Waiting`.
 */

const { once } = require('node:events');
const { CREDENTIALS, REGION, shopifySession, webSession } = require('./lib/sessions');

/**
 * @typedef {object} Task
 * @property {'express' | 'koa' | 'shopify'} store
 * @property {string} call
 * @property {number} calls how many wait
 * @property {number} [others] how many are made one after the other before them, and again after their answers; 1000
 *   by default
 * @property {number} bytes the length of a session as JSON
 * @property {string} held the endpoint of a server that does not answer until it is told
 * @property {string} answering that of another server
 *
 * @typedef {object} Waiting bytes of memory, of the process and of the JavaScript in it
 * @property {Memory} before
 * @property {Memory} waiting while all calls wait
 * @property {Memory} answered when all have been answered
 * @property {Memory} later some calls later
 *
 * @typedef {{ rss: number, heap: number }} Memory
 */

/** Nothing is given up and sent again. */
const TIMEOUTS = { requestTimeout: 600_000, connectTimeout: 600_000 };
const LIMITS = { operationTimeout: 600_000, maxPendingCalls: 10_000_000, breaker: false };

/**
 * @param {Task['store']} framework
 * @param {string} endpoint
 */
function open(framework, endpoint) {
  const config = { endpoint, region: REGION, credentials: CREDENTIALS, ...TIMEOUTS };
  if (framework === 'koa') return new (require('../koa'))({ dynamoConfig: config, ...LIMITS });
  if (framework === 'shopify') {
    const { DynamoDBSessionStorage } = require('../shopify');
    return new DynamoDBSessionStorage({ config, ...LIMITS });
  }
  const { DynamoDBStore } = require('..');
  return new DynamoDBStore({ initialized: true, dynamoConfig: config, ...LIMITS });
}

/** @type {Record<string, (store: any, sid: string, bytes: number) => Promise<any>>} */
const calls = {
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

/** @param {Task} task */
async function measure(task) {
  const { others = 1000 } = task;
  const store = open(task.store, task.held);
  const witness = open(task.store, task.answering);
  const call = (/** @type {any} */ on, /** @type {string} */ sid) =>
    calls[task.call](on, sid, task.bytes);
  for (let warm = 0; warm < others; warm += 1) await call(witness, `warm-${warm}`);
  const before = memory();
  const all = Array.from({ length: task.calls }, (_, number) => call(store, `session-${number}`));
  // Calls begin in the order in which they were made, whichever store they are made on.
  await call(witness, 'last');
  const waiting = memory();
  process.send?.('answer');
  await Promise.all(all);
  all.length = 0;
  const answered = memory();
  for (let later = 0; later < others; later += 1) await call(store, `later-${later}`);
  /** @type {Waiting} */
  const report = { before, waiting, answered, later: memory() };
  await Promise.all([store.close(), witness.close()]);
  process.send?.(report);
  await once(process, 'disconnect');
}

measure(JSON.parse(process.argv[2]));
