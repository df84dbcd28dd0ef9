'use strict';

/** Fake timers of a test stop no call. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { DynamoDBStore } = require('..');
const { v2, v3 } = require('./support/clients');
const { dynamoConfig, getItem, newTable, newTableName, putItem } = require('./support/dynamodb');
const { subjects } = require('./support/fake-timers');
const { storesOf } = require('./support/stores');
const { table } = require('./support/stub-dynamodb');

const { newStore, newStubbed } = storesOf(DynamoDBStore);

// Before the stores are closed, as an application might.
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const forms = {
  'fake timers': undefined,
  'a fake clock that goes on': { advanceTimers: true },
  'a fake clock far in the past': { now: 0 },
  'legacy fake timers': { legacyFakeTimers: true },
};

const moments = ['loaded', 'opened', 'used'];

/** Has a store make its calls, with timers that are faked before it is loaded, opened or used. */
async function useFaked({ load, open, use }, form, moment, options) {
  jest.resetModules();
  if (moment === 'loaded') jest.useFakeTimers(form);
  const Store = load();
  if (moment === 'opened') jest.useFakeTimers(form);
  const store = open(Store, newTableName(), options());
  if (moment === 'used') jest.useFakeTimers(form);
  const read = await use(store);
  await store.close();
  return read;
}

describe.each(Object.entries(forms))('with %s', (_form, form) => {
  describe.each(moments)('from before it is %s', (moment) => {
    test.each(Object.entries(subjects))('%s finishes its calls', async (_name, subject) => {
      const options = () => ({ dynamoConfig: dynamoConfig() });
      expect(await useFaked(subject, form, moment, options)).toBe(1);
    });
  });
});

describe.each([
  ['aws-sdk v3', v3],
  ['aws-sdk v2', v2],
])('through a client of %s', (_sdk, newClient) => {
  test.each(Object.entries(subjects))('%s finishes its calls', async (_name, subject) => {
    const options = () => ({ client: newClient(), transport: 'client' });
    expect(await useFaked(subject, undefined, 'loaded', options)).toBe(1);
  });
});

describe('with fake timers of @sinonjs/fake-timers, in Node itself,', () => {
  const script = join(__dirname, 'support', 'faked-process.js');

  test.each(['before', 'after'])('%s the package is loaded, calls finish', async (moment) => {
    const each = Object.keys(subjects).map(async (name) => {
      const { stdout } = await promisify(execFile)(process.execPath, [script, name, moment]);
      return stdout;
    });
    expect(await Promise.all(each)).toEqual(['1', '1', '1']);
  });
});

test('legacy fake timers whose mocks were reset stop no call', async () => {
  const { load, open, use } = subjects.Express;
  jest.resetModules();
  jest.useFakeTimers({ legacyFakeTimers: true });
  const store = open(load(), newTableName(), { dynamoConfig: dynamoConfig() });
  jest.resetAllMocks();
  expect(await use(store)).toBe(1);
  await store.close();
});

describe('timers that change while a call', () => {
  /** A store, and a request that it has sent: `operation`, which is answered by `answer`. */
  async function held(operation, options, call) {
    let answer;
    const isAnswered = new Promise((resolve) => {
      answer = resolve;
    });
    let note;
    const isAsked = new Promise((resolve) => {
      note = resolve;
    });
    const { store } = await newStubbed(async (request) => {
      if (request.operation === operation) {
        note();
        await isAnswered;
      }
      return request.operation === 'DescribeTable' ? table() : {};
    }, options);
    const called = call(store);
    await isAsked;
    return { answer, called };
  }

  const waits = ['waits for the table', 'DescribeTable', {}];
  const isSent = ['is under way', 'GetItem', { initialized: true }];

  test.each([waits, isSent])('%s, to fake ones', async (_state, operation, options) => {
    const { answer, called } = await held(operation, options, (store) => store.get('sid'));
    jest.useFakeTimers();
    answer();
    expect(await called).toBeNull();
  });

  test.each([waits, isSent])('%s, to real ones', async (_state, operation, options) => {
    jest.useFakeTimers({ now: 0 });
    const { answer, called } = await held(operation, options, (store) => store.get('sid'));
    jest.useRealTimers();
    answer();
    expect(await called).toBeNull();
  });

  test.each([waits, isSent])('%s, keep no deadline away', async (_state, operation, options) => {
    jest.useFakeTimers();
    const limited = { ...options, operationTimeout: 50 };
    const { answer, called } = await held(operation, limited, (store) => store.get('sid'));
    await expect(called).rejects.toMatchObject({ code: 'ERR_SESSION_TIMEOUT' });
    answer();
  });
});

describe('reapInterval', () => {
  const hour = 3_600_000;

  test('follows a fake clock, and nothing else does', async () => {
    const name = await newTable();
    const ended = Math.floor(Date.now() / 1000) - 10;
    await putItem(name, {
      id: { S: 'sess:sid' },
      expires: { N: String(ended) },
      type: { S: 'connect-session' },
      sess: { S: '{}' },
    });
    jest.useFakeTimers();
    const store = newStore({ table: name, reapInterval: hour });
    await store.get('other');
    // No timer of the store's own for a test to step over.
    expect(jest.getTimerCount()).toBe(1);
    expect(await getItem(name, 'sess:sid')).toBeDefined();
    jest.advanceTimersByTime(hour);
    while (await getItem(name, 'sess:sid'));
    await store.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('of a real clock ends with its store while timers are fake', async () => {
    const set = jest.spyOn(globalThis, 'setInterval');
    const store = newStore({ reapInterval: hour });
    const timer = set.mock.results[0].value;
    set.mockRestore();
    // These know nothing of timers that were set before.
    jest.useFakeTimers({ legacyFakeTimers: true });
    await store.close();
    expect(timer._destroyed).toBe(true);
  });

  test('works where a timer is a number, as in jsdom', async () => {
    const set = jest.spyOn(globalThis, 'setInterval').mockReturnValue(7);
    const clear = jest.spyOn(globalThis, 'clearInterval').mockImplementation(() => {});
    const store = newStore({ reapInterval: hour });
    expect(set).toHaveBeenCalledTimes(1);
    await store.close();
    expect(clear).toHaveBeenCalledWith(7);
  });
});
