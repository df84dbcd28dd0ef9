'use strict';

/** This package's store for Express, by the ways that its requests can go. */

const { expressCalls } = require('./calls');
const { CREDENTIALS, REGION } = require('./formats');

/** @import { CallSubject, Opened, Place } from './calls' */

/**
 * A subject that is this package's store for Express.
 *
 * @param {Pick<CallSubject, 'name' | 'label' | 'chart' | 'modes'>} what
 * @param {(place: Place, options?: object) => Opened} open one of those below
 * @param {object} [options] further options of the store
 * @returns {CallSubject}
 */
function ourSubject(what, open, options) {
  return {
    ...what,
    ours: true,
    format: 'connect',
    framework: 'express',
    operations: ['get', 'set', 'touch'],
    async make(target, storeOptions) {
      return expressCalls(open(target, { ...options, ...storeOptions }), target);
    },
    open: (place) => open(place, options),
  };
}

/**
 * Straight to DynamoDB.
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
 * With a client of the SDK for JavaScript v3.
 *
 * @param {Place} place
 * @param {object} [options] further options of the store
 * @returns {Opened}
 */
function openWithClient({ endpoint, table }, options) {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const store = makeStore({ client, table, initialized: true, ...options });
  const close = async () => {
    await store.close();
    client.destroy();
  };
  return { store, close };
}

/**
 * With a client of the SDK v2.
 *
 * @param {Place} place
 * @param {object} [options] further options of the store
 * @returns {Opened}
 */
function openWithClientV2({ endpoint, table }, options) {
  const { DynamoDB } = require('aws-sdk');
  const client = new DynamoDB({ endpoint, region: REGION, credentials: CREDENTIALS });
  const store = makeStore({ client, table, initialized: true, ...options });
  return { store, close: () => store.close() };
}

/** @param {object} options */
function makeStore(options) {
  const DynamoDBStore = require('dynamo-session-store')(require('express-session'));
  return new DynamoDBStore(options);
}

module.exports = { openOurs, openWithClient, openWithClientV2, ourSubject };
