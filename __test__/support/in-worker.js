'use strict';

/**
 * A process whose main thread has nothing to do with the addon, and one worker thread after
 * another that has: `node in-worker.js <table> <"end" | "terminate">`.
 */

const { once } = require('node:events');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

async function main() {
  const [table, how] = process.argv.slice(2);
  for (let count = 1; count <= 4; count += 1) {
    const worker = new Worker(__filename, { workerData: table });
    const exit = once(worker, 'exit');
    const [visits] = await once(worker, 'message');
    if (how === 'terminate') await worker.terminate();
    await exit;
    console.log(visits);
  }
}

async function work() {
  const { DynamoDBStore } = require('../..');
  const { dynamoConfig } = require('./dynamodb');
  const { region, endpoint, ...keys } = dynamoConfig();
  const credentials = async () => keys;
  const store = new DynamoDBStore({
    table: workerData,
    dynamoConfig: { region, endpoint, credentials },
  });
  const visits = ((await store.get('abc'))?.visits ?? 0) + 1;
  await store.set('abc', { visits });
  // Under way when the worker ends.
  for (let calls = 0; calls < 50; calls += 1) store.get('abc');
  parentPort.postMessage(visits);
}

if (isMainThread) main();
else work();
