'use strict';

/** Calls that wait: there are only so many, and they are small. */

const { join } = require('node:path');
const { DynamoDBStore } = require('..');
const { startProcess } = require('../bench/lib/processes');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { dynamoConfig } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { table } = require('./support/stub-dynamodb');

const { keep, newStub } = storesOf(DynamoDBStore);

const overload = {
  name: 'SessionStoreError',
  code: 'ERR_SESSION_OVERLOADED',
  message: expect.stringContaining('"maxPendingCalls"'),
  retryable: true,
};

const subjects = {
  Express: {
    open: (options) => keep(new DynamoDBStore(options)),
    hashKey: 'id',
    calls: [
      (store) => store.get('one'),
      (store) => store.set('two', {}),
      (store) => store.touch('three', {}),
      (store) => store.destroy('four'),
      (store) => store.all(),
      (store) => store.length(),
      (store) => store.ids(),
      (store) => store.clear(),
      (store) => store.reap(),
    ],
  },
  Koa: {
    open: ({ initialized, ...options }) =>
      keep(new KoaStore({ table: { autoCreate: !initialized, useTtlExpired: false }, ...options })),
    hashKey: 'sessionId',
    calls: [
      (store) => store.get('one'),
      (store) => store.set('two', {}, 1000),
      (store) => store.set('three', {}, 1000, { ctx: {} }),
      (store) => store.destroy('four'),
    ],
  },
  Shopify: {
    open: ({ dynamoConfig: config, initialized, ...options }) =>
      keep(new DynamoDBSessionStorage({ config, ...options })),
    hashKey: 'id',
    calls: [
      (storage) => storage.storeSession({ id: 'one', shop: 'shop' }),
      (storage) => storage.loadSession('two'),
      (storage) => storage.deleteSession('three'),
      (storage) => storage.deleteSessions(['four', 'five']),
      (storage) => storage.findSessionsByShop('shop'),
    ],
  },
};

/** A DynamoDB that answers when it is told to. */
async function newHolding({ hashKey }, holds = () => true) {
  let answer;
  const answered = new Promise((resolve) => {
    answer = resolve;
  });
  const { stub, config } = await newStub(async (call) => {
    if (holds(call)) await answered;
    return call.operation === 'DescribeTable' ? table('ACTIVE', hashKey) : {};
  });
  return { stub, answer, dynamoConfig: config };
}

const all = (store, calls) => calls.map((call) => call(store));

describe.each(Object.entries(subjects))('%s', (name, subject) => {
  const { open, calls } = subject;

  describe.each([
    ['from the addon', {}],
    ['through a client', { transport: 'client' }],
  ])('%s', (_way, way) => {
    test('a call beyond maxPendingCalls fails at once, the others go on, and then there may be more', async () => {
      const { answer, dynamoConfig } = await newHolding(subject);
      const options = { dynamoConfig, initialized: true, ...way };
      const store = open({ ...options, maxPendingCalls: calls.length });
      const other = open({ ...options, maxPendingCalls: 1 });
      const waiting = all(store, calls);
      for (const call of calls) await expect(call(store)).rejects.toMatchObject(overload);
      // Each store counts its own.
      waiting.push(calls[0](other));
      await expect(calls[1](other)).rejects.toMatchObject(overload);
      answer();
      await Promise.all(waiting);
      await Promise.all(all(store, calls));
      await calls[1](other);
    });
  });

  test('calls that have failed are none that wait', async () => {
    const { dynamoConfig } = await newHolding(subject);
    const limits = { operationTimeout: 50, maxPendingCalls: calls.length };
    const store = open({ dynamoConfig, initialized: true, breaker: false, ...limits });
    for (let round = 0; round < 2; round += 1) {
      const outcomes = await Promise.allSettled(all(store, calls));
      const codes = outcomes.map(({ reason }) => reason?.code);
      expect(codes).toEqual(codes.map(() => 'ERR_SESSION_TIMEOUT'));
    }
  });

  test.each([0, -1, 1.5, '8', Number.NaN, Number.POSITIVE_INFINITY, true])(
    'the option maxPendingCalls is a TypeError with the value %p',
    (maxPendingCalls) => {
      const make = () => open({ dynamoConfig: dynamoConfig(), maxPendingCalls });
      expect(make).toThrow(TypeError);
      expect(make).toThrow('option "maxPendingCalls" ');
    },
  );

  test.each([1, 1_000_000, undefined, null])('maxPendingCalls may be %p', (maxPendingCalls) => {
    expect(() =>
      open({ dynamoConfig: dynamoConfig(), initialized: true, maxPendingCalls }),
    ).not.toThrow();
  });

  test('without the option there may be 20,000', async () => {
    const { answer, dynamoConfig } = await newHolding(subject);
    const store = open({ dynamoConfig, initialized: true });
    const waiting = Array.from({ length: 20_000 }, () => calls[0](store));
    await expect(calls[0](store)).rejects.toMatchObject(overload);
    answer();
    await Promise.all(waiting);
  });

  if (name === 'Shopify') return;

  test('calls that wait for the table count', async () => {
    const holds = ({ operation }) => operation === 'DescribeTable';
    const { stub, answer, dynamoConfig } = await newHolding(subject, holds);
    const store = open({ dynamoConfig, maxPendingCalls: calls.length });
    const waiting = all(store, calls);
    for (const call of calls) await expect(call(store)).rejects.toMatchObject(overload);
    answer();
    await Promise.all(waiting);
    await Promise.all(all(store, calls));
    expect(stub.count('DescribeTable')).toBe(1);
  });

  test('calls whose table does not come are none that wait', async () => {
    const { dynamoConfig } = await newHolding(subject);
    const limits = { operationTimeout: 50, maxPendingCalls: calls.length };
    const store = open({ dynamoConfig, tableTimeout: 50, breaker: false, ...limits });
    for (let round = 0; round < 2; round += 1) {
      const outcomes = await Promise.allSettled(all(store, calls));
      const codes = outcomes.map(({ reason }) => reason?.code);
      expect(codes).toEqual(codes.map(() => 'ERR_SESSION_TIMEOUT'));
    }
  });
});

describe('10,000 calls that wait, with sessions of 1 KB,', () => {
  const file = join(__dirname, '..', 'bench', 'modes', 'waiting.js');

  // It was 31 to 36 KB. The text is there three times, in the session, as JSON, and in the addon.
  test.each([
    ['express', 'get', 8],
    ['express', 'set', 16],
    ['koa', 'set', 16],
    ['shopify', 'storeSession', 16],
  ])('of %s %s: %i KB each, most of which is given back', async (framework, call, kilobytes) => {
    const { answer, dynamoConfig: held } = await newHolding({});
    const { config: answering } = await newStub(() => ({}));
    const calls = 10_000;
    const [from, to] = [held.endpoint, answering.endpoint];
    const task = { framework, call, calls, others: 200, bytes: 1024, held: from, answering: to };
    const worker = startProcess({ execArgv: ['--expose-gc'] });
    try {
      const { before, waiting } = await worker.call({ file, name: 'wait', args: [task] });
      answer();
      const { later } = await worker.call({ file, name: 'finish', args: [task] });
      const taken = waiting.rss - before.rss;
      expect(taken / calls).toBeLessThan(kilobytes * 1000);
      expect(later.rss - before.rss).toBeLessThan(100e6);
    } finally {
      await worker.stop();
    }
  });
});
