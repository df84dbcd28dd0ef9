'use strict';

/** The defects of connect-dynamodb, by their numbers: what this store does instead. */

const { execFile } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { DynamoDBStore } = require('..');
const { DAY } = require('./support/contract');
const {
  deleteItem,
  getItem,
  items,
  newTable,
  putItem,
  seconds,
  setExpires,
} = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { refusal, table: tableAnswer } = require('./support/stub-dynamodb');

const { newStore, newStub, newStubbed } = storesOf(DynamoDBStore, { initialized: true });

/** Calls a method with a callback, and gives all that the callback was called with. */
function called(store, method, ...args) {
  return new Promise((resolve) => {
    store[method](...args, (...given) => resolve(given));
  });
}

/** Runs a script in a process of its own, and gives how it ended. */
async function run(script, env) {
  const options = { cwd: join(__dirname, '..'), env: { ...process.env, ...env } };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], options);
    return { code: 0, stdout: stdout.trim() };
  } catch ({ code, stdout, stderr }) {
    return { code, stdout: stdout.trim(), stderr };
  }
}

const calls = [
  ['initialize'],
  ['get', 'abc'],
  ['set', 'abc', { a: 1 }],
  ['touch', 'abc', {}],
  ['destroy', 'abc'],
  ['all'],
  ['length'],
  ['ids'],
  ['clear'],
  ['reap'],
];

describe('D1: a failure of initialisation', () => {
  test.each(calls)('reaches the callback of %s', async (method, ...args) => {
    const { store } = await newStubbed(() => refusal('AccessDeniedException'), {
      initialized: false,
    });
    const [error, ...others] = await called(store, method, ...args);
    expect(error).toMatchObject({ code: 'AccessDeniedException' });
    expect(others).toEqual([]);
  });

  test('is forgotten: the next call tries again', async () => {
    let refuse = true;
    const { stub, store } = await newStubbed(
      ({ operation }) => {
        if (refuse) return refusal('AccessDeniedException');
        return operation === 'DescribeTable' ? tableAnswer() : {};
      },
      { initialized: false },
    );
    await expect(store.get('abc')).rejects.toMatchObject({ code: 'AccessDeniedException' });
    refuse = false;
    expect(await store.get('abc')).toBeNull();
    expect(stub.count('DescribeTable')).toBe(2);
  });

  test('is no unhandled rejection, even where nobody looks', async () => {
    const { stub } = await newStub(() => refusal('AccessDeniedException'));
    const { code, stdout } = await run(
      `
      process.on('unhandledRejection', () => { console.log('unhandled'); process.exit(1); });
      const { DynamoDBStore } = require('.');
      const config = { endpoint: process.env.STUB, region: 'r', accessKeyId: 'a', secretAccessKey: 's' };
      const store = new DynamoDBStore({ dynamoConfig: config });
      for (const method of ['get', 'destroy']) store[method]('abc');
      for (const method of ['set', 'touch']) store[method]('abc', {});
      for (const method of ['all', 'length', 'ids', 'clear', 'reap', 'initialize']) store[method]();
      store.set('abc', { big: 1n });
      process.on('exit', () => console.log('done'));
      `,
      { STUB: stub.endpoint },
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'done' });
  });
});

describe('D2: a callback', () => {
  test.each(calls)('of %s is called once, on a later tick', async (method, ...args) => {
    const store = newStore({ table: await newTable(), initialized: false });
    let returned = false;
    const times = jest.fn(() => expect(returned).toBe(true));
    await new Promise((resolve) => {
      const result = store[method](...args, (...given) => {
        times(...given);
        resolve();
      });
      expect(result).toBeUndefined();
      returned = true;
    });
    await store.initialize();
    expect(times).toHaveBeenCalledTimes(1);
    expect(times.mock.calls[0][0]).toBeNull();
  });

  test('that throws is called once, and its exception goes to the process', async () => {
    const table = await newTable();
    const { code, stdout, stderr } = await run(
      `
      const { DynamoDBStore } = require('.');
      const config = { endpoint: process.env.DYNAMODB_ENDPOINT, region: 'us-east-1', accessKeyId: 'test', secretAccessKey: 'test' };
      const store = new DynamoDBStore({ table: '${table}', dynamoConfig: config });
      store.get('abc', () => { console.log('called'); throw new Error('of the application'); });
      `,
    );
    expect(code).toBe(1);
    expect(stdout).toBe('called');
    expect(stderr).toContain('Error: of the application');
  });
});

describe('D3: touching a session that is gone', () => {
  test('writes nothing and is no error', async () => {
    const table = await newTable();
    const store = newStore({ table });
    await store.set('abc', { a: 1 });
    await store.destroy('abc');
    expect(await called(store, 'touch', 'abc', { cookie: { maxAge: DAY } })).toEqual([
      null,
      undefined,
    ]);
    await store.set('removed by time to live', { a: 1 });
    await deleteItem(table, 'sess:removed by time to live');
    expect(await store.touch('removed by time to live', {})).toBeUndefined();
    expect(await items(table)).toEqual({});
  });

  test('leaves what connect-dynamodb left of it to expire', async () => {
    const table = await newTable();
    const leftover = { id: { S: 'sess:abc' }, expires: { N: '99999999' } };
    await putItem(table, leftover);
    const store = newStore({ table });
    expect(await store.touch('abc', {})).toBeUndefined();
    expect(await getItem(table, 'sess:abc')).toEqual(leftover);
    expect(await store.get('abc')).toBeNull();
  });
});

describe('D4: cold calls at the same time', () => {
  test('share one look at the table and one creation, and wait until it is active', async () => {
    let created = false;
    let looks = 0;
    const { stub, store } = await newStubbed(
      ({ operation }) => {
        if (operation === 'CreateTable') created = true;
        if (operation !== 'DescribeTable') return {};
        if (!created) return refusal('ResourceNotFoundException');
        looks += 1;
        return tableAnswer(looks < 3 ? 'CREATING' : 'ACTIVE');
      },
      { initialized: false },
    );
    await Promise.all([store.get('a'), store.set('b', {}), store.destroy('c')]);
    expect(stub.count('CreateTable')).toBe(1);
    expect(stub.count('DescribeTable')).toBe(1 + 3);
    const used = stub.calls.findIndex(({ operation }) => /Item$/.test(operation));
    expect(used).toBeGreaterThan(
      stub.calls.findLastIndex((call) => call.operation === 'DescribeTable'),
    );
  });

  test('wait for a table that another process is creating', async () => {
    let looks = 0;
    const { store } = await newStubbed(
      ({ operation }) => {
        if (operation === 'CreateTable') return refusal('ResourceInUseException');
        if (operation !== 'DescribeTable') return {};
        looks += 1;
        if (looks === 1) return refusal('ResourceNotFoundException');
        return tableAnswer(looks < 4 ? 'CREATING' : 'ACTIVE');
      },
      { initialized: false },
    );
    expect(await store.get('abc')).toBeNull();
    expect(looks).toBe(4);
  });
});

describe('D5: expires', () => {
  test.each([
    ['a fraction of a second', { maxAge: 1500.7 }],
    ['NaN', { maxAge: Number.NaN }],
    ['Infinity', { maxAge: Number.POSITIVE_INFINITY }],
    ['no cookie', undefined],
    ['a cookie that is null', null],
  ])('is a whole number for %s', async (_what, cookie) => {
    const table = await newTable();
    await newStore({ table }).set('abc', { cookie });
    expect((await getItem(table, 'sess:abc')).expires.N).toMatch(/^\d{10}$/);
  });
});

describe('D6: skipThrowMissingSpecialKeys', () => {
  const specialKeys = [{ name: 'userId', type: 'S' }];
  test('false means false', async () => {
    const store = newStore({
      specialKeys,
      skipThrowMissingSpecialKeys: false,
      table: await newTable(),
    });
    await expect(store.set('abc', {})).rejects.toMatchObject({ code: 'ERR_SESSION_SPECIAL_KEY' });
  });
  test('true means true', async () => {
    const store = newStore({
      specialKeys,
      skipThrowMissingSpecialKeys: true,
      table: await newTable(),
    });
    await expect(store.set('abc', {})).resolves.toBeUndefined();
  });
});

describe('D7: a special key', () => {
  test('that is missing is an error in the callback, not a hang or an exception', async () => {
    const specialKeys = [{ name: 'userId', type: 'S' }];
    const store = newStore({ specialKeys, table: await newTable() });
    const [error] = await called(store, 'set', 'abc', {});
    expect(error).toMatchObject({ code: 'ERR_SESSION_SPECIAL_KEY' });
  });

  test('of type N takes a numeric string as the number that it is', async () => {
    const table = await newTable();
    const store = newStore({ specialKeys: [{ name: 'level', type: 'N' }], table });
    await store.set('abc', { level: '5' });
    expect(await getItem(table, 'sess:abc')).toMatchObject({ level: { N: '5' } });
  });
});

describe('D8: reap', () => {
  const ended = (id, extra) => ({
    id: { S: id },
    type: { S: 'connect-session' },
    sess: { S: '{}' },
    expires: { N: String(seconds() - 10) },
    ...extra,
  });

  test('calls back once after every page, and removes what has ended under its prefix', async () => {
    const table = await newTable();
    const store = newStore({ table });
    // 2.4 MB: a page of a scan is 1 MB at most.
    const big = { S: JSON.stringify({ big: 'x'.repeat(60_000) }) };
    const ids = Array.from({ length: 40 }, (_, index) => `sess:${index}`);
    await Promise.all(ids.map((id) => putItem(table, ended(id, { sess: big }))));
    await putItem(table, { id: { S: 'sess:leftover' }, expires: { N: '1' } });
    await putItem(table, ended('sess:milliseconds', { expires: { N: `${Date.now() - 10_000}` } }));
    await putItem(table, ended('sess:fraction', { expires: { N: '1795218.5' } }));
    const kept = {
      'other:ZZ': ended('other:ZZ'),
      'sess:foreign': ended('sess:foreign', { type: { S: 'something else' } }),
      'sess:forever': {
        id: { S: 'sess:forever' },
        type: { S: 'connect-session' },
        sess: { S: '{}' },
      },
    };
    await Promise.all(Object.values(kept).map((item) => putItem(table, item)));
    await store.set('alive', { a: 1 });

    const callback = jest.fn();
    const given = await new Promise((resolve) => {
      store.reap((...args) => {
        callback();
        resolve(args);
      });
    });
    expect(given).toEqual([null, 43]);
    expect(Object.keys(await items(table)).sort()).toEqual(
      [...Object.keys(kept), 'sess:alive'].sort(),
    );
    expect(await store.reap()).toBe(0);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test('leaves a session that is touched meanwhile', async () => {
    const item = ended('sess:abc');
    const { stub, store } = await newStubbed(({ operation }) => {
      if (operation === 'Scan') return { body: { Items: [item], Count: 1, ScannedCount: 1 } };
      return refusal('ConditionalCheckFailedException');
    });
    expect(await store.reap()).toBe(0);
    const { body } = stub.calls.find(({ operation }) => operation === 'DeleteItem');
    expect(body.ConditionExpression).toBeTruthy();
    expect(Object.values(body.ExpressionAttributeValues)).toContainEqual(item.expires);
  });

  test('tries every deletion, and then reports the one that failed', async () => {
    const Items = ['a', 'b', 'c'].map((id) => ended(`sess:${id}`));
    const { stub, store } = await newStubbed(({ operation, body }) => {
      if (operation === 'Scan') return { body: { Items, Count: 3, ScannedCount: 3 } };
      return body.Key.id.S === 'sess:a' ? refusal('AccessDeniedException') : {};
    });
    await expect(store.reap()).rejects.toMatchObject({ code: 'AccessDeniedException' });
    expect(stub.count('DeleteItem')).toBe(3);
  });

  test('by reapInterval removes what has ended, until the interval is cleared', async () => {
    const table = await newTable();
    await putItem(table, ended('sess:abc'));
    const store = newStore({ table, reapInterval: 20 });
    while (await getItem(table, 'sess:abc'));
    const reap = jest.spyOn(store, 'reap');
    store.clearInterval();
    expect(store._reap).toBeUndefined();
    expect(reap).not.toHaveBeenCalled();
  });

  test('by reapInterval that fails is a warning, each time', async () => {
    const { stub, store } = await newStubbed(() => refusal('AccessDeniedException'), {
      reapInterval: 20,
    });
    for (let count = 1; count <= 3; count += 1) {
      const [warning] = await once(store, 'warning');
      expect(warning).toMatchObject({ code: 'AccessDeniedException' });
      expect(stub.count('Scan')).toBeGreaterThanOrEqual(count);
    }
    await store.close();
  });

  test('by reapInterval holds no process alive', async () => {
    const { code, stdout } = await run(
      `
      const { DynamoDBStore } = require('.');
      new DynamoDBStore({ reapInterval: 60000 });
      console.log('end');
      `,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'end' });
  });
});

test('an expired session that is not removed yet reads as none, and can be saved anew', async () => {
  const table = await newTable();
  const store = newStore({ table });
  await store.set('abc', { a: 1 });
  await setExpires(table, 'sess:abc', seconds() - 1);
  expect(await store.get('abc')).toBeNull();
  await store.set('abc', { a: 2 });
  expect(await store.get('abc')).toEqual({ a: 2 });
});
