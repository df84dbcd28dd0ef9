'use strict';

/** The diagnostics channels: calls, requests, and what happens to them. */

const { AsyncLocalStorage } = require('node:async_hooks');
const { tracingChannel } = require('node:diagnostics_channel');
const { once } = require('node:events');
const { inspect } = require('node:util');
const { DynamoDBStore, CHANNELS } = require('..');
const KoaStore = require('../koa');
const shopify = require('../shopify');
const { v3 } = require('./support/clients');
const { newTableName } = require('./support/dynamodb');
const { hear } = require('./support/heard');
const { failure, untilUnavailable } = require('./support/outages');
const { offline } = require('./support/shopify');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');

const { keep, newStore, newStub, newStubbed } = storesOf(DynamoDBStore);

const storage = new AsyncLocalStorage();
const current = () => storage.getStore();
const session = { cookie: { maxAge: 60_000 }, note: 'hunter2' };

let heard;
const listen = (...names) => {
  heard = hear(current, names.length > 0 ? names : undefined);
};
afterEach(() => heard?.stop());

/** The messages of items' requests that have ended. */
const requests = () =>
  heard
    .messages('REQUEST')
    .filter((request) => !/Table|TimeToLive/.test(request['db.operation.name']));

test('every entry exports the names of the channels', () => {
  expect(KoaStore.CHANNELS).toBe(CHANNELS);
  expect(shopify.CHANNELS).toBe(CHANNELS);
  for (const name of Object.values(CHANNELS)) expect(name).toMatch(/^dynamo-session-store:[a-z]+$/);
});

describe.each(['native', 'client'])('calls by the transport "%s"', (transport) => {
  const settings = () => (transport === 'client' ? { client: v3(), transport } : {});
  const newListened = async (options) => {
    const name = newTableName();
    const own = settings();
    const store = own.client
      ? keep(new DynamoDBStore({ table: name, ...own, ...options }))
      : newStore({ table: name, ...options });
    await store.initialize();
    listen();
    return { store, name };
  };

  test('have their requests in the context of the caller, also if the event loop is busy when they end', async () => {
    const { store } = await newListened();
    const calls = ['length', 'describeSessionsTable', 'ids', 'describeSessionsTable', 'length'];
    for (const [index, method] of calls.entries()) {
      const call = storage.run(index, () => store[method]());
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      // Keeps the event loop busy until the answer is there.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      await call;
    }
    expect(heard.of('REQUEST', 'start').map(({ noted }) => noted)).toEqual([0, 1, 2, 3, 4]);
  });

  test('have events in the order of tracePromise, in the context of the caller', async () => {
    const { store, name } = await newListened();
    await storage.run('a visitor', () => store.set('hunter2-id', session));
    const order = heard.entries.filter(({ name: of }) => of === 'OPERATION' || of === 'REQUEST');
    expect(order.map(({ name: of, event }) => `${of} ${event}`)).toEqual([
      'OPERATION start',
      'OPERATION end',
      'REQUEST start',
      'REQUEST end',
      'REQUEST asyncStart',
      'REQUEST asyncEnd',
      'OPERATION asyncStart',
      'OPERATION asyncEnd',
    ]);
    expect(order.map(({ noted }) => noted)).toEqual(Array(8).fill('a visitor'));
    const [operation] = heard.messages('OPERATION');
    const [request] = requests();
    expect(operation).toMatchObject({
      'db.system.name': 'aws.dynamodb',
      'db.operation.name': 'set',
      'db.collection.name': name,
      outcome: 'ok',
      requests: 1,
      attempts: 1,
      itemBytes: Buffer.byteLength(JSON.stringify(session)),
    });
    expect(request).toMatchObject({
      'db.operation.name': 'PutItem',
      'db.collection.name': name,
      'aws.dynamodb.table_names': [name],
      'http.response.status_code': 200,
      outcome: 'ok',
      attempts: 1,
      path: transport === 'client' ? 'client' : expect.stringMatching(/fast|sdk/),
      operations: [operation],
    });
    expect(request.operations[0]).toBe(operation);
    if (transport === 'native') {
      const { hostname, port } = new URL(process.env.DYNAMODB_ENDPOINT);
      expect(request).toMatchObject({ 'server.address': hostname, 'server.port': Number(port) });
      expect(request['aws.request_id']).toEqual(expect.any(String));
    } else {
      expect(request['server.address']).toBeUndefined();
    }
    for (const { startTime, duration, queueTime } of [operation, request]) {
      expect(startTime).toBeGreaterThan(1_700_000_000_000);
      expect(duration).toBeGreaterThanOrEqual(0);
      expect(queueTime).toBeGreaterThanOrEqual(0);
    }
    expect(request.requestBytes).toBeGreaterThan(100);
    expect(inspect(heard.entries, { depth: 20 })).not.toContain('hunter2');
  });

  test('are found by their requests if these are batches', async () => {
    const { store } = await newListened({ batchThreshold: 1 });
    const sids = Array.from({ length: 40 }, (_, index) => `sid-${index}`);
    const calls = sids.map((sid) => storage.run(sid, () => store.get(sid)));
    await Promise.all(calls);
    const carried = requests().flatMap(({ operations }) => operations);
    expect(new Set(carried).size).toBe(40);
    expect(new Set(carried)).toEqual(new Set(heard.messages('OPERATION')));
    const batches = requests().filter((request) => request['db.operation.batch.size'] > 1);
    for (const batch of batches) {
      expect(batch.operations).toHaveLength(batch['db.operation.batch.size']);
    }
    expect(batches.length > 0).toBe(transport === 'native');
    // Each call ends in its own context.
    const ends = heard.of('OPERATION', 'asyncEnd').map(({ noted }) => noted);
    expect(new Set(ends)).toEqual(new Set(sids));
  });

  test('of a lost condition have a request without an error', async () => {
    const { store } = await newListened();
    await store.touch('missing', session);
    expect(requests()).toEqual([
      expect.objectContaining({
        'db.response.status_code': 'ConditionalCheckFailedException',
        outcome: 'ConditionalCheckFailedException',
      }),
    ]);
    expect(requests()[0]).not.toHaveProperty(['error.type']);
    expect(heard.of('REQUEST', 'error')).toEqual([]);
    expect(heard.messages('OPERATION')[0]).toMatchObject({ outcome: 'ok' });
  });
});

test('a span of the caller is the parent of the call, and the call of its requests', async () => {
  const spans = new AsyncLocalStorage();
  const span = (name) => ({ name, parent: spans.getStore() });
  const channels = [CHANNELS.OPERATION, CHANNELS.REQUEST].map((name) => tracingChannel(name).start);
  for (const channel of channels) {
    channel.bindStore(spans, (message) => span(message['db.operation.name']));
  }
  const seen = [];
  const note = () => seen.push(spans.getStore());
  const ends = [CHANNELS.OPERATION, CHANNELS.REQUEST].map((name) => tracingChannel(name).asyncEnd);
  for (const end of ends) end.subscribe(note);
  try {
    const store = newStore({ table: newTableName() });
    await spans.run({ name: 'page' }, () => store.get('sid'));
    expect(seen).toContainEqual({ name: 'get', parent: { name: 'page' } });
    expect(seen).toContainEqual({
      name: 'GetItem',
      parent: { name: 'get', parent: { name: 'page' } },
    });
  } finally {
    for (const channel of channels) channel.unbindStore(spans);
    for (const end of ends) end.unsubscribe(note);
  }
});

test('errors are published before asyncStart, with their code', async () => {
  const { store } = await newStubbed(() => refusal('AccessDeniedException', 'no'), {
    initialized: true,
  });
  listen('OPERATION', 'REQUEST');
  const error = await failure(store.get('sid'));
  for (const name of ['OPERATION', 'REQUEST']) {
    expect(heard.of(name).map(({ event }) => event)).toEqual([
      'start',
      'end',
      'error',
      'asyncStart',
      'asyncEnd',
    ]);
    const [message] = heard.messages(name);
    expect(message).toMatchObject({
      outcome: 'AccessDeniedException',
      'error.type': 'AccessDeniedException',
    });
    expect(message.error.code).toBe('AccessDeniedException');
  }
  expect(heard.messages('OPERATION')[0].error).toBe(error);
});

test('a call that is refused at once is an operation with an error', async () => {
  const store = newStore();
  await store.close();
  listen('OPERATION');
  await expect(store.destroy('sid')).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
  expect(heard.messages('OPERATION')).toEqual([
    expect.objectContaining({ 'error.type': 'ERR_SESSION_CLOSED', requests: 0 }),
  ]);
});

test('a request that its call gives up ends', async () => {
  const { store } = await newStubbed(() => 'hang', { initialized: true, operationTimeout: 200 });
  listen('REQUEST');
  await failure(store.get('sid'));
  await waitFor(() => heard.messages('REQUEST').length > 0);
  expect(heard.messages('REQUEST')).toEqual([
    expect.objectContaining({
      outcome: 'ERR_SESSION_TIMEOUT',
      'error.type': 'ERR_SESSION_TIMEOUT',
      attempts: 1,
    }),
  ]);
  // DynamoDB has answered nothing.
  expect(heard.messages('REQUEST')[0]).not.toHaveProperty(['db.response.status_code']);
});

test('retries and throttling are published, with their request', async () => {
  const answers = [
    refusal('InternalServerError', 'broken', 500),
    refusal('ProvisionedThroughputExceededException', 'slow down'),
  ];
  const { store } = await newStubbed(() => answers.shift(), { initialized: true });
  listen();
  await store.get('sid');
  expect(heard.messages('RETRY')).toEqual([
    expect.objectContaining({
      'db.operation.name': 'GetItem',
      attempt: 2,
      'error.type': 'InternalServerError',
    }),
    expect.objectContaining({
      attempt: 3,
      'error.type': 'ProvisionedThroughputExceededException',
    }),
  ]);
  expect(heard.messages('THROTTLE')).toEqual([
    expect.objectContaining({ 'error.type': 'ProvisionedThroughputExceededException' }),
  ]);
  const [request] = requests();
  expect(request).toMatchObject({ attempts: 3, outcome: 'ok' });
  expect(heard.messages('RETRY')[0].context).toBe(request);
});

test('a retry after an attempt without an answer has a reason, and the request the id of its last answer', async () => {
  const answers = [{ ...refusal('InternalServerError', 'broken', 500) }, 'hang', 'hang'];
  const { stub, config } = await newStub(() => answers.shift());
  const dynamoConfig = { ...config, requestTimeout: 200 };
  const store = newStore({ dynamoConfig, initialized: true, breaker: false });
  listen('RETRY', 'REQUEST');
  await failure(store.get('sid'));
  await waitFor(() => heard.messages('REQUEST').length > 0);
  expect(stub.calls).toHaveLength(3);
  expect(heard.messages('RETRY').map((retry) => retry['error.type'])).toEqual([
    'InternalServerError',
    'timeout',
  ]);
  const [request] = heard.messages('REQUEST');
  expect(request['aws.request_id']).toBeUndefined();
  expect(request['http.response.status_code']).toBeUndefined();
});

test('the table of an ARN has its name, and a get the size of the session', async () => {
  const { store } = await newStubbed(
    () => ({ body: { Item: { id: { S: 'sess:sid' }, sess: { S: '{"a":"ä"}' } } } }),
    { table: 'arn:aws:dynamodb:us-east-1:123456789012:table/mine', initialized: true },
  );
  listen('OPERATION', 'REQUEST');
  await store.get('sid');
  for (const name of ['OPERATION', 'REQUEST']) {
    expect(heard.messages(name)[0]['db.collection.name']).toBe('mine');
  }
  expect(heard.messages('OPERATION')[0].itemBytes).toBe(Buffer.byteLength('{"a":"ä"}'));
});

test('an outage is published at its beginning and at its end', async () => {
  const state = { answer: 'tear' };
  const { store } = await newStubbed(() => state.answer, { initialized: true });
  listen('BREAKER');
  await untilUnavailable(store);
  state.answer = undefined;
  await once(store, 'available');
  expect(heard.messages('BREAKER')).toEqual([
    expect.objectContaining({ state: 'open', 'error.type': 'ERR_SESSION_UNREACHABLE' }),
    expect.objectContaining({ state: 'closed' }),
  ]);
});

test('credentials are published without a key', async () => {
  const { config } = await newStub(() => undefined);
  const { accessKeyId: _, secretAccessKey: __, ...place } = config;
  const end = new Date(Date.now() + 3_600_000);
  let fails = true;
  const credentials = async () => {
    if (fails) throw new Error('the vault is closed');
    return { accessKeyId: 'hunter2', secretAccessKey: 'hunter2', expiration: end };
  };
  listen('CREDENTIALS');
  const store = newStore({ dynamoConfig: { ...place, credentials }, initialized: true });
  await failure(store.get('sid'));
  fails = false;
  await store.get('sid');
  expect(heard.messages('CREDENTIALS')).toEqual([
    expect.objectContaining({ 'error.type': 'ERR_SESSION_CREDENTIALS' }),
    expect.objectContaining({ source: expect.any(String), expires: end }),
  ]);
  expect(inspect(heard.entries, { depth: 20 })).not.toContain('hunter2');
});

test('connections are published when they open, close and fail', async () => {
  const { stub, config } = await newStub(() => undefined);
  const { port, hostname } = new URL(config.endpoint);
  const place = { 'server.address': hostname, 'server.port': Number(port) };
  listen('CONNECTION');
  const store = newStore({ dynamoConfig: config, initialized: true, operationTimeout: 1000 });
  await store.get('sid');
  await stub.stop();
  await failure(store.get('sid'));
  // Stores of other tests may have shared a connection, which closes only now.
  const of = (state) =>
    heard
      .messages('CONNECTION')
      .filter((message) => message['server.port'] === Number(port) && message.state === state);
  await waitFor(() => of('open').length > 0 && of('close').length === of('open').length);
  await waitFor(() => of('error').length > 0);
  expect(of('open')[0]).toMatchObject({ ...place, 'network.peer.address': '127.0.0.1' });
  expect(of('close')[0]).toMatchObject(place);
  expect(of('error')[0]).toMatchObject({ ...place, message: expect.stringContaining('refused') });
});

test('a table is published when it is created, found and lost', async () => {
  const { send } = require('./support/dynamodb');
  const table = newTableName();
  listen('TABLE');
  await newStore({ table }).initialize();
  const store = newStore({ table });
  await store.initialize();
  await send('DeleteTable', { TableName: table });
  await store.set('sid', session);
  expect(heard.messages('TABLE')).toEqual(
    ['created', 'found', 'lost', 'created'].map((state) => ({
      'db.collection.name': table,
      state,
    })),
  );
});

test('the stores of Koa and Shopify have the same channels', async () => {
  const { dynamoConfig } = require('./support/dynamodb');
  const name = newTableName();
  const koa = keep(
    new KoaStore({ table: { name, autoCreate: true }, dynamoConfig: dynamoConfig() }),
  );
  const storage_ = keep(
    new shopify.DynamoDBSessionStorage({
      sessionTableName: newTableName(),
      config: dynamoConfig(),
    }),
  );
  await storage_.createTableIfNotExists();
  await koa.get('sid');
  listen('OPERATION');
  await koa.set('sid', { a: 1 }, 60_000);
  await koa.destroy('sid');
  await storage_.storeSession(offline('one'));
  await storage_.deleteSessions(['one', 'two']);
  const kinds = heard.messages('OPERATION').map((message) => message['db.operation.name']);
  expect(kinds).toEqual(['set', 'destroy', 'set', 'destroyMany']);
});

test('who subscribes while a request is in flight gets only later events', async () => {
  let answer;
  const { stub, store } = await newStubbed(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
    { initialized: true },
  );
  const first = store.get('a');
  await waitFor(() => stub.calls.length === 1);
  listen('OPERATION', 'REQUEST');
  const second = store.get('b');
  answer();
  await first;
  await waitFor(() => stub.calls.length === 2 && heard.of('REQUEST').length === 2);
  heard.stop();
  answer();
  await second;
  expect(heard.of('OPERATION').map(({ event }) => event)).toEqual(['start', 'end']);
  expect(heard.of('REQUEST').map(({ event }) => event)).toEqual(['start', 'end']);
  await Promise.all([store.get('c'), waitFor(() => stub.calls.length === 3).then(() => answer())]);
});

async function waitFor(condition) {
  while (!condition()) await new Promise(setImmediate);
}

test('a subscriber that freezes a message keeps no call back', async () => {
  const { store } = await newStubbed(() => undefined, { initialized: true });
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const freeze = (message) => Object.freeze(message);
  const { start } = tracingChannel(CHANNELS.REQUEST);
  start.subscribe(freeze);
  try {
    await expect(store.get('sid')).resolves.toBeNull();
    expect(emitWarning).toHaveBeenCalledWith(
      expect.stringMatching(/not extensible/),
      'DynamoDBStoreWarning',
    );
  } finally {
    start.unsubscribe(freeze);
    emitWarning.mockRestore();
  }
});
