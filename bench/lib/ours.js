'use strict';

const { expressCalls } = require('./calls');
const { CREDENTIALS, REGION } = require('./formats');

/**
 * The calls of this package's store for Express, straight to DynamoDB.
 *
 * @param {import('./calls').Target} target
 * @param {object} [options] further options of the store
 */
function ourCalls(target, options) {
  const { endpoint, table } = target;
  const dynamoConfig = { endpoint, region: REGION, credentials: CREDENTIALS };
  const store = makeStore({ dynamoConfig, table, initialized: true, ...options });
  return expressCalls(store, target, () => store.close());
}

/**
 * The same with a client of the JS SDK v3.
 *
 * @param {import('./calls').Target} target
 * @param {object} [options] further options of the store
 */
function ourCallsWithClient(target, options) {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const { endpoint, table } = target;
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const store = makeStore({ client, table, initialized: true, ...options });
  return expressCalls(store, target, async () => {
    await store.close();
    client.destroy();
  });
}

/** @param {object} options */
function makeStore(options) {
  const DynamoDBStore = require('../..')(require('express-session'));
  return new DynamoDBStore(options);
}

module.exports = { ourCalls, ourCallsWithClient };
