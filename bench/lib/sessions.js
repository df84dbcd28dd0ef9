'use strict';

/** The sessions that are stored, and the items that each format keeps them in. */

/** @import { Format } from '../types' */

/** A session has one article in its cart for each so many bytes of its size. */
const BYTES_PER_ARTICLE = 256;

/** A session is filled up with this. */
const FILLER = 'The quick brown fox jumps over the lazy dog. ';

const REGION = 'us-east-1';

/** The settings of a client of a server on this machine. @param {string} endpoint */
function configOf(endpoint) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return { endpoint, region: REGION, credentials };
}

/** How long the cookie of a session lives, in milliseconds. */
const DAY = 24 * 3_600_000;

/**
 * The session of an Express or Koa app.
 *
 * @param {number} bytes its length as JSON
 * @param {string} [expires]
 * @returns {Record<string, any>}
 */
function webSession(bytes, expires = '2100-01-01T00:00:00Z') {
  const session = {
    cookie: { originalMaxAge: DAY, maxAge: DAY, expires, httpOnly: true, path: '/' },
    user: { id: 4711, name: 'Ann Example', email: 'ann@example.com', roles: ['reader', 'editor'] },
    visits: 42,
    cart: Array.from({ length: Math.floor(bytes / BYTES_PER_ARTICLE) }, (_, index) => ({
      sku: `SKU-${String(index).padStart(5, '0')}`,
      quantity: (index % 3) + 1,
      price: 19.95,
    })),
    note: '',
  };
  return { ...session, note: filler(session, bytes) };
}

/**
 * The parameters of a session of a Shopify app.
 *
 * @param {string} id
 * @param {number} bytes its length as JSON
 */
function shopifySession(id, bytes) {
  const session = {
    id,
    shop: 'example.myshopify.com',
    state: '123456789012345',
    isOnline: false,
    scope: '',
    accessToken: 'shpat_00000000000000000000000000000000',
  };
  return { ...session, scope: filler(session, bytes) };
}

/**
 * As much text as the session misses to be as long as it should be.
 *
 * @param {Record<string, any>} session
 * @param {number} bytes
 */
function filler(session, bytes) {
  const missing = Math.max(0, bytes - JSON.stringify(session).length);
  return FILLER.repeat(Math.ceil(missing / FILLER.length)).slice(0, missing);
}

/** @type {Readonly<Record<Format, { table: string, hashKey: string }>>} */
const TABLES = {
  connect: { table: 'bench_connect', hashKey: 'id' },
  koa: { table: 'bench_koa', hashKey: 'sessionId' },
  'dynamodb-store': { table: 'bench_dynamodb_store', hashKey: 'sessionId' },
  shopify: { table: 'bench_shopify', hashKey: 'id' },
};

/**
 * The attributes of an item beside its key.
 *
 * @param {Format} format
 * @param {number} bytes of the session as JSON
 * @param {number} expires in seconds since the Unix epoch
 * @returns {Record<string, any>}
 */
function attributesOf(format, bytes, expires) {
  // Not at the top: a process with a store would have loaded parts of the SDK before its store.
  const { marshall } = require('@aws-sdk/util-dynamodb');
  if (format === 'shopify') {
    const { id: _, ...session } = shopifySession('offline_example.myshopify.com', bytes);
    return marshall(session);
  }
  const session = webSession(bytes, new Date(expires * 1000).toISOString());
  if (format === 'koa') return marshall({ expires, session });
  if (format === 'dynamodb-store') return marshall({ expires, sess: session });
  return marshall({ expires, type: 'connect-session', sess: JSON.stringify(session) });
}

module.exports = {
  DAY,
  REGION,
  TABLES,
  attributesOf,
  configOf,
  filler,
  shopifySession,
  webSession,
};
