'use strict';

/**
 * A process that opens a store, uses and closes it, and ends by itself. It prints what the store has
 * left: what keeps the process alive, files, and functions that the addon could call.
 *
 * Usage: closing-process.js <subject> <table> <way>
 */

const { createHook } = require('node:async_hooks');
const { readdirSync } = require('node:fs');
const { setTimeout } = require('node:timers/promises');

const functions = new Set();
createHook({
  init: (id, type) => type === 'napi_rs_threadsafe_function' && functions.add(id),
  destroy: (id) => functions.delete(id),
}).enable();

const { credentials, region } = require('./dynamodb');
const { subjects } = require('./closing');
const { v3 } = require('./clients');

const [, , subject, table, way] = process.argv;
const endpoint = process.env.DYNAMODB_ENDPOINT;
const files = () => readdirSync('/proc/self/fd').length;
const isLeft = (before) => functions.size > 0 || files() > before;

async function main() {
  const before = files();
  const client = way === 'client' ? v3() : undefined;
  const options = {
    adopted: { dynamoConfig: { endpoint, region, ...credentials } },
    made: { dynamoConfig: { endpoint, region, ...credentials }, transport: 'client' },
    client: { client, transport: 'client' },
  };
  const store = await subjects[subject].open(table, options[way]);
  // More at a time than there may be connections, where that takes no time.
  const calls = subjects[subject].calls(store, way === 'adopted' ? 250 : 25);
  await store.close();
  await Promise.all(calls);
  // The client that was passed can still be used, and is the only one that has connections.
  if (client) {
    await client.config.credentials();
    const { ListTablesCommand } = require('@aws-sdk/client-dynamodb');
    await client.send(new ListTablesCommand({}));
    client.destroy();
  }
  // Connections and functions are let go of on other threads. The server itself would close the first
  // after 30 seconds.
  const deadline = Date.now() + 15_000;
  while (isLeft(before) && Date.now() < deadline) await setTimeout(5);
  // Its own output is a pipe.
  const resources = process.getActiveResourcesInfo().filter((each) => each !== 'PipeWrap');
  process.stdout.write(JSON.stringify({ resources, left: isLeft(before) }));
}

main();
