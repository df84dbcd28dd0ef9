'use strict';

/**
 * The deadline of a call that waits for the table: the waiting counts. The clock of `lib/gate.js` is the
 * test's own, the one of the addon is real.
 */

jest.mock('../lib/timers', () => {
  const timers = new Set();
  const clock = {
    now: 0,
    advance(milliseconds) {
      clock.now += milliseconds;
      for (const timer of timers) {
        if (timer.due > clock.now) continue;
        timers.delete(timer);
        timer.run();
      }
    },
  };
  return {
    ...jest.requireActual('../lib/timers'),
    clock,
    monotonicNow: () => clock.now,
    setTimeout(run, milliseconds) {
      const timer = { run, due: clock.now + milliseconds };
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer) => timers.delete(timer),
  };
});

const { clock } = require('../lib/timers');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { storesOf } = require('./support/stores');
const { refusal, table } = require('./support/stub-dynamodb');

const { keep, newStub } = storesOf(DynamoDBStore);

const stores = {
  Express: { open: (options) => new DynamoDBStore(options), hashKey: 'id' },
  Koa: {
    open: (options) =>
      new KoaStore({ table: { autoCreate: true, useTtlExpired: false }, ...options }),
    hashKey: 'sessionId',
  },
};

describe.each(Object.entries(stores))('%s', (_name, { open, hashKey }) => {
  /** A store with a limit of a second, whose table takes so many milliseconds, and no item comes. */
  async function newStore(milliseconds, options) {
    const { config: dynamoConfig } = await newStub(({ operation }) => {
      if (operation === 'GetItem') return 'hang';
      if (operation !== 'DescribeTable') return {};
      clock.advance(milliseconds);
      return table('ACTIVE', hashKey);
    });
    // A called SDK goes on after its caller has given up, and would try again after the end of the test.
    Object.assign(dynamoConfig, { maxRetries: 0 });
    return keep(open({ dynamoConfig, operationTimeout: 1000, ...options }));
  }

  test.each([
    ['from the addon', {}],
    ['through a client', { transport: 'client' }],
  ])('a call has what waiting for the table has left of its time, %s', async (_way, options) => {
    const store = await newStore(700, options);
    await expect(store.get('sid')).rejects.toMatchObject({
      code: 'ERR_SESSION_TIMEOUT',
      message: expect.stringContaining('get did not finish within 300 ms'),
    });
    // The table is known by now: the next call has all of its time.
    await expect(store.get('sid')).rejects.toMatchObject({
      message: expect.stringContaining('get did not finish within 1000 ms'),
    });
  });

  test('a call whose time is over while it waits for the table fails there', async () => {
    const store = await newStore(1000);
    await expect(store.get('sid')).rejects.toMatchObject({
      code: 'ERR_SESSION_TIMEOUT',
      message: expect.stringMatching(
        /^looking for the table did not finish within 1000 ms \(table "sessions", endpoint http:.*, region us-east-1\)$/,
      ),
    });
  });

  test('a call whose time is over while the table is created says so', async () => {
    let isCreated = false;
    const { config: dynamoConfig } = await newStub(({ operation }) => {
      if (operation === 'DescribeTable' && !isCreated) return refusal('ResourceNotFoundException');
      if (operation === 'DescribeTable') return table('ACTIVE', hashKey);
      if (operation === 'CreateTable') {
        isCreated = true;
        clock.advance(1000);
      }
      return {};
    });
    const store = keep(open({ dynamoConfig, operationTimeout: 1000 }));
    await expect(store.get('sid')).rejects.toMatchObject({
      code: 'ERR_SESSION_TIMEOUT',
      retryable: true,
      message: expect.stringMatching(/^creating the table did not finish within 1000 ms \(table "/),
    });
    // The creation goes on, and the next call finds the table.
    expect(await store.get('sid')).toBe(hashKey === 'id' ? null : undefined);
  });
});
