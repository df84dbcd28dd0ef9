'use strict';

const { expressCalls } = require('./calls');
const { CREDENTIALS, REGION } = require('./formats');

/** @import { Opened, Place, Target } from './calls' */

/**
 * This package's store for Express, straight to DynamoDB.
 *
 * @param {Place} place
 * @param {object} [options] further options of the store
 * @returns {Opened}
 */
function openOurs({ endpoint, table }, options) {
  const dynamoConfig = { endpoint, region: REGION, credentials: CREDENTIALS };
  const store = makeStore({ dynamoConfig, table, initialized: true, ...options });
  return { store, close: () => store.close() };
}

/**
 * The calls of this package's store for Express, straight to DynamoDB.
 *
 * @param {Target} target
 * @param {object} [options] further options of the store
 */
function ourCalls(target, options) {
  return expressCalls(openOurs(target, options), target);
}

/**
 * The same with a client of the JS SDK v3.
 *
 * @param {Target} target
 * @param {object} [options] further options of the store
 */
function ourCallsWithClient(target, options) {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const { endpoint, table } = target;
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const store = makeStore({ client, table, initialized: true, ...options });
  const close = async () => {
    await store.close();
    client.destroy();
  };
  return expressCalls({ store, close }, target);
}

/** @param {object} options */
function makeStore(options) {
  const DynamoDBStore = require('../..')(require('express-session'));
  return new DynamoDBStore(options);
}

module.exports = { openOurs, ourCalls, ourCallsWithClient };
