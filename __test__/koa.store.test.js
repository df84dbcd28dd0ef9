'use strict';

/** What the Koa store has beyond the contract, and the defects D12 to D15 by their numbers. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { inspect, promisify } = require('node:util');
const { runInNewContext } = require('node:vm');
const DynamoDBStore = require('../koa');
const { DAY } = require('./support/contract');
const { getItem, putItem, seconds } = require('./support/dynamodb');
const { expectEnd } = require('./support/ends');
const { newKoaTable } = require('./support/koa-table');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');

const { newStore, newStubbed } = storesOf(DynamoDBStore);

test('has the class under every name, and its options as read-only properties', () => {
  expect(DynamoDBStore.DynamoDBStore).toBe(DynamoDBStore);
  const store = newStore({ table: { readCapacityUnits: '9' } });
  expect(store).toMatchObject({
    tableName: 'sessions',
    hashKey: 'sessionId',
    ttlKey: 'expires',
    readCapacityUnits: 9,
    writeCapacityUnits: 5,
    useTtlExpired: true,
    autoCreateTable: false,
  });
  expect(() => {
    store.tableName = 'other';
  }).toThrow(TypeError);
});

describe('values in a session:', () => {
  let table;
  let store;
  beforeEach(async () => {
    table = await newKoaTable();
    store = newStore({ table: { name: table } });
  });

  async function stored(session) {
    await store.set('abc', session, DAY);
    return (await getItem(table, 'abc', 'sessionId')).session.M;
  }

  test('have DynamoDB types in the table', async () => {
    const session = {
      text: '',
      number: 1.5,
      yes: true,
      nothing: null,
      list: [1, 'a', []],
      map: { 'a.b ✓': {} },
    };
    expect(await stored(session)).toEqual({
      text: { S: '' },
      number: { N: '1.5' },
      yes: { BOOL: true },
      nothing: { NULL: true },
      list: { L: [{ N: '1' }, { S: 'a' }, { L: [] }] },
      map: { M: { 'a.b ✓': { M: {} } } },
    });
    expect(await store.get('abc')).toEqual(session);
  });

  test('bytes are binary, and come back as a Buffer', async () => {
    const bytes = Uint8Array.of(9, 0, 255, 9);
    const session = {
      buffer: Buffer.from([0, 255]),
      view: bytes.subarray(1, 3),
      wide: Uint16Array.of(258),
      raw: bytes.buffer,
      list: [Buffer.alloc(0)],
    };
    const item = await stored(session);
    expect(item.view).toEqual({ B: Uint8Array.of(0, 255) });
    expect(await store.get('abc')).toEqual({
      buffer: Buffer.from([0, 255]),
      view: Buffer.from([0, 255]),
      wide: Buffer.from([2, 1]),
      raw: Buffer.from([9, 0, 255, 9]),
      list: [Buffer.alloc(0)],
    });
    await store.set('again', await store.get('abc'), DAY);
    expect(await store.get('again')).toEqual(await store.get('abc'));
  });

  test('keys that look like the form of bytes are kept', async () => {
    const session = { '\0B': 'AP8=', nested: { '\0\0B': Buffer.from([1]), '\0': 1 } };
    await store.set('abc', session, DAY);
    expect(await store.get('abc')).toEqual(session);
  });

  test('dates are ISO text, as in JSON; what JSON leaves out is left out', async () => {
    const session = { at: new Date(0), gone: undefined, call() {}, own: { toJSON: () => 'own' } };
    await store.set('abc', session, DAY);
    expect(await store.get('abc')).toEqual({ at: '1970-01-01T00:00:00.000Z', own: 'own' });
  });

  test('sets are read as lists', async () => {
    await putItem(table, {
      sessionId: { S: 'abc' },
      expires: { N: String(seconds() + 60) },
      session: { M: { s: { SS: ['a'] }, n: { NS: ['1.5'] }, b: { BS: [Uint8Array.of(1)] } } },
    });
    expect(await store.get('abc')).toEqual({ s: ['a'], n: [1.5], b: [Buffer.from([1])] });
  });

  const nested = (levels) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);

  test.each([
    ['zero', 0],
    ['the largest exact integer', Number.MAX_SAFE_INTEGER],
    ['17 digits', 0.1 + 0.2],
    ['a large number', 1e21],
    ['the largest magnitude', 9.99e125],
    ['the smallest magnitude', 1e-130],
    ['a negative one', -9.9e125],
    ['32 levels, the item included', nested(30)],
  ])('%s is held', async (_what, value) => {
    await store.set('abc', { value }, DAY);
    expect(await store.get('abc')).toEqual({ value });
  });

  test.each([
    ['a number beyond the largest', { a: [{ b: 1e126 }] }, 'session.a[0].b is a number'],
    ['a number below the smallest', { 'a.b': 1e-131 }, 'session["a.b"] is a number'],
    [
      '33 levels',
      { value: nested(31) },
      /^session\.value(\.a)+ is nested deeper than the 32 levels/,
    ],
    ['an empty key', { a: { '': 1 } }, 'session.a[""] has an empty key'],
    ['text that is no Unicode', { a: ['\ud800'] }, 'session.a[0] is text'],
    ['NaN', { a: [1, { price: Number.NaN }] }, 'session.a[1].price is a number that is not finite'],
    ['infinity', { '\0': -Infinity }, 'session["\\u0000"] is a number that is not finite'],
    ['a BigInt', { a: { 'b c': 1n } }, 'session.a["b c"] is a BigInt'],
    ['a Map', { before: [{}], cart: new Map([['pen', 1]]) }, /^session\.cart is a Map/],
    ['a Map of another realm', { cart: runInNewContext('new Map()') }, 'session.cart is a Map'],
    ['a Set', { a: [[new Set(['b'])]] }, /^session\.a\[0\]\[0\] is a Set/],
    ['what a toJSON gives', { a: { toJSON: () => ({ b: new Set() }) } }, 'session.a.b is a Set'],
  ])('%s is refused by its path, and the stored session stays', async (_what, session, message) => {
    await store.set('abc', { kept: true }, DAY);
    const error = await store.set('abc', session, DAY).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'ERR_SESSION_VALUE' });
    expect(error.message).toEqual(
      typeof message === 'string'
        ? expect.stringContaining(message)
        : expect.stringMatching(message),
    );
    expect(await store.get('abc')).toEqual({ kept: true });
  });

  test('a session that is a Map is refused', async () => {
    await expect(store.set('abc', new Map([['a', 1]]), DAY)).rejects.toMatchObject({
      code: 'ERR_SESSION_VALUE',
      message: expect.stringMatching(/^session is a Map/),
    });
  });

  test('a refusal quotes nothing of the session but the place', async () => {
    const session = { cart: new Map([['secret', 'secret']]), other: 'secret', price: Infinity };
    const error = await store.set('abc', session, DAY).catch((reason) => reason);
    expect(inspect(error, { depth: 9 })).not.toMatch(/secret|Infinity/);
  });

  test('a Map or BigInt that has a toJSON is what that gives', async () => {
    class Cart extends Map {
      toJSON() {
        return Object.fromEntries(this);
      }
    }
    const big = Object.assign(Object(1n), { toJSON: () => '1' });
    await store.set('abc', { cart: new Cart([['pen', 1]]), big }, DAY);
    expect(await store.get('abc')).toEqual({ cart: { pen: 1 }, big: '1' });
  });

  test('bytes of another realm, and shared ones, are bytes', async () => {
    const session = {
      buffer: runInNewContext('Uint8Array.of(0, 255).buffer'),
      view: runInNewContext('new DataView(Uint8Array.of(0, 255).buffer, 1)'),
      shared: new SharedArrayBuffer(2),
    };
    await store.set('abc', session, DAY);
    expect(await store.get('abc')).toEqual({
      buffer: Buffer.from([0, 255]),
      view: Buffer.from([255]),
      shared: Buffer.alloc(2),
    });
  });
});

describe('a wrong option is a TypeError at construction that names it:', () => {
  test.each([
    ['table', 'sessions'],
    ['table.name', { name: '' }, 'table'],
    ['table.name', { name: 5 }, 'table'],
    ['table.hashKey', { hashKey: 'session' }, 'table'],
    ['table.ttlKey', { ttlKey: '' }, 'table'],
    ['table.ttlKey', { ttlKey: 'sessionId' }, 'table'],
    ['table.useTtlExpired', { useTtlExpired: 'yes' }, 'table'],
    ['table.autoCreate', { autoCreate: 1 }, 'table'],
    ['table.readCapacityUnits', { readCapacityUnits: -1 }, 'table'],
    ['table.writeCapacityUnits', { writeCapacityUnits: 'many' }, 'table'],
    ['payPerRequest', 'yes'],
    ['consistentRead', 0],
    ['ttl', '1 day'],
    ['operationTimeout', -1],
    ['dynamoConfig.endpoint', { endpoint: 'not a url' }, 'dynamoConfig'],
    ['client', {}],
  ])('%s: %p', (name, value, option = name) => {
    const make = () => new DynamoDBStore({ [option]: value });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(`option "${name}" `);
  });

  test('a callback that is no function', () => {
    expect(() => new DynamoDBStore({}, 'done')).toThrow(TypeError);
  });
});

describe('D12: a lifetime', () => {
  test.each([
    ['of "session"', 'session', 86_400],
    ['that is undefined', undefined, 86_400],
    ['that is not finite', Number.NaN, 86_400],
    ['in milliseconds', 60_500, 60],
  ])('%s is stored as a whole number of seconds', async (_what, maxAge, expected) => {
    const name = await newKoaTable();
    const store = newStore({ table: { name } });
    const since = Date.now();
    await store.set('abc', {}, maxAge);
    const item = await getItem(name, 'abc', 'sessionId');
    expect(item.expires.N).toMatch(/^\d{10}$/);
    expectEnd(item, since, expected);
  });

  test.each([
    ['a number', 60_000],
    ['a function of the session', (session) => session.lifetime],
  ])('that is none is the option ttl: %s', async (_what, ttl) => {
    const store = newStore({ ttl });
    const end = store.getExpirationDate('session', { lifetime: 60_000 });
    expect(end).toBeInstanceOf(Date);
    expect(Math.abs(end - Date.now() - 60_000)).toBeLessThanOrEqual(5000);
  });
});

describe('D13: get', () => {
  test.each([
    [undefined, true],
    [false, false],
  ])('reads consistently, unless consistentRead is %p', async (consistentRead, expected) => {
    const { stub, store } = await newStubbed(() => ({}), { consistentRead });
    await store.get('abc');
    expect(stub.calls[0].body.ConsistentRead).toBe(expected);
  });

  test('takes an expired item, and one without a session, for none', async () => {
    const name = await newKoaTable();
    const store = newStore({ table: { name } });
    await store.set('abc', {}, -1000);
    expect(await store.get('abc')).toBeUndefined();
    await putItem(name, { sessionId: { S: 'other' }, expires: { N: '99999999999' } });
    expect(await store.get('other')).toBeUndefined();
  });
});

test('D14: get keeps the cause of an error', async () => {
  const { store } = await newStubbed(() => refusal('ResourceNotFoundException', 'no such table'));
  await expect(store.get('abc')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: expect.stringMatching(
      /^no such table: the table does not exist, or is .* \(table "\w+", endpoint http/,
    ),
    $metadata: { requestId: 'REQUEST-ID' },
  });
});

test('D15: neither output nor inspect shows a credential', async () => {
  const script = `
    const { inspect } = require('node:util');
    const DynamoDBStore = require('./koa');
    const dynamoConfig = { endpoint: 'http://127.0.0.1:1', region: 'local', accessKeyId: 'SECRET-ID', secretAccessKey: 'SECRET-KEY' };
    const store = new DynamoDBStore({ table: { autoCreate: true }, dynamoConfig });
    store.set('SECRET-SID', { data: 'SECRET-DATA' }).catch(console.error).then(() => console.log(inspect(store, { depth: null, showHidden: true })));
  `;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', script], {
    cwd: join(__dirname, '..'),
    env: { ...process.env, DYNAMODB_STORE_DEBUG: '1' },
  });
  expect(stdout).toContain('DynamoDBStore');
  expect(stderr).toContain('ERR_SESSION_UNREACHABLE');
  expect(stdout + stderr).not.toContain('SECRET');
});
