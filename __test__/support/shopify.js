'use strict';

/** Storages of a test file, closed after each test, and sessions for them. */

require('@shopify/shopify-api/adapters/node');
const { Session } = require('@shopify/shopify-api');
const { DynamoDBSessionStorage } = require('../../shopify');
const { newTableName } = require('./dynamodb');
const { storesOf } = require('./stores');

/** Storages take `config` where stores take `dynamoConfig`. */
class Storage extends DynamoDBSessionStorage {
  constructor({ dynamoConfig: config, client, ...options }) {
    super(client ? { client, ...options } : { config, ...options });
  }
}

const { newStore, newStubbed } = storesOf(Storage);

/** A storage on a new table. */
async function newStorage(options) {
  const storage = newStore({ sessionTableName: newTableName(), ...options });
  await storage.createTableIfNotExists();
  return storage;
}

/** The same, and the table's name. */
async function newStorageAndTable(options) {
  const table = newTableName();
  return { table, storage: await newStorage({ sessionTableName: table, ...options }) };
}

const shop = 'one.myshopify.com';
const offline = (properties) =>
  new Session({ id: `offline_${shop}`, shop, state: 'state', isOnline: false, ...properties });

module.exports = { newStorage, newStorageAndTable, newStore, newStubbed, offline, shop };
