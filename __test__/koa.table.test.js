'use strict';

/** The Koa store's table: its life, its time to live, and the defects D10 and D11. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const DynamoDBStore = require('../koa');
const { DAY } = require('./support/contract');
const {
  describeTable,
  dynamoConfig,
  getItem,
  items,
  newTableName,
  send,
  timeToLive,
} = require('./support/dynamodb');
const { newKoaTable } = require('./support/koa-table');
const { storesOf } = require('./support/stores');
const { refusal, table: tableAnswer } = require('./support/stub-dynamodb');

const { keep, newStore, newStub, newStubbed } = storesOf(DynamoDBStore);

const onDemand = { BillingMode: 'PAY_PER_REQUEST', ProvisionedThroughput: undefined };

const setTimeToLive = (TableName, AttributeName, Enabled = true) =>
  send('UpdateTimeToLive', { TableName, TimeToLiveSpecification: { AttributeName, Enabled } });

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
