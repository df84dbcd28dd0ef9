'use strict';

/** The options of a session storage for Shopify apps. */

const {
  DEFAULTS,
  option,
  readBatch,
  readCapacity,
  readCreateTable,
  readMaxPendingCalls,
  readProbeKey,
  readTime,
  warnOfUnknown,
} = require('./options');

const KNOWN = new Set([
  'batch',
  'batchThreshold',
  'breaker',
  'client',
  'config',
  'consistentRead',
  'createTable',
  'credentialsTimeout',
  'expiresTtl',
  'maxPendingCalls',
  'maxSockets',
  'operationTimeout',
  'probeKey',
  'readCapacityUnits',
  'sessionTableName',
  'shopIndexName',
  'tableTimeout',
  'transport',
  'writeCapacityUnits',
]);

/** @param {Record<string, any>} options */
function readOptions(options) {
  warnOfUnknown(options, KNOWN, undefined, 'Shopify');
  return {
    native: {
      sessionTableName: option(options, 'sessionTableName', 'string') ?? 'shopify_sessions',
      shopIndexName: option(options, 'shopIndexName', 'string') ?? 'shop_index',
      /** @type {string | undefined} */
      expiresTtl: option(options, 'expiresTtl', 'string'),
      consistentRead: option(options, 'consistentRead', 'boolean') ?? true,
      probeKey: readProbeKey(options),
      readCapacityUnits: readCapacity(options, 'readCapacityUnits'),
      writeCapacityUnits: readCapacity(options, 'writeCapacityUnits'),
      ...readBatch(options),
    },
    createTable: readCreateTable(options),
    maxPendingCalls: readMaxPendingCalls(options),
    operationTimeout: readTime(options, 'operationTimeout', 1) ?? DEFAULTS.operationTimeout,
    tableTimeout: readTime(options, 'tableTimeout', 1) ?? DEFAULTS.tableTimeout,
  };
}

module.exports = { KNOWN, readOptions };
