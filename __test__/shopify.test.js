'use strict';

/** The Shopify storage: its sessions, options and table, and the defect D19 by its number. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { once } = require('node:events');
require('@shopify/shopify-api/adapters/node');
const { Session } = require('@shopify/shopify-api');
const {
  DynamoDBSessionStorage: Published,
} = require('@shopify/shopify-app-session-storage-dynamodb');
const { DynamoDBSessionStorage } = require('../shopify');
const {
  credentials,
  describeTable,
  getItem,
  newTable,
  newTableName,
  putItem,
  region,
  timeToLive,
} = require('./support/dynamodb');
const {
  newStorage,
  newStorageAndTable,
  newStore,
  newStubbed,
  offline,
  shop,
} = require('./support/shopify');
const { refusal } = require('./support/stub-dynamodb');
const { ways } = require('./support/ways');

const inAnHour = () => new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);

const kinds = {
  offline: () => offline({ scope: 'read_products', accessToken: 'token' }),
  'with no more than it must have': () => offline(),
  'that expires, with a refresh token': () =>
    offline({
      accessToken: 'token',
      expires: inAnHour(),
      refreshToken: 'refresh',
      refreshTokenExpires: new Date(inAnHour().getTime() + 86_400_000),
    }),
  online: () =>
    new Session({
      id: `${shop}_1`,
      shop,
      state: '',
      isOnline: true,
      accessToken: 'token',
      scope: 'a,b',
      expires: inAnHour(),
      onlineAccessInfo: {
        expires_in: 3600,
        associated_user_scope: 'a',
        associated_user: {
          id: 1,
          first_name: 'Ann',
          last_name: '✓',
          email: 'ann@example.com',
          email_verified: true,
          account_owner: false,
          locale: 'en',
          collaborator: false,
        },
      },
    }),
};

describe('a session', () => {
  test.each(Object.entries(kinds))('%s is stored and loaded', async (_kind, make) => {
    const storage = await newStorage();
    const session = make();
    expect(await storage.storeSession(session)).toBe(true);
    const loaded = await storage.loadSession(session.id);
    expect(loaded).toBeInstanceOf(Session);
    expect(loaded.toObject()).toEqual(session.toObject());
    expect(loaded.equals(session)).toBe(true);
  });

  test('whose token has expired is loaded all the same', async () => {
    const storage = await newStorage();
    await storage.storeSession(offline({ expires: new Date(0) }));
    expect((await storage.loadSession(`offline_${shop}`)).expires).toEqual(new Date(0));
  });

  test('that is stored again is replaced as a whole', async () => {
    const storage = await newStorage();
    await storage.storeSession(kinds.offline());
    await storage.storeSession(offline());
    expect((await storage.loadSession(`offline_${shop}`)).accessToken).toBeUndefined();
  });

  test('of 300 KB', async () => {
    const storage = await newStorage();
    const session = offline({ accessToken: 'x'.repeat(300_000) });
    await storage.storeSession(session);
    expect(await storage.loadSession(session.id)).toEqual(session);
  });

  test.each(['a b', 'ä/🦀', "'; --", 'x'.repeat(1000)])('with the id %p', async (id) => {
    const storage = await newStorage();
    await storage.storeSession(offline({ id }));
    expect((await storage.loadSession(id)).id).toBe(id);
    await storage.deleteSession(id);
    expect(await storage.loadSession(id)).toBeUndefined();
  });

  test('that is not there is undefined, and so is one without an id', async () => {
    const storage = await newStorage();
    expect(await storage.loadSession('unknown')).toBeUndefined();
    expect(await storage.loadSession('')).toBeUndefined();
    expect(await storage.loadSession(undefined)).toBeUndefined();
    expect(await storage.deleteSession('unknown')).toBe(true);
  });

  test('keeps attributes that are not known, and whole numbers that are no numbers', async () => {
    const { storage, table } = await newStorageAndTable();
    await storage.storeSession(offline());
    const item = await getItem(table, `offline_${shop}`);
    const extra = { S: 'kept' };
    await putItem(table, { ...item, extra, big: { N: '9007199254740993' } });
    const loaded = await storage.loadSession(`offline_${shop}`);
    expect(loaded).toMatchObject({ extra: 'kept', big: 9007199254740993n });
  });

  test('with a number that is not finite is refused by its place, as by the published one', async () => {
    const storage = await newStorage();
    const session = kinds.online();
    session.onlineAccessInfo.expires_in = Number.NaN;
    await expect(storage.storeSession(session)).rejects.toMatchObject({
      code: 'ERR_SESSION_VALUE',
      message: expect.stringMatching(/^session\.onlineAccessInfo\.expires_in is a number/),
    });
    await expect(new Published().storeSession(session)).rejects.toThrow('NaN');
  });

  test('has its properties in the same order at each read', async () => {
    const { storage, table } = await newStorageAndTable();
    await storage.storeSession(kinds.online());
    const item = await getItem(table, `${shop}_1`);
    const names = ['soup', 'bread', 'tea', 'cake', 'fish', 'rice'];
    const extra = { M: Object.fromEntries(names.map((name) => [name, { NULL: true }])) };
    await putItem(table, { ...item, extra });
    for (let read = 0; read < 8; read += 1) {
      const loaded = await storage.loadSession(`${shop}_1`);
      expect(Object.keys(loaded.extra)).toEqual([...names].sort());
    }
  });

  test.each([
    ['no session', undefined],
    ['no object', 'session'],
    ['a session without an id', { shop }],
    ['a date that is none', { id: 'a', shop, expires: new Date(Number.NaN) }],
  ])('cannot be %s', async (_what, session) => {
    const storage = await newStorage();
    await expect(storage.storeSession(session)).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
    });
  });
});

describe.each(Object.entries(ways))('%s', (_way, connection) => {
  test('sessions are stored and loaded', async () => {
    const storage = await newStorage({
      dynamoConfig: undefined,
      ...connection(process.env.DYNAMODB_ENDPOINT),
    });
    const session = kinds.online();
    await storage.storeSession(session);
    expect(await storage.loadSession(`${shop}_1`)).toEqual(session);
  });
});

describe('D19: the time to live', () => {
  const end = inAnHour();
  const later = new Date(end.getTime() + 86_400_000);
  test.each([
    ['the end of the token', { expires: end }, end],
    [
      'the end of the refresh token',
      { expires: end, refreshToken: 'r', refreshTokenExpires: later },
      later,
    ],
    ['none without an end', {}, undefined],
    ['none where the end is null', { expires: null, refreshTokenExpires: null }, undefined],
    ['none where the refresh token has none', { expires: end, refreshToken: 'r' }, undefined],
  ])('is %s', async (_what, properties, expected) => {
    const { storage, table } = await newStorageAndTable({ expiresTtl: 'ttl' });
    await storage.storeSession(offline(properties));
    const item = await getItem(table, `offline_${shop}`);
    expect(item.ttl).toEqual(expected && { N: String(expected.getTime() / 1000) });
    const { expires } = properties;
    expect(item.expires).toEqual(expires ? { S: expires.toISOString() } : undefined);
    expect(await storage.loadSession(`offline_${shop}`)).not.toHaveProperty('ttl');
    const { AttributeName, TimeToLiveStatus } = await timeToLive(table);
    expect(AttributeName).toBe('ttl');
    expect(TimeToLiveStatus).toMatch(/^ENABL/);
  });

  test('is not written unless it is asked for', async () => {
    const { storage, table } = await newStorageAndTable();
    await storage.storeSession(offline({ expires: end }));
    expect(Object.keys(await getItem(table, `offline_${shop}`)).sort()).toEqual(
      ['id', 'shop', 'state', 'isOnline', 'expires'].sort(),
    );
    expect(await timeToLive(table)).toMatchObject({ TimeToLiveStatus: 'DISABLED' });
  });

  test('is turned on for a table that exists, and its own attribute is respected', async () => {
    const { table } = await newStorageAndTable();
    await newStorage({ sessionTableName: table, expiresTtl: 'ttl' });
    let found;
    do found = await timeToLive(table);
    while (found.TimeToLiveStatus !== 'ENABLED');
    expect(found.AttributeName).toBe('ttl');
    const other = newStore({ sessionTableName: table, expiresTtl: 'other' });
    const warned = new Promise((resolve) => {
      other.once('warning', resolve);
    });
    await other.createTableIfNotExists();
    expect(await warned).toMatchObject({
      message: expect.stringContaining('the time to live of the table is on "ttl", not on "other"'),
    });
  });
});

/** What a table has beside its key: an index, whose partition key is `attribute`. */
function indexedBy(IndexName, attribute) {
  const KeySchema = [{ AttributeName: attribute, KeyType: 'HASH' }];
  return {
    AttributeDefinitions: ['id', attribute].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    GlobalSecondaryIndexes: [{ IndexName, KeySchema, Projection: { ProjectionType: 'KEYS_ONLY' } }],
  };
}

describe('createTableIfNotExists', () => {
  test.each([
    ['on demand', {}, { BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } }],
    [
      'with capacities',
      { readCapacityUnits: 2, writeCapacityUnits: '3' },
      { ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 3 } },
    ],
  ])('makes the table and its index, %s', async (_what, options, expected) => {
    const { table } = await newStorageAndTable({ shopIndexName: 'by_shop', ...options });
    const found = await describeTable(table);
    expect(found).toMatchObject({
      ...expected,
      TableStatus: 'ACTIVE',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by_shop',
          KeySchema: [{ AttributeName: 'shop', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    });
  });

  test('makes one table, however many ask', async () => {
    const sessionTableName = newTableName();
    const many = Array.from({ length: 3 }, () => newStore({ sessionTableName }));
    await Promise.all(
      many.flatMap((storage) => [1, 2].map(() => storage.createTableIfNotExists())),
    );
    await many[0].storeSession(offline());
    expect(await many[1].findSessionsByShop(shop)).toHaveLength(1);
  });

  test.each([
    ['has no index', undefined, 'the table has no global secondary index "shop_index"'],
    ['has an index by another attribute', 'state', 'has the partition key "state"'],
  ])('warns of a table that %s, which serves all else', async (_what, attribute, reason) => {
    const sessionTableName = await newTable(attribute && indexedBy('shop_index', attribute));
    const storage = newStore({ sessionTableName });
    const warned = once(storage, 'warning');
    await storage.createTableIfNotExists();
    const [warning] = await warned;
    expect(warning).toMatchObject({ code: 'ERR_SESSION_TABLE_INDEX', retryable: false });
    const start = `table "${sessionTableName}" cannot be searched by shop: `;
    expect(warning.message).toContain(start);
    expect(warning.message).toContain(reason);
    expect(warning.message).toContain('"shop" (S)');
    await storage.storeSession(offline());
    expect((await storage.loadSession(offline().id)).shop).toBe(shop);
    await expect(storage.findSessionsByShop(shop)).rejects.toMatchObject({
      code: 'ValidationException',
    });
  });

  test('does not warn of a table with the index', async () => {
    const sessionTableName = await newTable(indexedBy('by_shop', 'shop'));
    const storage = newStore({ sessionTableName, shopIndexName: 'by_shop' });
    const warnings = [];
    storage.on('warning', (warning) => warnings.push(warning));
    await storage.createTableIfNotExists();
    await storage.storeSession(offline());
    expect(await storage.findSessionsByShop(shop)).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  test('that fails is an error, and is tried again', async () => {
    let refuse = true;
    const { store } = await newStubbed(() => {
      if (refuse) return refusal('AccessDeniedException');
      const KeySchema = [{ AttributeName: 'id', KeyType: 'HASH' }];
      return {
        body: {
          Table: { TableStatus: 'ACTIVE', KeySchema, ...indexedBy('shop_index', 'shop') },
        },
      };
    });
    const error = { code: 'AccessDeniedException' };
    await expect(store.createTableIfNotExists()).rejects.toMatchObject(error);
    refuse = false;
    await expect(store.createTableIfNotExists()).resolves.toBeUndefined();
  });
});

describe('a wrong option is a TypeError at construction that names it:', () => {
  test.each([
    ['sessionTableName', ''],
    ['sessionTableName', 5],
    ['shopIndexName', 'x'],
    ['expiresTtl', 'expires'],
    ['expiresTtl', ''],
    ['consistentRead', 1],
    ['readCapacityUnits', 0],
    ['writeCapacityUnits', 'many'],
    ['operationTimeout', -1],
    ['config', 'us-east-1'],
    ['config.region', { region: 5 }, 'config'],
    ['config.endpoint', { endpoint: '::' }, 'config'],
    ['client', {}],
  ])('%s: %p', (name, value, option = name) => {
    const make = () => new DynamoDBSessionStorage({ [option]: value });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(`option "${name}" `);
  });

  test('config and client', () => {
    const client = { config: {}, send() {} };
    expect(() => new DynamoDBSessionStorage({ config: {}, client })).toThrow(TypeError);
  });
});

test('a closed storage says so', async () => {
  const storage = await newStorage();
  await storage.close();
  const code = 'ERR_SESSION_CLOSED';
  await expect(storage.loadSession('a')).rejects.toMatchObject({ code });
  await expect(storage.findSessionsByShop(shop)).rejects.toMatchObject({ code });
  await expect(storage.deleteSessions(['a'])).rejects.toMatchObject({ code });
});

describe('the published storage', () => {
  test.each(Object.entries(kinds))('and this one read each other: %s', async (_kind, make) => {
    const { storage, table } = await newStorageAndTable();
    const published = new Published({
      sessionTableName: table,
      shopIndexName: 'shop_index',
      config: { endpoint: process.env.DYNAMODB_ENDPOINT, region, credentials: { ...credentials } },
    });
    const session = make();
    await published.storeSession(session);
    const theirs = await getItem(table, session.id);
    expect(await storage.loadSession(session.id)).toEqual(await published.loadSession(session.id));
    expect(await storage.findSessionsByShop(shop)).toEqual([session]);
    await storage.storeSession(session);
    expect(await getItem(table, session.id)).toEqual(theirs);
    expect(await published.loadSession(session.id)).toEqual(session);
    expect(await published.findSessionsByShop(shop)).toEqual([session]);
    await published.deleteSession(session.id);
    expect(await storage.loadSession(session.id)).toBeUndefined();
  });
});
