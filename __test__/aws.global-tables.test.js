'use strict';

/**
 * A replica of a global table with multi-Region strong consistency refuses to write an item that
 * another Region is writing at that moment.
 */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const AWS = require('aws-sdk');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { credentials, region } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');

const { keep, newStub } = storesOf(DynamoDBStore);

const CONFLICT = 'ReplicatedWriteConflictException';

const conflict = () =>
  refusal(
    CONFLICT,
    'The request was rejected because one or more items in the request are being modified by a ' +
      'request in another Region.',
  );

/** Each way to a DynamoDB, with as many attempts as it makes by itself. */
const waysOf = (Store) => ({
  'from the addon': (config) => ({ [settingsOf(Store)]: config }),
  'through a client of aws-sdk v3': ({ endpoint }) => ({
    client: new DynamoDBClient({ endpoint, region, credentials: { ...credentials } }),
    transport: 'client',
  }),
  'through a client of aws-sdk v2': ({ endpoint }) => ({
    client: new AWS.DynamoDB({ endpoint, region, credentials: new AWS.Credentials(credentials) }),
    transport: 'client',
  }),
});

const settingsOf = (Store) => (Store === DynamoDBSessionStorage ? 'config' : 'dynamoConfig');

/** What keeps a store from looking for its table. */
const ready = (Store) => (Store === DynamoDBStore ? { initialized: true } : {});

const session = { cookie: { maxAge: 60_000 } };
const ofShop = { id: 'one', shop: 'a', state: '', isOnline: false };

/** Each write of each framework: its store, a read, and the write. */
const read = (store) => store.get('one');
const load = (storage) => storage.loadSession('one');
const writes = {
  'set of Express': [DynamoDBStore, read, (store) => store.set('one', session)],
  'touch of Express': [DynamoDBStore, read, (store) => store.touch('one', session)],
  'destroy of Express': [DynamoDBStore, read, (store) => store.destroy('one')],
  'set of Koa': [KoaStore, read, (store) => store.set('one', {}, 60_000)],
  'destroy of Koa': [KoaStore, read, (store) => store.destroy('one')],
  'storeSession of Shopify': [
    DynamoDBSessionStorage,
    load,
    (storage) => storage.storeSession(ofShop),
  ],
  'deleteSession of Shopify': [
    DynamoDBSessionStorage,
    load,
    (storage) => storage.deleteSession('one'),
  ],
};

const isWrite = ({ operation }) => /^(Put|Update|Delete|BatchWrite)/.test(operation);

/** A replica that refuses this many writes, and a store on it. */
async function newReplica(Store, way, refused, options) {
  let left = refused;
  const { stub, config } = await newStub((call) => {
    if (!isWrite(call) || left === 0) return {};
    left -= 1;
    return conflict();
  });
  const store = keep(new Store({ ...waysOf(Store)[way](config), ...ready(Store), ...options }));
  return { store, written: () => stub.calls.filter(isWrite) };
}

const all = Object.keys(waysOf()).flatMap((way) =>
  Object.entries(writes).map(([name, write]) => [name, way, write]),
);

describe.each(all)('%s, %s,', (_name, way, [Store, readOf, write]) => {
  test('is tried again while another Region writes the item', async () => {
    const { store, written } = await newReplica(Store, way, 2);
    await write(store);
    expect(written()).toHaveLength(3);
  });

  test('is tried again where the request before it has succeeded', async () => {
    const { store, written } = await newReplica(Store, way, 2);
    await readOf(store);
    await write(store);
    expect(written()).toHaveLength(3);
    // All attempts are the fast path's, which gives requests no id.
    const ids = written().map(({ headers }) => headers['amz-sdk-invocation-id'] !== undefined);
    if (way === 'from the addon') expect(ids).toEqual([false, false, false]);
  });

  test('fails with an error to be tried again while that lasts', async () => {
    const { store } = await newReplica(Store, way, Number.POSITIVE_INFINITY, {
      // The addon tries again until then.
      operationTimeout: 1000,
    });
    await expect(write(store)).rejects.toMatchObject({
      name: CONFLICT,
      code: CONFLICT,
      retryable: true,
      message: expect.stringContaining('in another Region'),
    });
  });
});
