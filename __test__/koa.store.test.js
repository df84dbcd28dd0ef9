'use strict';

/** What the Koa store has beyond the contract, and the defects D10 to D15 by their numbers. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { UpdateTimeToLiveCommand } = require('@aws-sdk/client-dynamodb');
const DynamoDBStore = require('../koa');
const { DAY } = require('./support/contract');
const {
  client,
  describeTable,
  dynamoConfig,
  getItem,
  items,
  newTable,
  newTableName,
  putItem,
  seconds,
  timeToLive,
} = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { refusal, table: tableAnswer } = require('./support/stub-dynamodb');

const { keep, newStore, newStub, newStubbed } = storesOf(DynamoDBStore);

/** A table for Koa's items; provisioned with 7 and 7, unless told otherwise. */
const newKoaTable = (table) =>
  newTable({
    hashKey: 'sessionId',
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 7, WriteCapacityUnits: 7 },
    ...table,
  });
const onDemand = { BillingMode: 'PAY_PER_REQUEST', ProvisionedThroughput: undefined };

const setTimeToLive = (TableName, AttributeName, Enabled = true) =>
  client.send(
    new UpdateTimeToLiveCommand({
      TableName,
      TimeToLiveSpecification: { AttributeName, Enabled },
    }),
  );

/** Waits until the time to live of a table is as `wanted` says. */
async function timeToLiveBecomes(table, wanted) {
  let found;
  do found = await timeToLive(table);
  while (!(found.TimeToLiveStatus === wanted.status && found.AttributeName === wanted.attribute));
}

const nextWarning = (store) =>
  new Promise((resolve) => {
    store.once('warning', resolve);
  });

/** A DynamoDB whose table exists, with time to live as given, that answers everything else. */
const existing =
  (timeToLiveDescription, answer = () => ({})) =>
  (call) => {
    if (call.operation === 'DescribeTable') return tableAnswer('ACTIVE', 'sessionId');
    if (call.operation === 'DescribeTimeToLive') {
      return { body: { TimeToLiveDescription: timeToLiveDescription } };
    }
    return answer(call);
  };

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

describe('D10: createTableIfDontExists', () => {
  test.each(['local', 'local-1', 'eu-west-1'])(
    'creates a table that is missing, in region %s',
    async (region) => {
      const store = newStore({
        table: { name: newTableName() },
        dynamoConfig: { ...dynamoConfig(), region },
      });
      await store.createTableIfDontExists();
      expect(await describeTable(store.tableName)).toMatchObject({
        TableStatus: 'ACTIVE',
        KeySchema: [{ AttributeName: 'sessionId', KeyType: 'HASH' }],
        ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
      });
      await store.createTableIfDontExists();
    },
  );

  test('calls back once, with a promise or with a callback', async () => {
    const store = newStore({ table: { name: newTableName() }, payPerRequest: true });
    await new Promise((resolve, reject) => {
      const result = store.createTableIfDontExists((error) => (error ? reject(error) : resolve()));
      expect(result).toBeUndefined();
    });
    await expect(store.createTableIfDontExists()).resolves.toBeUndefined();
    const { BillingModeSummary } = await describeTable(store.tableName);
    expect(BillingModeSummary).toMatchObject({ BillingMode: 'PAY_PER_REQUEST' });
  });

  test('of many stores at once creates one table', async () => {
    const name = newTableName();
    const many = Array.from({ length: 4 }, () => newStore({ table: { name, autoCreate: true } }));
    await Promise.all(many.map((store, index) => store.set(`sid-${index}`, { index }, DAY)));
    expect(Object.keys(await items(name, 'sessionId'))).toHaveLength(4);
  });

  test('of several processes at once creates one table', async () => {
    const name = newTableName();
    const script = `
      const DynamoDBStore = require('./koa');
      const dynamoConfig = ${JSON.stringify(dynamoConfig())};
      const store = new DynamoDBStore({ table: { name: '${name}' }, dynamoConfig });
      store.createTableIfDontExists().then(() => store.set(String(process.pid), {}, 60000));`;
    const options = { cwd: join(__dirname, '..') };
    await Promise.all(
      [1, 2, 3].map(() => promisify(execFile)(process.execPath, ['-e', script], options)),
    );
    expect(Object.keys(await items(name, 'sessionId'))).toHaveLength(3);
  });

  test('from autoCreate, reaches the callback of the constructor', async () => {
    const name = newTableName();
    const error = await new Promise((resolve) => {
      const options = { table: { name, autoCreate: true }, dynamoConfig: dynamoConfig() };
      keep(new DynamoDBStore(options, resolve));
    });
    expect(error).toBeNull();
    expect(await describeTable(name)).toMatchObject({ TableStatus: 'ACTIVE' });
  });

  test('from autoCreate that fails, tells the callback, and the next operation', async () => {
    const { stub, config } = await newStub(() => refusal('AccessDeniedException'));
    let store;
    const error = await new Promise((resolve) => {
      store = new DynamoDBStore({ table: { autoCreate: true }, dynamoConfig: config }, resolve);
    });
    keep(store);
    const refused = { code: 'AccessDeniedException' };
    expect(error).toMatchObject(refused);
    await expect(store.get('abc')).rejects.toMatchObject(refused);
    expect(stub.count('DescribeTable')).toBe(2);
  });

  test('from autoCreate, is not waited for by a store without it', async () => {
    const { stub, store } = await newStubbed(() => ({}));
    expect(await store.get('abc')).toBeUndefined();
    expect(stub.calls.map(({ operation }) => operation)).toEqual(['GetItem']);
  });
});

describe('the time to live', () => {
  test('of a created table is turned on', async () => {
    const store = newStore({ table: { name: newTableName(), ttlKey: 'end', autoCreate: true } });
    await store.set('abc', {}, DAY);
    await timeToLiveBecomes(store.tableName, { status: 'ENABLED', attribute: 'end' });
    expect(await getItem(store.tableName, 'abc', 'sessionId')).toHaveProperty('end');
  });

  test('of a created table does not hold back the first request', async () => {
    let created = false;
    const { store } = await newStubbed(
      ({ operation }) => {
        if (operation === 'CreateTable') created = true;
        if (operation === 'DescribeTimeToLive') return 'hang';
        if (operation !== 'DescribeTable') return {};
        return created ? tableAnswer('ACTIVE', 'sessionId') : refusal('ResourceNotFoundException');
      },
      { table: { autoCreate: true } },
    );
    expect(await store.get('abc')).toBeUndefined();
  });

  test('of a table that exists is turned on and off as useTtlExpired says', async () => {
    const name = await newKoaTable();
    await newStore({ table: { name } }).createTableIfDontExists();
    await timeToLiveBecomes(name, { status: 'ENABLED', attribute: 'expires' });
    await newStore({ table: { name, useTtlExpired: false } }).createTableIfDontExists();
    await timeToLiveBecomes(name, { status: 'DISABLED', attribute: undefined });
  });

  test('on another attribute stays, and that attribute is written and read', async () => {
    const name = await newKoaTable();
    await setTimeToLive(name, 'other');
    await timeToLiveBecomes(name, { status: 'ENABLED', attribute: 'other' });
    const store = newStore({ table: { name } });
    await store.set('before', { a: 1 }, DAY);
    await store.createTableIfDontExists();
    expect(store.ttlKey).toBe('other');
    await store.set('after', { a: 1 }, DAY);
    const item = await getItem(name, 'after', 'sessionId');
    expect(item).toMatchObject({ other: { N: expect.any(String) } });
    expect(item).not.toHaveProperty('expires');
    expect(await store.get('before')).toEqual({ a: 1 });
    expect(await store.get('after')).toEqual({ a: 1 });
    await store.set('ended', { a: 1 }, -1000);
    expect(await store.get('ended')).toBeUndefined();
    expect(await timeToLive(name)).toMatchObject({ AttributeName: 'other' });
  });

  test('that changed recently is a warning, and is tried again later', async () => {
    const realTimeout = setTimeout;
    const timers = jest.spyOn(global, 'setTimeout');
    let refuse = true;
    let done;
    const changed = new Promise((resolve) => {
      done = resolve;
    });
    const { stub, store } = await newStubbed(
      existing({ TimeToLiveStatus: 'DISABLED' }, ({ operation }) => {
        if (operation !== 'UpdateTimeToLive') return {};
        if (refuse) {
          return refusal('ValidationException', 'Time to live has been modified multiple times');
        }
        done();
        return {};
      }),
    );
    const warned = nextWarning(store);
    await store.createTableIfDontExists();
    expect(await warned).toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining('modified multiple times'),
    });
    const later = () => timers.mock.calls.find(([, pause]) => pause === 60_000);
    while (!later()) await new Promise((resolve) => realTimeout(resolve, 1));
    expect(stub.count('UpdateTimeToLive')).toBe(1);
    refuse = false;
    // What happens when the minute is over.
    later()[0]();
    await changed;
    timers.mockRestore();
  });

  test('that is refused for good is a warning, and the store works', async () => {
    const { store } = await newStubbed(
      existing({ TimeToLiveStatus: 'DISABLED' }, ({ operation }) =>
        operation === 'UpdateTimeToLive' ? refusal('AccessDeniedException') : {},
      ),
    );
    const warned = nextWarning(store);
    await store.createTableIfDontExists();
    expect(await warned).toMatchObject({ code: 'AccessDeniedException' });
    expect(await store.get('abc')).toBeUndefined();
  });
});

describe('D11: the capacity of a table that exists', () => {
  const capacity = async (name) => (await describeTable(name)).ProvisionedThroughput;

  test('is never set back to a default', async () => {
    const name = await newKoaTable();
    await newStore({ table: { name, autoCreate: true } }).get('abc');
    expect(await capacity(name)).toMatchObject({ ReadCapacityUnits: 7, WriteCapacityUnits: 7 });
  });

  test('is changed where the user has set a number, and only that', async () => {
    const name = await newKoaTable();
    await newStore({ table: { name, writeCapacityUnits: 9 } }).createTableIfDontExists();
    expect(await capacity(name)).toMatchObject({ ReadCapacityUnits: 7, WriteCapacityUnits: 9 });
  });

  test('is left where it is what the user has set', async () => {
    const { stub, store } = await newStubbed(
      (call) => {
        const answer = existing({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' })(call);
        if (call.operation === 'DescribeTable') {
          answer.body.Table.ProvisionedThroughput = { ReadCapacityUnits: 9, WriteCapacityUnits: 5 };
        }
        return answer;
      },
      { table: { readCapacityUnits: 9 } },
    );
    await store.createTableIfDontExists();
    expect(stub.count('UpdateTable')).toBe(0);
  });

  test('is left on demand', async () => {
    const name = await newKoaTable(onDemand);
    const table = { name, readCapacityUnits: 9, writeCapacityUnits: 9 };
    const store = newStore({ table });
    await store.createTableIfDontExists();
    expect(await store.updateTable()).toBe(false);
    const { BillingModeSummary } = await describeTable(name);
    expect(BillingModeSummary).toMatchObject({ BillingMode: 'PAY_PER_REQUEST' });
  });

  test('that cannot be changed is a warning, and the store works', async () => {
    const { store } = await newStubbed(
      existing({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' }, ({ operation }) =>
        operation === 'UpdateTable' ? refusal('LimitExceededException') : {},
      ),
      { table: { readCapacityUnits: 9 } },
    );
    const warned = nextWarning(store);
    await store.createTableIfDontExists();
    expect(await warned).toMatchObject({ code: 'LimitExceededException' });
    expect(await store.get('abc')).toBeUndefined();
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
    await store.set('abc', {}, maxAge);
    const { N } = (await getItem(name, 'abc', 'sessionId')).expires;
    expect(N).toMatch(/^\d{10}$/);
    expect(Math.abs(Number(N) - seconds() - expected)).toBeLessThanOrEqual(5);
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
    message: 'no such table',
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

test('isTableCreated, createTable and setTtlField can be called by themselves', async () => {
  const store = newStore({ table: { name: newTableName() } });
  expect(await store.isTableCreated()).toBeNull();
  await store.createTable();
  expect(await store.isTableCreated()).toEqual({
    describeTable: {
      Table: {
        TableName: store.tableName,
        TableStatus: 'ACTIVE',
        BillingModeSummary: { BillingMode: 'PROVISIONED' },
        ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
      },
    },
    describeTimeToLive: { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } },
  });
  await store.setTtlField();
  await timeToLiveBecomes(store.tableName, { status: 'ENABLED', attribute: 'expires' });
});
