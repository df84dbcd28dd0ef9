'use strict';

/** The names of the options of each store. */

/** The options of all stores. */
const OF_ALL = [
  'batch',
  'batchThreshold',
  'breaker',
  'client',
  'consistentRead',
  'createTable',
  'credentialsTimeout',
  'maxPendingCalls',
  'maxSockets',
  'operationTimeout',
  'probeKey',
  'tableTimeout',
  'transport',
];

/** The options of the stores that keep web sessions. */
const OF_WEB_SESSIONS = [
  ...OF_ALL,
  'AWSConfigJSON',
  'AWSConfigPath',
  'AWSRegion',
  'conflict',
  'disconnectEvents',
  'dynamoConfig',
  'identityKeys',
  'payPerRequest',
  'table',
  'touchInterval',
  'ttl',
];

/** @type {ReadonlySet<string>} */
const EXPRESS = new Set([
  ...OF_WEB_SESSIONS,
  'hashKey',
  'initialized',
  'prefix',
  'readCapacityUnits',
  'reapInterval',
  'skipThrowMissingSpecialKeys',
  'specialKeys',
  'timeToLive',
  'writeCapacityUnits',
]);

/** @type {ReadonlySet<string>} */
const KOA = new Set(OF_WEB_SESSIONS);

/** The names in the option `table` of the Koa store. @type {ReadonlySet<string>} */
const KOA_TABLE = new Set([
  'autoCreate',
  'hashKey',
  'name',
  'readCapacityUnits',
  'ttlKey',
  'useTtlExpired',
  'writeCapacityUnits',
]);

/** @type {ReadonlySet<string>} */
const SHOPIFY = new Set([
  ...OF_ALL,
  'config',
  'expiresTtl',
  'readCapacityUnits',
  'sessionTableName',
  'shopIndexName',
  'writeCapacityUnits',
]);

module.exports = { EXPRESS, KOA, KOA_TABLE, SHOPIFY };
