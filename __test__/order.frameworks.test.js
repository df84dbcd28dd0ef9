'use strict';

/** The order of operations on one session, for Koa and Shopify. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

require('@shopify/shopify-api/adapters/node');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { koa, shopify } = require('./support/frameworks');
const { startHeld } = require('./support/held-dynamodb');
const { calledV2, calledV3, describeOrder, native, unmerged } = require('./support/order');

const openKoa = (options) => new KoaStore({ table: { name: 'order-koa' }, ...options });

const openShopify = ({ dynamoConfig, ...options }) =>
  new DynamoDBSessionStorage({
    sessionTableName: 'order-shopify',
    ...(dynamoConfig && { config: dynamoConfig }),
    ...options,
  });

describeOrder(koa, 'sessionId', openKoa, {
  'a Koa store': (endpoint) => [native(endpoint)],
  'two Koa stores, one without merging': (endpoint) => [native(endpoint), unmerged(endpoint)],
  'a Koa store that calls a client of v2': (endpoint) => [calledV2(endpoint)],
});

describeOrder(shopify, 'id', openShopify, {
  'a storage for Shopify': (endpoint) => [native(endpoint)],
  'a storage for Shopify that merges no single operations': (endpoint) => [unmerged(endpoint)],
  'a storage for Shopify that calls a client of v3': (endpoint) => [calledV3(endpoint)],
  'two storages for Shopify, one without merging': (endpoint) => [
    native(endpoint),
    unmerged(endpoint),
  ],
});

test.each([
  ['with batches', native],
  ['without batches of single operations', unmerged],
  ['through a client', calledV3],
])(
  'deleteSessions waits for what was asked of one of its sessions before, %s',
  async (_way, options) => {
    const dynamodb = await startHeld();
    const storage = openShopify(options(dynamodb.endpoint));
    const stored = storage.storeSession({ id: 'a', shop: 'one', state: '', isOnline: false });
    await dynamodb.holding(1);
    const deleted = storage.deleteSessions(['a', 'b', 'c']);
    const loaded = storage.loadSession('a');
    // The others do not have to wait.
    await dynamodb.holding(2);
    expect(dynamodb.held[1]).toMatchObject({ operation: 'BatchWriteItem', keys: ['b', 'c'] });
    dynamodb.release(dynamodb.held.slice(1));
    dynamodb.release(dynamodb.held.slice(0, 1));
    await dynamodb.holding(1);
    expect(dynamodb.held[0]).toMatchObject({ operation: 'DeleteItem', keys: ['a'] });
    dynamodb.open();
    await Promise.all([stored, deleted, loaded]);
    expect(dynamodb.calls.at(-1).operation).toBe('GetItem');
    await storage.close();
    await dynamodb.stop();
  },
);
