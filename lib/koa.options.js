'use strict';

/** The options of a store for koa-session. */

const {
  DEFAULTS,
  option,
  readBatch,
  readCapacity,
  readConflict,
  readIdentityKeys,
  readCreateTable,
  readMaxPendingCalls,
  readProbeKey,
  readTime,
  readTouchInterval,
  readTtl,
  warnOfUnknown,
} = require('./options');

const KNOWN = new Set([
  'AWSConfigJSON',
  'AWSConfigPath',
  'AWSRegion',
  'batch',
  'batchThreshold',
  'breaker',
  'client',
  'conflict',
  'consistentRead',
  'createTable',
  'credentialsTimeout',
  'disconnectEvents',
  'dynamoConfig',
  'identityKeys',
  'maxPendingCalls',
  'maxSockets',
  'operationTimeout',
  'payPerRequest',
  'probeKey',
  'table',
  'tableTimeout',
  'touchInterval',
  'transport',
  'ttl',
]);

const KNOWN_TABLE = new Set([
  'autoCreate',
  'hashKey',
  'name',
  'readCapacityUnits',
  'ttlKey',
  'useTtlExpired',
  'writeCapacityUnits',
]);

/** @param {Record<string, any>} options */
function readOptions(options) {
  warnOfUnknown(options, KNOWN, undefined, 'Koa');
  const table = option(options, 'table', 'object') ?? {};
  warnOfUnknown(table, KNOWN_TABLE, 'table', 'Koa');
  const read = readCapacity(table, 'readCapacityUnits', 'table');
  const write = readCapacity(table, 'writeCapacityUnits', 'table');
  return {
    native: {
      name: option(table, 'name', 'string', 'table') ?? 'sessions',
      hashKey: option(table, 'hashKey', 'string', 'table') ?? 'sessionId',
      ttlKey: option(table, 'ttlKey', 'string', 'table') ?? 'expires',
      consistentRead: option(options, 'consistentRead', 'boolean') ?? true,
      identityKeys: /** @type {string[]} */ (readIdentityKeys(options) ?? DEFAULTS.identityKeys),
      probeKey: readProbeKey(options),
      payPerRequest: option(options, 'payPerRequest', 'boolean') ?? false,
      readCapacityUnits: read ?? DEFAULTS.capacityUnits,
      writeCapacityUnits: write ?? DEFAULTS.capacityUnits,
      ...readBatch(options),
    },
    /** What the user has set: only that is ever given to a table that exists. */
    capacity: { read, write },
    useTtlExpired: option(table, 'useTtlExpired', 'boolean', 'table') ?? true,
    autoCreate: option(table, 'autoCreate', 'boolean', 'table') ?? false,
    createTable: readCreateTable(options),
    maxPendingCalls: readMaxPendingCalls(options),
    operationTimeout: readTime(options, 'operationTimeout', 1) ?? DEFAULTS.operationTimeout,
    tableTimeout: readTime(options, 'tableTimeout', 1) ?? DEFAULTS.tableTimeout,
    ttl: readTtl(options) ?? DEFAULTS.ttl,
    disconnectEvents: option(options, 'disconnectEvents', 'boolean') ?? false,
    touchInterval: readTouchInterval(options) ?? DEFAULTS.touchInterval,
    conflict: readConflict(options) ?? DEFAULTS.conflict,
  };
}

module.exports = { KNOWN, KNOWN_TABLE, readOptions };
