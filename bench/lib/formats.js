'use strict';

/** The formats of items: one table and one kind of canned answer for each. */

/**
 * @typedef {'connect' | 'koa' | 'dynamodb-store' | 'shopify' | 'redis' | 'memory'} Format
 */

/** @type {Readonly<Record<string, { table: string, hashKey: string }>>} */
const TABLES = {
  connect: { table: 'bench_connect', hashKey: 'id' },
  koa: { table: 'bench_koa', hashKey: 'sessionId' },
  'dynamodb-store': { table: 'bench_dynamodb_store', hashKey: 'sessionId' },
  shopify: { table: 'bench_shopify', hashKey: 'id' },
};

/** For whatever runs on this machine. */
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
const REGION = 'us-east-1';

module.exports = { CREDENTIALS, REGION, TABLES };
