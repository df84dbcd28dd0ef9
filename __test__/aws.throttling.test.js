'use strict';

/** A table that throttles: requests are sent again until the deadline of their calls. */

const { once } = require('node:events');
const express = require('express');
const session = require('express-session');
const Koa = require('koa');
const koaSession = require('koa-generic-session');
const request = require('supertest');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { storesOf } = require('./support/stores');
const { credentials, region } = require('./support/dynamodb');
const { refusal } = require('./support/stub-dynamodb');

const { keep, newStub, newStubbed } = storesOf(DynamoDBStore, { initialized: true });

const EXCEEDED = 'ProvisionedThroughputExceededException';
const reason = {
  reason: 'TableWriteProvisionedThroughputExceeded',
  resource: 'arn:aws:dynamodb:eu-west-1:123456789012:table/sessions',
};

/** The answer to a request that is throttled. */
function throttled(name = EXCEEDED, status = 400) {
  const answer = refusal(name, 'slow down', status);
  return { ...answer, body: { ...answer.body, ThrottlingReasons: [reason] } };
}

const data = { cookie: { maxAge: 60_000 }, user: 'ann' };

/** The ids of the items that a request is about, or the name of its operation. */
function itemsOf({ operation, body }) {
  const all = Object.values(body.RequestItems ?? {})[0];
  if (!all) return [body.Key?.id?.S ?? body.Item?.id?.S ?? operation];
  const keys =
    all.Keys ?? all.map(({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest.Key);
  return keys.map(({ id }) => id.S);
}

/**
 * Throttles the first `times` attempts for each item, and finds nothing. Of a batch, it leaves those items
 * unprocessed that it throttles.
 */
function throttling(times, name, status) {
  const seen = new Map();
  const isThrottled = (id) => {
    seen.set(id, (seen.get(id) ?? 0) + 1);
    return seen.get(id) <= times;
  };
  return (call) => {
    const left = new Set(itemsOf(call).filter(isThrottled));
    if (left.size === itemsOf(call).length) return throttled(name, status);
    const [table, all] = Object.entries(call.body.RequestItems ?? {})[0] ?? [];
    if (!table) return {};
    if (all.Keys) {
      const Keys = all.Keys.filter(({ id }) => left.has(id.S));
      return { body: { Responses: {}, UnprocessedKeys: Keys.length ? { [table]: { Keys } } : {} } };
    }
    const requests = all.filter((_request, index) => left.has(itemsOf(call)[index]));
    return { body: { UnprocessedItems: requests.length ? { [table]: requests } : {} } };
  };
}

const calls = {
  get: (store) => store.get('one'),
  set: (store) => store.set('one', data),
  touch: (store) => store.touch('one', data),
  destroy: (store) => store.destroy('one'),
  all: (store) => store.all(),
};

/** How often each item is throttled: more often than either SDK tries by default within a second. */
const TIMES = 5;

describe('while all writes are throttled, a read', () => {
  const writes = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
  const isWrite = ({ operation }) => writes.has(operation);

  test.each([
    ['merged', {}],
    ['alone', { batch: false }],
  ])('of a store with more writes than connections succeeds, %s', async (_how, options) => {
    const { stub, config } = await newStub((call) => (isWrite(call) ? throttled() : {}));
    const dynamoConfig = { ...config, maxSockets: 4 };
    const store = keep(
      new DynamoDBStore({ initialized: true, dynamoConfig, operationTimeout: 3000, ...options }),
    );
    let ended = 0;
    const sets = Array.from({ length: 60 }, (_, number) =>
      store.set(`set-${number}`, data).catch(() => {
        ended += 1;
      }),
    );
    // It waits with the writes: they are throttled after that.
    await expect(store.get('one')).resolves.toBeNull();
    await expect(store.get('two')).resolves.toBeNull();
    expect(ended).toBe(0);
    expect(stub.calls.some(isWrite)).toBe(true);
    await Promise.all(sets);
    expect(ended).toBe(60);
  });
});

test('a condition that does not hold is no throttling: touches of sessions that are gone go on', async () => {
  let requests = 0;
  const { store } = await newStubbed(() => {
    requests += 1;
    return requests % 10 === 1 ? throttled() : refusal('ConditionalCheckFailedException', '');
  });
  const touches = Array.from({ length: 300 }, (_, number) => store.touch(`gone-${number}`, data));
  await expect(Promise.all(touches)).resolves.toHaveLength(300);
});

describe.each(Object.entries(calls))('%s', (_name, call) => {
  test('succeeds when the table takes it again', async () => {
    const { stub, store } = await newStubbed(throttling(TIMES));
    await call(store);
    expect(stub.calls).toHaveLength(TIMES + 1);
  });

  test('fails at its deadline with the error by which it was throttled', async () => {
    // Long enough for a busy machine: at the end, no attempt may be on its way for half of it.
    const { stub, store } = await newStubbed(() => throttled(), { operationTimeout: 1000 });
    const error = await call(store).catch((failure) => failure);
    expect(error).toMatchObject({
      name: EXCEEDED,
      code: EXCEEDED,
      message: 'slow down',
      retryable: true,
      requestId: 'REQUEST-ID',
      throttlingReasons: [reason],
    });
    // One may be on its way.
    const { attempts, httpStatusCode } = error.$metadata;
    expect(httpStatusCode).toBe(400);
    expect(attempts).toBeGreaterThan(1);
    expect(stub.calls.length - attempts).toBeLessThanOrEqual(1);
  });

  test('makes no more attempts than maxAttempts', async () => {
    const { stub, config } = await newStub(() => throttled());
    const dynamoConfig = { ...config, maxAttempts: 4 };
    const store = keep(new DynamoDBStore({ initialized: true, dynamoConfig }));
    await expect(call(store)).rejects.toMatchObject({
      code: EXCEEDED,
      $metadata: { attempts: 4 },
    });
    expect(stub.calls).toHaveLength(4);
  });
});

test.each([
  ['ThrottlingException', 400],
  ['RequestLimitExceeded', 400],
  ['', 429],
  ['ReplicatedWriteConflictException', 400],
])('an answer "%s" of status %i is tried again', async (name, status) => {
  const { stub, store } = await newStubbed(throttling(TIMES, name, status));
  await store.set('one', data);
  expect(stub.calls).toHaveLength(TIMES + 1);
});

test('the quota of tables is tried again only a few times', async () => {
  const { stub, store } = await newStubbed(() => refusal('LimitExceededException'));
  await expect(store.set('one', data)).rejects.toMatchObject({ retryable: true });
  expect(stub.calls).toHaveLength(3);
});

test('operations that a batch leaves are tried again, together', async () => {
  const ids = Array.from({ length: 60 }, (_, number) => `id-${number}`);
  // Each third item is throttled more often than the others.
  const few = throttling(1);
  const many = throttling(3);
  const { stub, store } = await newStubbed((call) => {
    const answer = itemsOf(call).every((id) => Number(id.split('-')[1]) % 3) ? few : many;
    return answer(call);
  });
  await Promise.all(ids.map((id) => store.set(id, data)));
  await Promise.all(ids.map((id) => store.get(id)));
  expect(stub.count('BatchWriteItem')).toBeGreaterThan(0);
  expect(stub.count('BatchGetItem')).toBeGreaterThan(0);
});

test('operations that a batch leaves until their deadline have been throttled', async () => {
  const { store } = await newStubbed(
    (call) => {
      const [table, all] = Object.entries(call.body.RequestItems ?? {})[0] ?? [];
      if (!table) return throttled();
      return { body: { UnprocessedItems: { [table]: all } } };
    },
    { operationTimeout: 1000 },
  );
  const ids = Array.from({ length: 60 }, (_, number) => `id-${number}`);
  const outcomes = await Promise.allSettled(ids.map((id) => store.set(id, data)));
  for (const { reason: error } of outcomes) {
    expect([EXCEEDED, 'ThrottlingException']).toContain(error?.code);
  }
});

test('operations on one session keep their order while the first is throttled', async () => {
  const written = [];
  const isThrottled = throttling(TIMES);
  const { store } = await newStubbed((call) => {
    const answer = isThrottled(call);
    if (!answer.status) written.push(call.operation);
    return answer;
  });
  await Promise.all([
    store.set('one', data),
    store.touch('one', data),
    store.destroy('one'),
    store.get('one'),
  ]);
  expect(written).toEqual(['PutItem', 'UpdateItem', 'DeleteItem', 'GetItem']);
});

test('an operation that waits for one that is throttled says so too', async () => {
  // Enough for the first answer, also on a busy machine.
  const { store } = await newStubbed(() => throttled(), { operationTimeout: 1500 });
  const outcomes = await Promise.allSettled([
    store.touch('one', data),
    store.destroy('one'),
    store.get('one'),
  ]);
  for (const { reason: error } of outcomes) expect(error?.code).toBe(EXCEEDED);
});

test('an operation that is sent shortly before its deadline says what it has waited for', async () => {
  let writes = 0;
  let goOn;
  const isThrottledAgain = new Promise((resolve) => {
    goOn = resolve;
  });
  const { stub, store } = await newStubbed(
    ({ operation }) => {
      if (operation === 'GetItem') return 'hang';
      writes += 1;
      if (writes === 4) goOn();
      return throttled();
    },
    { operationTimeout: 1500 },
  );
  const touched = store.touch('one', data).catch((error) => error);
  await isThrottledAgain;
  // It waits for the touch, has a later deadline, and is sent when the touch has given up.
  const got = store.get('one').catch((error) => error);
  expect((await touched).code).toBe(EXCEEDED);
  expect((await got).code).toBe(EXCEEDED);
  expect(stub.count('GetItem')).toBe(1);
});

test('a DynamoDB that hangs is no throttling', async () => {
  let isThrottled = true;
  const { store } = await newStubbed(() => (isThrottled ? throttled() : 'hang'), {
    operationTimeout: 300,
  });
  await expect(store.get('one')).rejects.toMatchObject({ code: EXCEEDED });
  isThrottled = false;
  await expect(store.get('one')).rejects.toMatchObject({ code: 'ERR_SESSION_TIMEOUT' });
});

test('a DynamoDB that hangs after it has throttled a call is no throttling, also for calls behind it', async () => {
  const { stub, store } = await newStubbed(() => (stub.calls.length === 1 ? throttled() : 'hang'), {
    operationTimeout: 2000,
  });
  const outcomes = await Promise.allSettled([store.touch('one', data), store.get('one')]);
  for (const { reason: error } of outcomes) expect(error?.code).toBe('ERR_SESSION_TIMEOUT');
});

test('throttling is no outage', async () => {
  const { stub, store } = await newStubbed(() => throttled(), { operationTimeout: 800 });
  const unavailable = jest.fn();
  store.on('unavailable', unavailable);
  const all = Array.from({ length: 10 }, (_, number) => store.get(`id-${number}`));
  const outcomes = await Promise.allSettled(all);
  for (const { reason: error } of outcomes) expect(error?.code).toBe(EXCEEDED);
  expect(unavailable).not.toHaveBeenCalled();
  expect(stub.count('GetItem') + stub.count('BatchGetItem')).toBeGreaterThan(10);
});

describe('a client', () => {
  const v3 = (config) =>
    new DynamoDBClient({
      endpoint: config.endpoint,
      region,
      credentials: { ...credentials },
      ...config,
    });

  test('that is adopted with its default is tried until the deadline', async () => {
    const { stub, config } = await newStub(throttling(TIMES));
    const client = v3({ endpoint: config.endpoint });
    const store = keep(new DynamoDBStore({ initialized: true, client }));
    await store.set('one', data);
    expect(stub.calls).toHaveLength(TIMES + 1);
  });

  test('that is adopted with a number of attempts makes so many', async () => {
    const { stub, config } = await newStub(() => throttled());
    const client = v3({ endpoint: config.endpoint, maxAttempts: 2 });
    const store = keep(new DynamoDBStore({ initialized: true, client }));
    await expect(store.set('one', data)).rejects.toMatchObject({ code: EXCEEDED });
    expect(stub.calls).toHaveLength(2);
  });

  test('that is called retries itself, and its reasons are passed on', async () => {
    const { stub, config } = await newStub(() => throttled());
    const client = v3({ endpoint: config.endpoint, maxAttempts: 1 });
    const options = { initialized: true, client, transport: 'client' };
    const store = keep(new DynamoDBStore(options));
    await expect(store.set('one', data)).rejects.toMatchObject({
      code: EXCEEDED,
      throttlingReasons: [reason],
      $metadata: { attempts: 1 },
    });
    expect(stub.calls).toHaveLength(1);
  });
});

describe('a page', () => {
  test('of Express', async () => {
    const { stub, store } = await newStubbed(throttling(3));
    const app = express();
    app.use(session({ store, secret: 'cat', resave: false, saveUninitialized: false }));
    app.get('/', (incoming, response) => {
      incoming.session.user = 'ann';
      response.send('ok');
    });
    await request(app).get('/').expect(200, 'ok');
    expect(stub.count('PutItem')).toBe(4);
  });

  test('of Koa', async () => {
    const { stub, config } = await newStub(throttling(3));
    const store = keep(new KoaStore({ dynamoConfig: config }));
    const app = new Koa();
    app.keys = ['cat'];
    app.use(koaSession({ store }));
    app.use((context) => {
      context.session.user = 'ann';
      context.body = 'ok';
    });
    const server = app.listen(0);
    await once(server, 'listening');
    await request(server).get('/').expect(200, 'ok');
    server.close();
    expect(stub.count('PutItem')).toBe(4);
  });
});
