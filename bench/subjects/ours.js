'use strict';

/** This package's stores, with the ways that their requests can go, and with their options. */

const { DAY } = require('../lib/sessions');
const { STORE } = require('./others');

/** @import { Connection, Entry } from '../types' */

const encryption = { keys: [Buffer.alloc(32, 1)] };
const hashIds = { secret: 's'.repeat(32) };
const absoluteTtl = 7 * DAY;
const indexes = { user: { value: 'user.id' } };

/** Options whose price is measured, by the ends of their subjects' names. */
const OPTIONS = {
  compress: { compress: true },
  encryption: { encryption },
  'compress+encryption': { compress: true, encryption },
  hashIds: { hashIds },
  absoluteTtl: { absoluteTtl },
  indexes: { indexes },
  'all-options': { compress: true, encryption, hashIds, absoluteTtl, indexes },
};

/** A function that opens the store for Express, which connects by itself. @param {object} [fixed] */
const express = (fixed) => {
  return (/** @type {Connection} */ { config, table }, /** @type {object} */ options = {}) =>
    openStore({ dynamoConfig: config, table, ...fixed, ...options });
};

/** One that passes a client of the SDK for JavaScript v3. @param {object} [fixed] */
const withClient = (fixed) => {
  return (/** @type {Connection} */ { config, table }, /** @type {object} */ options = {}) => {
    const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
    const client = new DynamoDBClient(config);
    return openStore({ client, table, ...fixed, ...options }, () => client.destroy());
  };
};

/** One that passes a client of the SDK v2. @param {object} [fixed] */
const withClientV2 = (fixed) => {
  return (/** @type {Connection} */ { config, table }) =>
    openStore({ client: new (require('aws-sdk').DynamoDB)(config), table, ...fixed });
};

/**
 * @param {object} options
 * @param {() => void} [end] ends the client of the store
 */
function openStore(options, end) {
  const DynamoDBStore = require('dynamo-session-store')(require('express-session'));
  const store = new DynamoDBStore({ initialized: true, ...options });
  return { store, close: () => store.close().then(end) };
}

/** @type {Record<string, Entry>} */
const ours = {
  ours: {
    label: 'dynamo-session-store',
    modes: `${STORE} mixed flood cost app big events outage soak throttling waiting`,
    chart: true,
    open: express(),
  },
  // Apps that come from connect-dynamodb pass a client; requests leave from the addon.
  'ours-adopted': {
    label: 'dynamo-session-store, client passed',
    modes: `${STORE} flood app`,
    open: withClient(),
  },
  'ours-adopted-v2': {
    label: 'dynamo-session-store, client of SDK v2 passed',
    modes: 'app',
    open: withClientV2(),
  },
  // Requests go through the client that is passed, and so through the event loop.
  'ours-called': {
    label: "dynamo-session-store, transport: 'client'",
    modes: `${STORE} app`,
    open: withClient({ transport: 'client' }),
  },
  'ours-called-v2': {
    label: "dynamo-session-store, transport: 'client', SDK v2",
    modes: 'app',
    open: withClientV2({ transport: 'client' }),
  },
  'ours-unmerged': {
    label: 'dynamo-session-store, batch: false',
    modes: `${STORE} mixed flood app`,
    open: express({ batch: false }),
  },
  'ours-touching': {
    label: 'dynamo-session-store, touchInterval: 0',
    modes: 'cost app',
    chart: true,
    open: express({ touchInterval: 0 }),
  },
  // As where a monitoring tool listens. The others make no events.
  'ours-watched': {
    label: 'dynamo-session-store, with subscribers of its channels',
    modes: 'app',
    open(connection) {
      const watched = require('../lib/watch').watch();
      return { ...express()(connection), countEvents: watched.count };
    },
  },
  ...Object.fromEntries(
    Object.entries(OPTIONS).map(([name, options]) => [
      `ours-${name}`,
      {
        label: `dynamo-session-store, ${name}`,
        modes: 'local cost',
        open: express(options),
      },
    ]),
  ),
  'ours-koa': {
    label: 'dynamo-session-store/koa',
    modes: `${STORE} cost app waiting`,
    framework: 'koa',
    format: 'koa',
    chart: true,
    open({ config, table: name }) {
      const DynamoDBStore = require('dynamo-session-store/koa');
      const store = new DynamoDBStore({ dynamoConfig: config, table: { name } });
      return { store, close: () => store.close() };
    },
  },
  'ours-shopify': {
    label: 'dynamo-session-store/shopify',
    modes: `${STORE} waiting`,
    framework: 'shopify',
    format: 'shopify',
    chart: true,
    open({ config, table: sessionTableName }) {
      const { DynamoDBSessionStorage } = require('dynamo-session-store/shopify');
      const store = new DynamoDBSessionStorage({ sessionTableName, config });
      return { store, close: () => store.close() };
    },
  },
};

module.exports = { ours };
