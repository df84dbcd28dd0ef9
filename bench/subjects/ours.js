'use strict';

/** This package's stores, with the ways that their requests can go. */

const { CREDENTIALS, DAY, REGION } = require('../lib/sessions');

/** @import { Place } from '../lib/calls' */

const encryption = { keys: [Buffer.alloc(32, 1)] };
const hashIds = { secret: 's'.repeat(32) };
const absoluteTtl = 7 * DAY;
const indexes = { user: { value: 'user.id' } };

/** Options whose price is measured, by the names of their subjects. */
const OPTIONS = {
  compress: { compress: true },
  encryption: { encryption },
  'compress+encryption': { compress: true, encryption },
  hashIds: { hashIds },
  absoluteTtl: { absoluteTtl },
  indexes: { indexes },
  'all-options': { compress: true, encryption, hashIds, absoluteTtl, indexes },
};

/**
 * The store for Express, which connects by itself.
 *
 * @param {Place} place
 * @param {object} [options] further options of the store
 */
function openOurs({ endpoint, table }, options) {
  const dynamoConfig = { endpoint, region: REGION, credentials: CREDENTIALS };
  return openStore({ dynamoConfig, table, ...options });
}

/**
 * The store for Express with a client of the SDK for JavaScript v3.
 *
 * @param {Place} place
 * @param {object} [options]
 */
function openWithClient({ endpoint, table }, options) {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  return openStore({ client, table, ...options }, () => client.destroy());
}

/**
 * The store for Express with a client of the SDK v2.
 *
 * @param {Place} place
 * @param {object} [options]
 */
function openWithClientV2({ endpoint, table }, options) {
  const { DynamoDB } = require('aws-sdk');
  const client = new DynamoDB({ endpoint, region: REGION, credentials: CREDENTIALS });
  return openStore({ client, table, ...options });
}

/**
 * @param {object} options
 * @param {() => void} [end] ends the client of the store
 */
function openStore(options, end) {
  const DynamoDBStore = require('dynamo-session-store')(require('express-session'));
  const store = new DynamoDBStore({ initialized: true, ...options });
  return { store, close: () => store.close().then(end) };
}

/** @param {Place} place */
function openKoa({ endpoint, table }) {
  const DynamoDBStore = require('dynamo-session-store/koa');
  const dynamoConfig = { endpoint, region: REGION, credentials: CREDENTIALS };
  const store = new DynamoDBStore({ dynamoConfig, table: { name: table } });
  return { store, close: () => store.close() };
}

/** @param {Place} place */
function openShopify({ endpoint, table }) {
  const { DynamoDBSessionStorage } = require('dynamo-session-store/shopify');
  const config = { endpoint, region: REGION, credentials: CREDENTIALS };
  const store = new DynamoDBSessionStorage({ sessionTableName: table, config });
  return { store, close: () => store.close() };
}

/**
 * A synchronous call into the addon that does next to nothing: what a crossing costs, and the harness
 * around it. No request is sent, and the event loop never turns.
 */
function openAddon() {
  const { expiresAt } = require('../../lib/native');
  return { store: { get: async () => ({ expires: expiresAt(1) }) }, close() {} };
}

module.exports = {
  OPTIONS,
  openAddon,
  openKoa,
  openOurs,
  openShopify,
  openWithClient,
  openWithClientV2,
};
