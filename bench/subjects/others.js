'use strict';

/** The stores that this package is compared with, and apps without any. */

/** @import { Entry } from '../types' */

/** The modes that measure a store by itself. */
const STORE = 'canned latency local start memory';

/** @type {Record<string, Entry>} */
const others = {
  'no-session': {
    label: 'Express without sessions',
    modes: 'app',
    format: 'none',
    chart: true,
    open: () => ({ store: undefined }),
  },
  'memory-store': {
    label: 'MemoryStore of express-session',
    modes: 'app',
    format: 'memory',
    chart: true,
    open: () => ({ store: new (require('express-session').MemoryStore)() }),
  },
  'no-session-koa': {
    label: 'Koa without sessions',
    modes: 'app',
    framework: 'koa',
    format: 'none',
    open: () => ({ store: undefined }),
  },
  'connect-dynamodb': {
    label: 'connect-dynamodb 3.0.5 (SDK v3)',
    modes: `${STORE} mixed cost app`,
    chart: true,
    open({ config, table }) {
      const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
      const DynamoDBStore = require('connect-dynamodb')(require('express-session'));
      const client = new DynamoDBClient(config);
      const store = new DynamoDBStore({ client, table, initialized: true });
      return { store, close: () => client.destroy() };
    },
  },
  'dynamodb-store': {
    label: 'dynamodb-store 1.2.0 (SDK v2)',
    modes: `${STORE} cost app`,
    format: 'dynamodb-store',
    chart: true,
    // It looks for its table at construction, and no call waits for that.
    open({ config: { credentials, ...config }, table: name }) {
      const DynamoDBStore = require('dynamodb-store');
      const dynamoConfig = { ...credentials, ...config };
      return { store: new DynamoDBStore({ table: { name }, dynamoConfig }) };
    },
  },
  'koa-session-dynamodb-store': {
    label: 'koa-session-dynamodb-store 1.1.1 (SDK v2)',
    modes: `${STORE} cost app`,
    framework: 'koa',
    format: 'koa',
    chart: true,
    open({ config: { credentials, ...config }, table: name }) {
      const DynamoDBStore = require('koa-session-dynamodb-store');
      const dynamoConfig = { ...credentials, ...config };
      return { store: new DynamoDBStore({ table: { name, autoCreate: false }, dynamoConfig }) };
    },
  },
  shopify: {
    label: "Shopify's DynamoDB storage 8 (SDK v3)",
    modes: STORE,
    framework: 'shopify',
    format: 'shopify',
    chart: true,
    open({ config, table: sessionTableName }) {
      const { DynamoDBSessionStorage } = require('@shopify/shopify-app-session-storage-dynamodb');
      const options = /** @type {any} */ ({ sessionTableName, config });
      return { store: new DynamoDBSessionStorage(options) };
    },
  },
  // No latency can be put into a real Redis, and it is not DynamoDB Local.
  'connect-redis': {
    label: 'connect-redis 9 on a local Redis',
    modes: 'canned start memory app',
    format: 'redis',
    chart: true,
    async open({ endpoint: url }) {
      const { RedisStore } = require('connect-redis');
      const client = require('redis').createClient({ url });
      await client.connect();
      return { store: new RedisStore({ client }), close: () => client.destroy() };
    },
  },
};

/** Clients without a store, with their own settings, which write items for `throttling`. */
for (const retryMode of ['standard', 'adaptive']) {
  others[`sdk-v3-${retryMode}`] = {
    label: `aws-sdk v3, ${retryMode}`,
    modes: 'throttling',
    open({ config, table }) {
      const { DynamoDBClient, PutItemCommand } = require('@aws-sdk/client-dynamodb');
      const client = new DynamoDBClient({ ...config, retryMode });
      const set = (/** @type {string} */ id) => client.send(new PutItemCommand(item(table, id)));
      return { store: { set }, close: () => client.destroy() };
    },
  };
}
others['sdk-v2'] = {
  label: 'aws-sdk v2',
  modes: 'throttling',
  open({ config, table }) {
    const client = new (require('aws-sdk').DynamoDB)(config);
    return {
      store: { set: (/** @type {string} */ id) => client.putItem(item(table, id)).promise() },
    };
  },
};

/** @param {string} table @param {string} id */
function item(table, id) {
  return { TableName: table, Item: { id: { S: id }, sess: { S: 'a session' } } };
}

module.exports = { STORE, others };
