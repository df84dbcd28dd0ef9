'use strict';

/**
 * A process whose main thread has nothing to do with the addon, and one worker thread after
 * another that has: `node in-worker.js <table> <"end" | "terminate">`.
 */

const { once } = require('node:events');
const { existsSync, readFileSync, readdirSync } = require('node:fs');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

async function main() {
  const [table, how] = process.argv.slice(2);
  for (let count = 1; count <= 8; count += 1) {
    const worker = new Worker(__filename, { workerData: { table, how } });
    const exit = once(worker, 'exit');
    const [{ visits, threads }] = await once(worker, 'message');
    if (how === 'terminate') await worker.terminate();
    await exit;
    console.log(visits, threads);
  }
}

/** How many threads the addon has for requests, where the system says so. */
function threads() {
  const all = '/proc/self/task';
  if (!existsSync(all)) return 1;
  const names = readdirSync(all).map((id) => readFileSync(`${all}/${id}/comm`, 'utf8'));
  return names.filter((name) => /^(?:dynamo-session-|tokio-)/.test(name)).length;
}

async function work({ table, how }) {
  const { DynamoDBStore } = require('../..');
  const { dynamoConfig } = require('./dynamodb');
  const { region, endpoint, ...keys } = dynamoConfig();
  const credentials = async () => keys;
  const store = new DynamoDBStore({
    table,
    dynamoConfig: { region, endpoint, credentials },
  });
  const visits = ((await store.get('abc'))?.visits ?? 0) + 1;
  await store.set('abc', { visits });
  // Calls begin and are in flight when the worker ends.
  const call = () => {
    for (let calls = 0; calls < 50; calls += 1) store.get('abc');
    if (how === 'terminate') setImmediate(call);
  };
  call();
  parentPort.postMessage({ visits, threads: threads() });
}

if (isMainThread) main();
else work(workerData);
