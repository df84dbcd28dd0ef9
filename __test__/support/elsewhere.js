'use strict';

/**
 * A second store, in a thread of its own. It works while the event loop of the test is blocked. What the
 * test's own stores are answered meanwhile waits to be taken by JavaScript.
 */

const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { Worker } = require('node:worker_threads');
const { dynamoConfig } = require('./dynamodb');

const program = join(__dirname, 'second-store.js');

/** Longer than any action takes, in milliseconds. */
const AMPLE = 30_000;

/**
 * @typedef {object} Elsewhere whose methods block the event loop until they are done
 * @property {(sid: string) => void} read the session. All stores of a process wait for each other's writes
 *   of one session: those that were made before have been answered then
 * @property {(sid: string) => void} logOut destroys the session
 * @property {(sid: string, keys: object) => void} change changes keys of the session, and saves it
 */

/** @typedef {{ framework: 'express' | 'koa', table: string }} Place where the sessions are */

/**
 * Starts it.
 *
 * @param {Place} where
 * @returns {Promise<Elsewhere & { stop: () => Promise<void> }>}
 */
async function startElsewhere(where) {
  const place = { ...where, dynamoConfig: dynamoConfig() };
  // How many actions are done, and whether the last has failed.
  const done = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(program, { workerData: { place, done } });
  await once(worker, 'online');

  function act(action, sid, keys) {
    const before = Atomics.load(done, 0);
    worker.postMessage({ action, sid, keys });
    if (Atomics.wait(done, 0, before, AMPLE) === 'timed-out' || Atomics.load(done, 1) !== 0) {
      throw new Error(`the other store has not finished: ${action}`);
    }
  }

  return {
    read: (sid) => act('read', sid),
    logOut: (sid) => act('logOut', sid),
    change: (sid, keys) => act('change', sid, keys),
    async stop() {
      const exit = once(worker, 'exit');
      worker.postMessage({ action: 'close' });
      await exit;
    },
  };
}

/**
 * The same, each time in a process of its own.
 *
 * @param {Place} where
 * @returns {Pick<Elsewhere, 'logOut' | 'change'>}
 */
function inProcesses({ framework, table }) {
  const act = (...action) => execFileSync(process.execPath, [program, framework, table, ...action]);
  return {
    logOut: (sid) => act('logOut', sid, 'null'),
    change: (sid, keys) => act('change', sid, JSON.stringify(keys)),
  };
}

/** Resolves when a store has handed over to the addon what was asked of it until now. */
const handedOver = () => new Promise(process.nextTick);

module.exports = { handedOver, inProcesses, startElsewhere };
