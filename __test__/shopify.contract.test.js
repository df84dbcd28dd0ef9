'use strict';

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

require('@shopify/shopify-api/adapters/node');
const { DynamoDBSessionStorage } = require('../shopify');
const { describeStoreContract } = require('./support/contract');
const { getItem } = require('./support/dynamodb');
const { forms, waysWithOptions } = require('./support/option-sets');
const { isCalled, ways } = require('./support/ways');

for (const { name, way, connection, options } of waysWithOptions(ways, forms)) {
  describeStoreContract(`Shopify, ${name},`, {
    hashKey: 'id',
    isCalled: isCalled(way),
    // Its `Session` assigns what it is given.
    dropsProto: true,
    loadsEnded: true,
    storesBigInts: true,
    open(
      sessionTableName,
      { endpoint = process.env.DYNAMODB_ENDPOINT, timeout, create = false } = {},
    ) {
      const { dynamoConfig: config, ...others } = connection(endpoint);
      const storage = new DynamoDBSessionStorage({
        sessionTableName,
        expiresTtl: 'endsAt',
        operationTimeout: timeout,
        ...others,
        ...(config && { config }),
        ...options,
      });
      return {
        load: (id) => storage.loadSession(id),
        async save(id, data, maxAge) {
          if (create) await storage.createTableIfNotExists();
          const expires = new Date(Date.now() + maxAge);
          const known = { id, shop: 'one.myshopify.com', state: '', isOnline: false, expires };
          await storage.storeSession({ ...data, ...known });
        },
        async destroy(id) {
          await storage.deleteSession(id);
        },
        close: () => storage.close(),
      };
    },
    async expires(table, id) {
      return Number((await getItem(table, id)).endsAt.N);
    },
  });
}
