'use strict';

/**
 * Run with --expose-gc: makes stores, uses them and drops them without `close()`, as applications of
 * connect-dynamodb do. Prints how many connections there were, and how many are left.
 */

const { once } = require('node:events');
const { createServer } = require('node:http');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('../..');
const KoaStore = require('../../koa');

const COUNT = 200;
const region = 'us-east-1';
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

/** What a store of each kind is made of. @type {Record<string, (endpoint: string) => any>} */
const kinds = {
  options: (endpoint) =>
    new DynamoDBStore({ dynamoConfig: { endpoint, region, ...credentials }, initialized: true }),
  initializing: (endpoint) =>
    new DynamoDBStore({ dynamoConfig: { endpoint, region, ...credentials } }),
  reaping: (endpoint) =>
    new DynamoDBStore({
      dynamoConfig: { endpoint, region, ...credentials },
      initialized: true,
      reapInterval: 60_000,
    }),
  /** With a function that refers to its store. */
  indexes: (endpoint) => {
    const holder = {};
    holder.store = new DynamoDBStore({
      dynamoConfig: { endpoint, region, ...credentials },
      initialized: true,
      absoluteTtl: 60_000,
      indexes: { user: { value: () => holder.store && 'ann' } },
    });
    return holder.store;
  },
  client: (endpoint) =>
    new DynamoDBStore({
      client: new DynamoDBClient({ endpoint, region, credentials }),
      initialized: true,
    }),
  Koa: (endpoint) => new KoaStore({ dynamoConfig: { endpoint, region, ...credentials } }),
};

async function main(kind) {
  let connections = 0;
  let open = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  });
  server.on('connection', (socket) => {
    connections += 1;
    open += 1;
    socket.on('close', () => {
      open -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  let collected = 0;
  const registry = new FinalizationRegistry(() => {
    collected += 1;
  });
  // A function of its own, which holds no store once it has returned.
  const use = async () => {
    const store = kinds[kind](`http://127.0.0.1:${port}`);
    registry.register(store, undefined);
    await store.get('sid');
  };
  for (let made = 0; made < COUNT; made += 1) await use();
  while (collected < COUNT || open > 0) {
    /** @type {any} */ (globalThis).gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  console.log(JSON.stringify({ connections, open, collected }));
  process.exit();
}

main(process.argv[2]);
