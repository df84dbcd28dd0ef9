'use strict';

/**
 * What a second store does to sessions, in a thread or in a process of its own:
 * `node second-store.js <framework> <table> <action> <sid> <keys as JSON>`.
 */

const { parentPort, workerData } = require('node:worker_threads');

/**
 * @typedef {object} Place
 * @property {'express' | 'koa'} framework whose items the sessions are
 * @property {string} table
 * @property {object} dynamoConfig
 */

/** @param {Place} place */
function open({ framework, table, dynamoConfig }) {
  if (framework === 'koa') {
    const KoaStore = require('../../koa');
    return new KoaStore({ table: { name: table }, dynamoConfig });
  }
  const { DynamoDBStore } = require('../..');
  return new DynamoDBStore({ table, dynamoConfig, initialized: true });
}

/** @type {Record<string, (store: any, sid: string, keys: any) => Promise<unknown>>} */
const actions = {
  read: (store, sid) => store.get(sid),
  logOut: (store, sid) => store.destroy(sid),
  async change(store, sid, keys) {
    const session = await store.get(sid);
    await store.set(sid, Object.assign(session, keys));
  },
};

/** @param {Place} place */
function inThread(place, /** @type {Int32Array} */ done) {
  const store = open(place);
  parentPort.on('message', async ({ action, sid, keys }) => {
    if (action === 'close') {
      await store.close();
      parentPort.close();
      return;
    }
    const hasFailed = await actions[action](store, sid, keys).then(
      () => 0,
      () => 1,
    );
    Atomics.store(done, 1, hasFailed);
    Atomics.add(done, 0, 1);
    Atomics.notify(done, 0);
  });
}

async function inProcess([framework, table, action, sid, keys]) {
  const { dynamoConfig } = require('./dynamodb');
  const store = open({ framework, table, dynamoConfig: dynamoConfig() });
  await actions[action](store, sid, JSON.parse(keys));
  await store.close();
}

if (parentPort) inThread(workerData.place, workerData.done);
else inProcess(process.argv.slice(2));
