'use strict';

const AWS = require('aws-sdk');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const session = require('express-session');
const connect = require('..');
const { describeStoreContract } = require('./support/contract');
const { credentials, getItem, region } = require('./support/dynamodb');

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const DynamoDBStore = connect(session);

/** Each way in which a user can say where DynamoDB is. */
const ways = {
  'with dynamoConfig': (endpoint) => ({ dynamoConfig: { endpoint, region, ...credentials } }),
  'with a client of aws-sdk v3': (endpoint) => ({
    client: new DynamoDBClient({ endpoint, region, credentials: { ...credentials } }),
  }),
  'with a client of aws-sdk v2': (endpoint) => ({
    client: new AWS.DynamoDB({ endpoint, region, credentials: new AWS.Credentials(credentials) }),
  }),
};

for (const [way, connection] of Object.entries(ways)) {
  describeStoreContract(`Express, ${way},`, {
    open(table, { endpoint = process.env.DYNAMODB_ENDPOINT, timeout, create = false } = {}) {
      const store = new DynamoDBStore({
        table,
        initialized: !create,
        operationTimeout: timeout,
        ...connection(endpoint),
      });
      return {
        async load(sid) {
          return (await store.get(sid)) ?? undefined;
        },
        save: (sid, data, maxAge) => store.set(sid, Object.assign(data, { cookie: { maxAge } })),
        destroy: (sid) => store.destroy(sid),
        close: () => store.close(),
      };
    },
    async expires(table, sid) {
      return Number((await getItem(table, `sess:${sid}`)).expires.N);
    },
  });
}
