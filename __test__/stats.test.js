'use strict';

/** The counters of a store. */

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { dynamoConfig, newTableName } = require('./support/dynamodb');
const { failure, untilUnavailable } = require('./support/outages');
const { offline } = require('./support/shopify');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');

const { keep, newStore, newStubbed } = storesOf(DynamoDBStore);

const session = { cookie: { maxAge: 60_000 }, note: 'n' };

test('a new store has counted nothing', async () => {
  const before = Date.now();
  const stats = newStore().stats();
  expect(stats).toMatchObject({
    available: true,
    operations: {},
    pending: 0,
    leftOut: 0,
    merged: 0,
    requests: {},
    inFlight: 0,
    attempts: 0,
    retries: 0,
    throttled: 0,
    connections: 0,
    bytes: { sent: 0, received: 0 },
    capacity: { read: 0, write: 0 },
  });
  expect(stats.since.getTime()).toBeGreaterThanOrEqual(before);
});

test('calls, requests, bytes and capacity are counted', async () => {
  const store = newStore({ table: newTableName(), returnConsumedCapacity: true });
  await store.initialize();
  const before = store.stats();
  await store.set('a', session);
  await store.get('a');
  await store.get('b');
  await store.destroy('a');
  await failure(store.get(''));
  const stats = store.stats();
  expect(stats.operations).toEqual({
    set: { succeeded: 1, failed: 0, errors: {} },
    get: { succeeded: 2, failed: 0, errors: {} },
    destroy: { succeeded: 1, failed: 0, errors: {} },
  });
  expect(stats.requests).toMatchObject({
    GetItem: { requests: 2, failed: 0, items: 2 },
    PutItem: { requests: 1, failed: 0, items: 1 },
    DeleteItem: { requests: 1, failed: 0, items: 1 },
  });
  expect(stats.attempts - before.attempts).toBe(4);
  // A strongly consistent read of a small item takes one unit, also if there is no item.
  expect(stats.capacity).toEqual({ read: 2, write: 2 });
  expect(stats.connections).toBeGreaterThan(0);
  expect(stats.bytes.sent).toBeGreaterThan(before.bytes.sent);
  expect(stats.bytes.received).toBeGreaterThan(before.bytes.received);
  // A result is a copy.
  expect(before.operations).toEqual({});
  await store.close();
  expect(store.stats()).toMatchObject({ operations: stats.operations, connections: 0 });
});

test('batches have their items and their capacity, and merged reads are counted', async () => {
  const store = newStore({
    table: newTableName(),
    returnConsumedCapacity: true,
    batchThreshold: 1,
  });
  await store.initialize();
  const sids = Array.from({ length: 20 }, (_, index) => `sid-${index}`);
  await Promise.all(sids.map((sid) => store.set(sid, session)));
  await Promise.all([...sids, ...sids].map((sid) => store.get(sid)));
  const { requests, merged, operations, capacity } = store.stats();
  const items = (...names) => names.reduce((sum, name) => sum + (requests[name]?.items ?? 0), 0);
  expect(operations.get.succeeded).toBe(40);
  expect(items('PutItem', 'BatchWriteItem')).toBe(20);
  expect(items('GetItem', 'BatchGetItem') + merged).toBe(40);
  expect(merged).toBeGreaterThan(0);
  expect(requests.BatchWriteItem.items).toBeGreaterThan(requests.BatchWriteItem.requests);
  expect(capacity).toEqual({ read: items('GetItem', 'BatchGetItem'), write: 20 });
});

test('a lost condition is no failed request', async () => {
  const store = newStore({ table: newTableName() });
  await store.initialize();
  await store.touch('missing', session);
  expect(store.stats()).toMatchObject({
    operations: { touch: { succeeded: 1, failed: 0 } },
    requests: { UpdateItem: { requests: 1, failed: 0 } },
    // Nobody has asked for it.
    capacity: { read: 0, write: 0 },
  });
});

test('failures are counted by their code, retries and throttling too', async () => {
  const answers = [
    refusal('InternalServerError', 'broken', 500),
    refusal('ProvisionedThroughputExceededException', 'slow down'),
    {},
    refusal('AccessDeniedException', 'no'),
  ];
  const { store } = await newStubbed(() => answers.shift(), { initialized: true });
  await store.get('a');
  await failure(store.get('a'));
  expect(store.stats()).toMatchObject({
    operations: { get: { succeeded: 1, failed: 1, errors: { AccessDeniedException: 1 } } },
    requests: { GetItem: { requests: 2, failed: 1 } },
    attempts: 4,
    retries: 2,
    throttled: 1,
  });
});

test('pending calls and requests in flight are counted, and an outage', async () => {
  let answer = 'hang';
  const { store } = await newStubbed(() => answer, { initialized: true, operationTimeout: 300 });
  const calls = ['a', 'b'].map((sid) => failure(store.get(sid)));
  expect(store.stats().pending).toBe(2);
  while (store.stats().inFlight < 2) await new Promise(setImmediate);
  await Promise.all(calls);
  expect(store.stats().pending).toBe(0);
  // Their requests end once the calls have given them up.
  while (store.stats().inFlight > 0) await new Promise(setImmediate);
  answer = 'tear';
  await untilUnavailable(store);
  expect(store.stats().available).toBe(false);
  answer = undefined;
  await new Promise((resolve) => store.once('available', resolve));
  expect(store.stats().available).toBe(true);
});

test('a call that its signal ends is counted by the name of the reason', async () => {
  const store = newStore({ table: newTableName() });
  await store.initialize();
  for (const reason of [undefined, new TypeError('own'), 'a text']) {
    const controller = new AbortController();
    controller.abort(reason);
    await failure(store.reap({ signal: controller.signal }));
  }
  expect(store.stats().operations.reap.errors).toEqual({ AbortError: 1, TypeError: 1, unknown: 1 });
});

test('during an outage, no request is counted that was not sent', async () => {
  const { store } = await newStubbed(() => 'tear', { initialized: true });
  await untilUnavailable(store);
  const before = store.stats();
  await Promise.all(Array.from({ length: 50 }, () => failure(store.get('sid'))));
  const after = store.stats();
  expect(after.operations.get.failed - before.operations.get.failed).toBe(50);
  // A request that was in flight may have ended since.
  expect(after.requests.GetItem.requests - before.requests.GetItem.requests).toBeLessThan(10);
});

test('touches that need no write are counted as left out', async () => {
  const express = require('express');
  const expressSession = require('express-session');
  const request = require('supertest');
  const store = newStore({ table: newTableName() });
  const app = express();
  app.use(expressSession({ store, secret: 's', resave: false, saveUninitialized: true }));
  app.get('/', (_request, response) => response.end());
  const agent = request.agent(app);
  await agent.get('/');
  await agent.get('/');
  expect(store.stats()).toMatchObject({
    leftOut: 1,
    operations: { set: { succeeded: 1 }, get: { succeeded: 1 } },
  });
});

test('the stores of Koa and Shopify count too', async () => {
  const koa = keep(
    new KoaStore({
      table: { name: newTableName(), autoCreate: true },
      dynamoConfig: dynamoConfig(),
      returnConsumedCapacity: true,
    }),
  );
  const storage = keep(
    new DynamoDBSessionStorage({
      sessionTableName: newTableName(),
      config: dynamoConfig(),
      returnConsumedCapacity: true,
    }),
  );
  await koa.set('sid', { a: 1 }, 60_000);
  expect(koa.stats()).toMatchObject({
    operations: { set: { succeeded: 1 } },
    capacity: { read: 0, write: 1 },
  });
  await storage.createTableIfNotExists();
  await storage.storeSession(offline('one'));
  expect(storage.stats()).toMatchObject({
    operations: { set: { succeeded: 1 } },
    // The item and its entry in the index.
    capacity: { read: 0, write: 2 },
  });
});
