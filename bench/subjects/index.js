'use strict';

const others = require('./others');
const ours = require('./ours');

/** @import { Opened, Operation, Place } from '../lib/calls' */

/**
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} label for the tables and the charts
 * @property {string} modes those that it takes part in
 * @property {(place: Place, storeOptions?: object) => Opened | Promise<Opened>} open
 * @property {'express' | 'koa' | 'shopify'} framework its calls are made as this one makes them
 * @property {import('../lib/sessions').Format | 'redis' | 'memory' | 'none'} format of its items;
 *   `none`: there are none
 * @property {boolean} [chart] whether it is drawn
 * @property {readonly Operation[]} [operations] those that are measured, if not all of its framework
 */

/** The modes that measure a store by itself. */
const STORE = 'canned latency local start memory';

/**
 * @param {string} name
 * @param {string} label
 * @param {string} modes
 * @param {Subject['open']} open
 * @param {Partial<Subject>} [more] without it, a store for Express with the items of connect-dynamodb
 * @returns {Subject}
 */
function subject(name, label, modes, open, more) {
  return { name, label, modes, open, framework: 'express', format: 'connect', ...more };
}

/** @type {Partial<Subject>} */
const drawn = { chart: true };
/** @type {Partial<Subject>} */
const koa = { framework: 'koa', format: 'koa', chart: true };
/** @type {Partial<Subject>} */
const shopify = { framework: 'shopify', format: 'shopify', chart: true };

/** Every store that is measured, in the order of the tables. */
const subjects = [
  subject('no-session', 'Express without sessions', 'app', others.openNothing, {
    format: 'none',
    chart: true,
  }),
  subject('memory-store', 'MemoryStore of express-session', 'app', others.openMemoryStore, {
    format: 'memory',
    chart: true,
  }),
  subject('no-session-koa', 'Koa without sessions', 'app', others.openNothing, {
    framework: 'koa',
    format: 'none',
  }),
  subject(
    'connect-dynamodb',
    'connect-dynamodb 3.0.5 (SDK v3)',
    `${STORE} mixed cost app`,
    others.openConnectDynamodb,
    drawn,
  ),
  subject(
    'dynamodb-store',
    'dynamodb-store 1.2.0 (SDK v2)',
    `${STORE} cost app`,
    others.openDynamodbStore,
    { format: 'dynamodb-store', chart: true },
  ),
  subject(
    'koa-session-dynamodb-store',
    'koa-session-dynamodb-store 1.1.1 (SDK v2)',
    `${STORE} cost app`,
    others.openKoaDynamodb,
    koa,
  ),
  subject(
    'shopify',
    "Shopify's DynamoDB storage 8 (SDK v3)",
    STORE,
    others.openShopifyDynamodb,
    shopify,
  ),
  // No latency can be put into a real Redis, and it is not DynamoDB Local.
  subject(
    'connect-redis',
    'connect-redis 9 on a local Redis',
    'canned start memory app',
    others.openRedis,
    { format: 'redis', chart: true },
  ),
  subject('ours', 'dynamo-session-store', `${STORE} mixed flood cost app`, ours.openOurs, drawn),
  // Apps that come from connect-dynamodb pass a client; requests leave from the addon.
  subject(
    'ours-adopted',
    'dynamo-session-store, client passed',
    `${STORE} flood app`,
    ours.openWithClient,
  ),
  subject(
    'ours-adopted-v2',
    'dynamo-session-store, client of SDK v2 passed',
    'app',
    ours.openWithClientV2,
  ),
  // Requests go through the client that is passed, and so through the event loop.
  subject('ours-called', "dynamo-session-store, transport: 'client'", `${STORE} app`, (place) =>
    ours.openWithClient(place, { transport: 'client' }),
  ),
  subject('ours-called-v2', "dynamo-session-store, transport: 'client', SDK v2", 'app', (place) =>
    ours.openWithClientV2(place, { transport: 'client' }),
  ),
  subject(
    'ours-unmerged',
    'dynamo-session-store, batch: false',
    `${STORE} mixed flood app`,
    (place, options) => ours.openOurs(place, { batch: false, ...options }),
  ),
  subject(
    'ours-touching',
    'dynamo-session-store, touchInterval: 0',
    'cost app',
    (place) => ours.openOurs(place, { touchInterval: 0 }),
    drawn,
  ),
  ...Object.entries(ours.OPTIONS).map(([option, options]) =>
    subject(`ours-${option}`, `dynamo-session-store, ${option}`, 'local cost', (place) =>
      ours.openOurs(place, options),
    ),
  ),
  subject('ours-koa', 'dynamo-session-store/koa', `${STORE} cost app`, ours.openKoa, koa),
  subject('ours-shopify', 'dynamo-session-store/shopify', STORE, ours.openShopify, shopify),
  subject('napi-noop', 'a call into the addon (expiresAt), no request', 'canned', ours.openAddon, {
    framework: 'koa',
    format: 'none',
    operations: ['get'],
  }),
  // Not a store, but a program of `canned-server/`, which reads its CPU time from `/proc`.
  subject(
    'floor',
    'Rust alone (hyper), no signing, no parsing',
    process.platform === 'linux' ? 'canned' : '',
    others.openNothing,
    { format: 'none' },
  ),
];

/** The stores of each framework are compared with this one, where frameworks are compared apart. */
const BASELINES = { express: 'connect-dynamodb', koa: 'koa-session-dynamodb-store' };

/** Elsewhere, all stores are compared with this one. */
const BASELINE = BASELINES.express;

/** @param {string} name */
function subjectOf(name) {
  return subjects.find((subject) => subject.name === name);
}

/** @param {string} name */
function isOurs(name) {
  return name.startsWith('ours');
}

module.exports = { BASELINE, BASELINES, isOurs, subjectOf, subjects };
