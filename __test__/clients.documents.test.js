'use strict';

/** A document client of aws-sdk v2 as `client`: the plain client in it is used. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const AWS = require('aws-sdk');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { local, v2 } = require('./support/clients');
const { newTable } = require('./support/dynamodb');
const { offline } = require('./support/shopify');
const { storesOf } = require('./support/stores');

const { DocumentClient } = AWS.DynamoDB;
const { keep, newStub } = storesOf(DynamoDBStore);

const settings = () => ({ ...local(), credentials: new AWS.Credentials(local().credentials) });
const newDocumentClient = (options) => new DocumentClient({ ...settings(), ...options });

/** A store of each framework, and a session kept in it. */
const stores = {
  async Express(client) {
    const store = keep(new DynamoDBStore({ client, table: await newTable() }));
    await store.set('abc', { a: 1 });
    return [store, await store.get('abc')];
  },
  async Koa(client) {
    const table = { name: await newTable({ hashKey: 'sessionId' }) };
    const store = keep(new KoaStore({ client, table }));
    await store.set('abc', { a: 1 }, 60_000);
    return [store, await store.get('abc')];
  },
  async Shopify(client) {
    const storage = keep(
      new DynamoDBSessionStorage({ client, sessionTableName: await newTable() }),
    );
    await storage.storeSession(offline());
    return [storage, await storage.loadSession(offline().id)];
  },
};

const kinds = {
  'with settings': newDocumentClient,
  'around a client': () => new DocumentClient({ service: v2() }),
};

describe.each(Object.keys(stores))('%s', (framework) => {
  test.each(Object.entries(kinds))('takes one %s for the client in it', async (_kind, make) => {
    const client = make();
    const [store, session] = await stores[framework](client);
    expect(session).toMatchObject(framework === 'Shopify' ? { id: offline().id } : { a: 1 });
    expect(store.transport).toBe('native');
    expect(store.client).toBe(client.service);
  });

  test('calls the client in one that was customised', async () => {
    const client = newDocumentClient();
    const operations = [];
    client.service.customizeRequests((request) => operations.push(request.operation));
    const [store] = await stores[framework](client);
    expect(store.transport).toBe('client');
    expect(operations).toEqual(expect.arrayContaining(['putItem', 'getItem']));
  });
});

test('its settings are those that requests go out with', async () => {
  const { stub } = await newStub(() => ({}));
  const client = newDocumentClient({ endpoint: stub.endpoint, region: 'eu-central-2' });
  await keep(new DynamoDBStore({ client, initialized: true })).get('abc');
  expect(stub.calls[0].headers.authorization).toContain('/eu-central-2/dynamodb/');
});

test('one with parameters of its own has the client in it called', async () => {
  const client = newDocumentClient({ params: { ReturnConsumedCapacity: 'TOTAL' } });
  const [store] = await stores.Express(client);
  expect(store.transport).toBe('client');
  expect(() => new DynamoDBStore({ client, transport: 'native' })).toThrow('"params"');
});

test('one that is put in the place of the client is too', async () => {
  const store = keep(new DynamoDBStore({ client: v2(), table: await newTable() }));
  const client = newDocumentClient();
  store.client = client;
  await store.set('abc', { a: 1 });
  expect(await store.get('abc')).toMatchObject({ a: 1 });
  expect(store.client).toBe(client.service);
});

describe('one without a client in it is a TypeError', () => {
  const documents = { get() {}, put() {}, delete() {}, query() {}, scan() {} };

  test.each([
    ['Express', (client) => new DynamoDBStore({ client })],
    ['Koa', (client) => new KoaStore({ client })],
    ['Shopify', (client) => new DynamoDBSessionStorage({ client })],
  ])('in %s', (_framework, open) => {
    for (const client of [documents, { ...documents, service: {} }]) {
      expect(() => open(client)).toThrow(TypeError);
      expect(() => open(client)).toThrow(/^option "client" must be a DynamoDBClient/);
    }
  });

  test('in the place of a client', () => {
    const store = keep(new DynamoDBStore());
    expect(() => {
      store.client = documents;
    }).toThrow(TypeError);
  });
});
