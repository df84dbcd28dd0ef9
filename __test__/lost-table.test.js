'use strict';

/** A table that is lost while the application runs is made again, and calls go on. */

require('@shopify/shopify-api/adapters/node');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { dynamoConfig, items, newTableName, send } = require('./support/dynamodb');
const { failure } = require('./support/outages');
const { startProxy } = require('./support/proxy-dynamodb');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');

const { keep, newStubbed } = storesOf(DynamoDBStore);
const storesOfKoa = storesOf(KoaStore);

let proxy;

beforeAll(async () => {
  proxy = await startProxy();
});

afterAll(() => proxy.stop());

const connection = () => ({ ...dynamoConfig(), endpoint: proxy.endpoint });

const lose = (TableName) => send('DeleteTable', { TableName });

/** How often the proxy has seen an operation since this was last asked. */
const counts = () => {
  const seen = { CreateTable: 0 };
  for (const operation of proxy.operations()) seen[operation] = (seen[operation] ?? 0) + 1;
  return seen;
};

/** The stores of each framework: they have made their table, and it is lost again. */
const frameworks = {
  async Express(table) {
    const store = keep(new DynamoDBStore({ dynamoConfig: connection(), table }));
    await store.initialize();
    return { get: (sid) => store.get(sid), set: (sid, n) => store.set(sid, { n }), id: 'sess:' };
  },
  async Koa(table) {
    const autoCreate = { name: table, autoCreate: true };
    const store = keep(new KoaStore({ dynamoConfig: connection(), table: autoCreate }));
    await store.get('nobody');
    return { get: (sid) => store.get(sid), set: (sid, n) => store.set(sid, { n }, 60_000), id: '' };
  },
  async Shopify(table) {
    const storage = keep(
      new DynamoDBSessionStorage({ config: connection(), sessionTableName: table }),
    );
    await storage.createTableIfNotExists();
    const session = (id, n) => ({ id, shop: 'a', state: String(n), isOnline: false });
    return {
      get: (id) => storage.loadSession(id),
      set: (id, n) => storage.storeSession(session(id, n)),
      id: '',
      key: 'id',
    };
  },
};

describe.each(Object.entries(frameworks))('the table of a store for %s', (name, open) => {
  const hashKey = name === 'Koa' ? 'sessionId' : 'id';

  test('is made again, once for all calls that miss it', async () => {
    const table = newTableName();
    const { get, set, id } = await open(table);
    await set('before', 1);
    await lose(table);
    counts();
    const calls = Array.from({ length: 40 }, (_, index) =>
      index % 2 ? set(`sid-${index}`, index) : get('before'),
    );
    await Promise.all(calls);
    expect(counts().CreateTable).toBe(1);
    expect(Object.keys(await items(table, hashKey))).toHaveLength(20);
    await set('after', 2);
    expect(await items(table, hashKey)).toHaveProperty([`${id}after`]);
    expect(counts().CreateTable).toBe(0);
  });

  test('is made again each time', async () => {
    const table = newTableName();
    const { get, set } = await open(table);
    for (let round = 0; round < 3; round += 1) {
      await lose(table);
      await set('sid', round);
      expect(await get('sid')).toBeTruthy();
    }
  });

  test('keeps the order of calls on a session', async () => {
    const table = newTableName();
    const { set, id } = await open(table);
    await lose(table);
    const sids = Array.from({ length: 20 }, (_, index) => `sid-${index}`);
    const saves = [];
    for (let number = 0; number < 5; number += 1) {
      saves.push(...sids.map((sid) => set(sid, number)));
      await new Promise(setImmediate);
    }
    await Promise.all(saves);
    const found = await items(table, hashKey);
    for (const sid of sids) expect(JSON.stringify(found[`${id}${sid}`])).toMatch(/[^\d]4[^\d]/);
  });
});

test('initialized: true says that the table is made elsewhere', async () => {
  const table = newTableName();
  const maker = keep(new DynamoDBStore({ dynamoConfig: connection(), table }));
  await maker.initialize();
  const store = keep(new DynamoDBStore({ dynamoConfig: connection(), table, initialized: true }));
  await lose(table);
  counts();
  expect(await failure(store.get('sid'))).toMatchObject({ code: 'ResourceNotFoundException' });
  expect(counts().CreateTable).toBe(0);
});

test('nobody has asked a store for Koa to make the table', async () => {
  const table = newTableName();
  const maker = keep(new KoaStore({ dynamoConfig: connection(), table: { name: table } }));
  await maker.createTable();
  const store = keep(new KoaStore({ dynamoConfig: connection(), table: { name: table } }));
  await lose(table);
  counts();
  expect(await failure(store.get('sid'))).toMatchObject({ code: 'ResourceNotFoundException' });
  expect(counts().CreateTable).toBe(0);
});

test('a table that cannot be made again is missing', async () => {
  let isLost = false;
  const { store, stub } = await newStubbed(({ operation }) => {
    if (!isLost) return operation === 'DescribeTable' ? { body: { Table: {} } } : {};
    if (operation === 'CreateTable') return refusal('AccessDeniedException');
    return refusal('ResourceNotFoundException');
  });
  await store.get('sid');
  isLost = true;
  const errors = await Promise.all(['a', 'b', 'c'].map((sid) => failure(store.get(sid))));
  for (const error of errors) expect(error).toMatchObject({ code: 'ResourceNotFoundException' });
  expect(stub.count('CreateTable')).toBe(1);
  // As at the start: whoever calls is told why there is no table.
  expect(await failure(store.get('sid'))).toMatchObject({ code: 'AccessDeniedException' });
  isLost = false;
  expect(await store.get('sid')).toBeNull();
});

test('a store for Koa that must not look for its lost table goes on once the table is back', async () => {
  let isLost = false;
  const { store } = await storesOfKoa.newStubbed(
    ({ operation }) => {
      if (operation === 'DescribeTable') {
        return isLost ? refusal('AccessDeniedException') : { body: { Table: {} } };
      }
      return isLost && operation === 'GetItem' ? refusal('ResourceNotFoundException') : {};
    },
    { table: { autoCreate: true } },
  );
  await store.get('sid');
  isLost = true;
  expect(await failure(store.get('sid'))).toMatchObject({ code: 'ResourceNotFoundException' });
  const looks = jest.spyOn(store, 'createTableIfDontExists');
  isLost = false;
  expect(await store.get('sid')).toBeUndefined();
  expect(looks).not.toHaveBeenCalled();
});

test('a call waits for the table no longer than its deadline', async () => {
  let isLost = false;
  const { store } = await newStubbed(
    ({ operation }) => {
      if (!isLost) return operation === 'DescribeTable' ? { body: { Table: {} } } : {};
      return operation === 'DescribeTable' ? 'hang' : refusal('ResourceNotFoundException');
    },
    { operationTimeout: 500 },
  );
  await store.get('sid');
  isLost = true;
  expect(await failure(store.get('sid'))).toMatchObject({ code: 'ERR_SESSION_TIMEOUT' });
});
