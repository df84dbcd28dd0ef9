'use strict';

/**
 * A worker thread that looks for a session with a store that knows no more than its environment, once
 * for each message.
 */

const { parentPort } = require('node:worker_threads');
const { DynamoDBStore } = require('../../..');

const store = new DynamoDBStore({ initialized: true, breaker: false });

parentPort.on('message', async (variables) => {
  Object.assign(process.env, variables);
  const outcome = await store.get('abc').then(
    () => 'ok',
    ({ code }) => code,
  );
  parentPort.postMessage(outcome);
});
