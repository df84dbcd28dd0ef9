'use strict';

/** The stores that this package is compared with. */

const { CREDENTIALS, REGION } = require('../lib/sessions');

/** @import { Place } from '../lib/calls' */

/** @param {Place} place */
function openConnectDynamodb({ endpoint, table }) {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const DynamoDBStore = require('connect-dynamodb')(require('express-session'));
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const store = new DynamoDBStore({ client, table, initialized: true });
  return { store, close: () => client.destroy() };
}

/** @param {Place} place */
function openDynamodbStore({ endpoint, table }) {
  const DynamoDBStore = require('dynamodb-store');
  const dynamoConfig = { ...CREDENTIALS, endpoint, region: REGION };
  // It looks for its table at construction, and no call waits for that.
  return { store: new DynamoDBStore({ table: { name: table }, dynamoConfig }), close() {} };
}

/** @param {Place} place */
function openKoaDynamodb({ endpoint, table: name }) {
  const DynamoDBStore = require('koa-session-dynamodb-store');
  const dynamoConfig = { ...CREDENTIALS, endpoint, region: REGION };
  const store = new DynamoDBStore({ table: { name, autoCreate: false }, dynamoConfig });
  return { store, close() {} };
}

/** @param {Place} place */
function openShopifyDynamodb({ endpoint, table }) {
  const { DynamoDBSessionStorage } = require('@shopify/shopify-app-session-storage-dynamodb');
  const config = { endpoint, region: REGION, credentials: CREDENTIALS };
  const options = /** @type {any} */ ({ sessionTableName: table, config });
  const store = new DynamoDBSessionStorage(options);
  return { store, close() {} };
}

/** @param {Place} place */
async function openRedis({ endpoint }) {
  const { RedisStore } = require('connect-redis');
  const client = require('redis').createClient({ url: endpoint });
  await client.connect();
  return { store: new RedisStore({ client }), close: () => client.destroy() };
}

function openMemoryStore() {
  const { MemoryStore } = require('express-session');
  return { store: new MemoryStore(), close() {} };
}

function openNothing() {
  return { store: undefined, close() {} };
}

module.exports = {
  openConnectDynamodb,
  openDynamodbStore,
  openKoaDynamodb,
  openMemoryStore,
  openNothing,
  openRedis,
  openShopifyDynamodb,
};
