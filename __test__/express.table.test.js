'use strict';

/** The life of the table: found, created, waited for, refused. */

const { DynamoDBStore } = require('..');
const {
  describeTable,
  dynamoConfig,
  newTable,
  newTableName,
  send,
  timeToLive,
} = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { refusal, table } = require('./support/stub-dynamodb');

const { newStore, newStubbed } = storesOf(DynamoDBStore);

test('a table that is missing is created as connect-dynamodb did, once', async () => {
  const store = newStore({ table: newTableName() });
  const describe = jest.spyOn(store, 'describeSessionsTable');
  const create = jest.spyOn(store, 'createSessionsTable');
  await store.initialize();
  await store.initialize();
  expect(describe).toHaveBeenCalledTimes(1);
  expect(create).toHaveBeenCalledTimes(1);
  expect(store.initialized).toBe(true);
  expect(await describeTable(store.table)).toMatchObject({
    TableStatus: 'ACTIVE',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
  });
});

test('a table that exists is left as it is', async () => {
  const existing = await newTable();
  const store = newStore({ table: existing, readCapacityUnits: 50 });
  const create = jest.spyOn(store, 'createSessionsTable');
  const before = await describeTable(existing);
  await store.set('abc', {});
  expect(create).not.toHaveBeenCalled();
  const after = await describeTable(existing);
  expect(after.BillingModeSummary).toEqual(before.BillingModeSummary);
  expect(await timeToLive(existing)).toMatchObject({ TimeToLiveStatus: 'DISABLED' });
});

test('capacity units, hash key and payment are those of the options', async () => {
  const provisioned = newStore({
    table: newTableName(),
    hashKey: 'sid',
    readCapacityUnits: '25',
    writeCapacityUnits: 3,
  });
  await provisioned.initialize();
  expect(await describeTable(provisioned.table)).toMatchObject({
    KeySchema: [{ AttributeName: 'sid', KeyType: 'HASH' }],
    ProvisionedThroughput: { ReadCapacityUnits: 25, WriteCapacityUnits: 3 },
  });
  const onDemand = newStore({ table: newTableName(), payPerRequest: true });
  await onDemand.initialize();
  expect(await describeTable(onDemand.table)).toMatchObject({
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
  });
});

test('a created table has time to live on expires', async () => {
  const store = newStore({ table: newTableName() });
  await store.initialize();
  expect(await timeToLive(store.table)).toMatchObject({
    AttributeName: 'expires',
    TimeToLiveStatus: expect.stringMatching(/^ENABL/),
  });
});

test('time to live can be turned off', async () => {
  const store = newStore({ table: newTableName(), timeToLive: false });
  await store.initialize();
  expect(await timeToLive(store.table)).toMatchObject({ TimeToLiveStatus: 'DISABLED' });
});

test('time to live that is refused is a warning, and the store works', async () => {
  let created = false;
  const { store } = await newStubbed(({ operation }) => {
    if (operation === 'UpdateTimeToLive') return refusal('AccessDeniedException');
    if (operation === 'CreateTable') created = true;
    if (operation !== 'DescribeTable') return {};
    return created ? table() : refusal('ResourceNotFoundException');
  });
  const warned = new Promise((resolve) => {
    store.once('warning', resolve);
  });
  await store.set('abc', {});
  expect(await warned).toMatchObject({
    code: 'AccessDeniedException',
    message: expect.stringContaining('without time to live'),
    cause: expect.any(Error),
  });
});

test('a server that knows no time to live is a warning, and the store works', async () => {
  const dynalite = require('dynalite')({ createTableMs: 50 });
  await new Promise((resolve) => {
    dynalite.listen(0, '127.0.0.1', resolve);
  });
  const endpoint = `http://127.0.0.1:${dynalite.address().port}`;
  const store = newStore({ dynamoConfig: { ...dynamoConfig(), endpoint } });
  const warned = new Promise((resolve) => {
    store.once('warning', resolve);
  });
  await store.set('abc', { a: 1 });
  expect(await warned).toMatchObject({ code: 'UnknownOperationException' });
  expect(await store.get('abc')).toEqual({ a: 1 });
  await new Promise((resolve) => {
    dynalite.close(resolve);
  });
});

test('a table that is being created is waited for', async () => {
  let looks = 0;
  const { store } = await newStubbed(({ operation }) => {
    if (operation !== 'DescribeTable') return {};
    looks += 1;
    return table(looks < 3 ? 'CREATING' : 'ACTIVE');
  });
  expect(await store.get('abc')).toBeNull();
  expect(looks).toBe(3);
});

test('a table that never becomes usable is a timeout, and the next call tries again', async () => {
  let status = 'CREATING';
  const { store } = await newStubbed(
    ({ operation }) => (operation === 'DescribeTable' ? table(status) : {}),
    { operationTimeout: 1000, tableTimeout: 1200 },
  );
  await expect(store.get('abc')).rejects.toMatchObject({ code: 'ERR_SESSION_TIMEOUT' });
  await expect(store.initialize()).rejects.toMatchObject({ code: 'ERR_SESSION_TIMEOUT' });
  expect(store.initialized).toBe(false);
  status = 'ACTIVE';
  expect(await store.get('abc')).toBeNull();
});

test('a table with another key is an error that names both keys', async () => {
  const keyed = await newTable({ hashKey: 'sid' });
  await expect(newStore({ table: keyed }).get('abc')).rejects.toMatchObject({
    code: 'ERR_SESSION_TABLE_KEY',
    message: expect.stringMatching(/sid.*id/),
  });
});

test('one store of many on a missing table creates it', async () => {
  const name = newTableName();
  const many = Array.from({ length: 5 }, () => newStore({ table: name }));
  await Promise.all(many.map((store, index) => store.set(`sid-${index}`, { index })));
  expect(await many[0].length()).toBe(5);
});

test('with initialized nobody looks for the table', async () => {
  const { stub, store } = await newStubbed(() => ({}), { initialized: true });
  await store.get('abc');
  expect(stub.calls.map(({ operation }) => operation)).toEqual(['GetItem']);
});

test('with initialized a missing table is an error of the call', async () => {
  const store = newStore({ table: newTableName(), initialized: true });
  await expect(store.get('abc')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    code: 'ResourceNotFoundException',
    retryable: false,
  });
});

test('initialize goes through methods that can be overridden', async () => {
  const { stub, store } = await newStubbed(() => ({}));
  store.describeSessionsTable = jest.fn(async () => {
    throw Object.assign(new Error('not there'), { name: 'ResourceNotFoundException' });
  });
  store.createSessionsTable = jest.fn(async () => {});
  await store.get('abc');
  await store.get('abc');
  expect(store.describeSessionsTable).toHaveBeenCalledTimes(1);
  expect(store.createSessionsTable).toHaveBeenCalledTimes(1);
  expect(stub.calls.map(({ operation }) => operation)).toEqual(['GetItem', 'GetItem']);
});

test('describeSessionsTable and createSessionsTable can be called by themselves', async () => {
  const store = newStore({ table: newTableName() });
  await expect(store.describeSessionsTable()).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  await store.createSessionsTable();
  await store.describeSessionsTable();
  await store.createSessionsTable();
});

describe('the property "initialized"', () => {
  class Initialized extends DynamoDBStore {
    initialized = true;
  }
  const storesOfSubclass = storesOf(Initialized);

  test('is the own property of a store that applications find with connect-dynamodb', async () => {
    const store = newStore({ table: await newTable() });
    expect(Object.entries(store)).toContainEqual(['initialized', false]);
    await store.initialize();
    expect(Object.entries(store)).toContainEqual(['initialized', true]);
  });

  test('of a subclass says that the table exists', async () => {
    const { stub, store } = await storesOfSubclass.newStubbed(() => ({}));
    expect(await store.get('abc')).toBeNull();
    expect(stub.count('DescribeTable')).toBe(0);
  });

  test('that is set to false has the table looked for, and made again after it was lost', async () => {
    const store = newStore({ table: newTableName(), initialized: true });
    store.initialized = false;
    await store.initialize();
    await send('DeleteTable', { TableName: store.table });
    await store.set('abc', { a: 1 });
    expect(await store.get('abc')).toEqual({ a: 1 });
  });
});
