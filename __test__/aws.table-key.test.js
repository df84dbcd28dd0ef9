'use strict';

/** Tables with another key than a store needs, and tables that do not exist, where no store looks at them. */

const { randomUUID } = require('node:crypto');
require('@shopify/shopify-api/adapters/node');
const { Session } = require('@shopify/shopify-api');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { dynamoConfig, newTable } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');

const { keep, newStub } = storesOf(DynamoDBStore);

/** A table with the attributes as its key, each a name and a type. */
function keyedBy(...attributes) {
  return newTable({
    AttributeDefinitions: attributes.map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: attributes.map(([AttributeName], index) => ({
      AttributeName,
      KeyType: index === 0 ? 'HASH' : 'RANGE',
    })),
  });
}

const shopify = () =>
  new Session({ id: 'sid', shop: 'a.myshopify.com', state: '1', isOnline: false });

/** The stores, on a table that they do not look at; their operations on a session. */
const stores = {
  Express: {
    key: 'id',
    open: (table, config, more) =>
      new DynamoDBStore({ table, initialized: true, dynamoConfig: config, ...more }),
    calls: {
      get: (store) => store.get('sid'),
      set: (store) => store.set('sid', { cookie: {} }),
      touch: (store) => store.touch('sid', { cookie: { maxAge: 1000 } }),
      destroy: (store) => store.destroy('sid'),
    },
  },
  Koa: {
    key: 'sessionId',
    open: (name, config, more) => new KoaStore({ table: { name }, dynamoConfig: config, ...more }),
    calls: {
      get: (store) => store.get('sid'),
      set: (store) => store.set('sid', { a: 1 }, 1000),
      destroy: (store) => store.destroy('sid'),
    },
  },
  Shopify: {
    key: 'id',
    open: (sessionTableName, config, more) =>
      new DynamoDBSessionStorage({ sessionTableName, config, ...more }),
    calls: {
      loadSession: (store) => store.loadSession('sid'),
      storeSession: (store) => store.storeSession(shopify()),
      deleteSession: (store) => store.deleteSession('sid'),
      deleteSessions: (store) => store.deleteSessions(['sid', 'other']),
    },
  },
};

const cases = Object.entries(stores).flatMap(([name, { calls }]) =>
  Object.keys(calls).map((call) => [name, call]),
);

describe.each([
  ['another attribute', [['other', 'S']]],
  ['a number', 'number'],
  ['a sort key too', 'sort'],
])('a table keyed by %s', (_what, shape) => {
  const tables = {};
  beforeAll(async () => {
    for (const key of ['id', 'sessionId']) {
      const shapes = {
        number: [[key, 'N']],
        sort: [
          [key, 'S'],
          ['other', 'S'],
        ],
      };
      tables[key] = await keyedBy(...(shapes[shape] ?? shape));
    }
  });

  test.each(cases)('is ERR_SESSION_TABLE_KEY: %s, %s', async (name, call) => {
    const { key, open, calls } = stores[name];
    const store = keep(open(tables[key], dynamoConfig()));
    await expect(calls[call](store)).rejects.toMatchObject({
      code: 'ERR_SESSION_TABLE_KEY',
      retryable: false,
      message: expect.stringContaining(
        `table "${tables[key]}" has another key than the store needs, the partition key ${key} (S) alone: `,
      ),
    });
  });
});

test('operations that are merged, and requests through a client, say the same', async () => {
  const table = await keyedBy(['other', 'S']);
  for (const more of [{ batchThreshold: 1 }, { transport: 'client' }]) {
    const store = keep(stores.Express.open(table, dynamoConfig(), more));
    const calls = Array.from({ length: 20 }, (_, index) =>
      index % 2 ? store.get(`sid${index}`) : store.set(`sid${index}`, { cookie: {} }),
    );
    const outcomes = await Promise.allSettled(calls);
    const codes = new Set(outcomes.map(({ reason }) => reason?.code));
    expect([...codes]).toEqual(['ERR_SESSION_TABLE_KEY']);
  }
});

// The words of DynamoDB on AWS. DynamoDB Local has others.
test.each([
  ['One or more parameter values were invalid: Missing the key other in the item'],
  ['One or more parameter values were invalid: Type mismatch for key id expected: N actual: S'],
  ['The provided key element does not match the schema'],
])('DynamoDB says "%s"', async (words) => {
  const { config } = await newStub(() => refusal('ValidationException', words));
  const store = keep(stores.Express.open('sessions', config));
  const error = await store.set('sid', { cookie: {} }).catch((reason) => reason);
  expect(error.code).toBe('ERR_SESSION_TABLE_KEY');
  expect(error.message).toContain(words);
});

test.each([
  ['One or more parameter values were invalid: Type mismatch for Index Key shop Expected: S'],
  ['Item size has exceeded the maximum allowed size'],
])('another refusal stays what it is: %s', async (words) => {
  const { config } = await newStub(() => refusal('ValidationException', words));
  const store = keep(stores.Express.open('sessions', config));
  await expect(store.set('sid', { cookie: {} })).rejects.toMatchObject({
    code: 'ValidationException',
    message: words,
  });
});

test.each(cases)('a table that does not exist may be in the making: %s, %s', async (name, call) => {
  const { open, calls } = stores[name];
  const table = `none-${randomUUID()}`;
  const store = keep(open(table, dynamoConfig()));
  const error = await calls[call](store).catch((reason) => reason);
  expect(error.code).toBe('ResourceNotFoundException');
  expect(error.message).toContain(': the table does not exist, or is still being created');
  expect(error.message).toContain(`table "${table}"`);
});

test('a table with the right key is fine', async () => {
  const store = keep(stores.Express.open(await newTable(), dynamoConfig()));
  expect(await store.get('sid')).toBeNull();
});
