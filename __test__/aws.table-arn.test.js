'use strict';

/** A table that is named by its ARN, as one of another account has to be. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { describeTable, dynamoConfig, newTable } = require('./support/dynamodb');
const { newStorageAndTable } = require('./support/shopify');
const { storesOf } = require('./support/stores');
const { ways } = require('./support/ways');

const { keep } = storesOf(DynamoDBStore);

const arnOf = async (table) => (await describeTable(table)).TableArn;

describe.each(Object.entries(ways))('%s,', (_name, way) => {
  const reaching = way(process.env.DYNAMODB_ENDPOINT);

  test('a store for Express works on a table with an ARN for a name', async () => {
    const table = await arnOf(await newTable());
    const store = keep(new DynamoDBStore({ table, batchThreshold: 1, ...reaching }));
    const sids = ['a', 'b', 'c', 'd'];
    const session = (sid) => ({ cookie: { maxAge: 60_000 }, sid });
    await Promise.all(sids.map((sid) => store.set(sid, session(sid))));
    const found = await Promise.all(sids.map((sid) => store.get(sid)));
    expect(found.map(({ sid }) => sid)).toEqual(sids);
    expect(await store.touch('a', session('a'))).toMatchObject({ expires: expect.any(Number) });
    await store.destroy('b');
    expect((await store.ids()).sort()).toEqual(['a', 'c', 'd']);
    expect(await store.reap()).toBe(0);
  });

  test('a store for Koa does, too', async () => {
    const name = await arnOf(await newTable({ hashKey: 'sessionId' }));
    const store = keep(new KoaStore({ table: { name }, ...reaching }));
    await store.set('a', { user: 'Ann' }, 60_000);
    expect(await store.get('a')).toEqual({ user: 'Ann' });
    expect(await store.isTableCreated()).not.toBeNull();
    await store.destroy('a');
    expect(await store.get('a')).toBeUndefined();
  });
});

test('so does a storage for Shopify, with its index', async () => {
  const sessionTableName = await arnOf((await newStorageAndTable()).table);
  const storage = keep(new DynamoDBSessionStorage({ sessionTableName, config: dynamoConfig() }));
  const ids = ['one', 'two', 'three'];
  for (const id of ids) {
    await storage.storeSession({ id, shop: 'a', state: '', isOnline: false });
  }
  expect((await storage.findSessionsByShop('a')).map(({ id }) => id).sort()).toEqual(
    [...ids].sort(),
  );
  await storage.deleteSessions(ids);
  expect(await storage.findSessionsByShop('a')).toEqual([]);
});
