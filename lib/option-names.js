'use strict';

/** The names of the options of each store. */

/** The options of all stores. */
const COMMON = [
  'batch',
  'batchThreshold',
  'breaker',
  'client',
  'compress',
  'consistentRead',
  'createTable',
  'credentialsTimeout',
  'encryption',
  'maxPendingCalls',
  'maxSockets',
  'operationTimeout',
  'probeKey',
  'returnConsumedCapacity',
  'tableTimeout',
  'transport',
];

/** The options of the Express and Koa stores, which keep web sessions. */
const WEB = [
  ...COMMON,
  'absoluteTtl',
  'AWSConfigJSON',
  'AWSConfigPath',
  'AWSRegion',
  'conflict',
  'disconnectEvents',
  'dynamoConfig',
  'hashIds',
  'identityKeys',
  'indexes',
  'payPerRequest',
  'table',
  'touchInterval',
  'ttl',
];

/** @type {ReadonlySet<string>} */
const EXPRESS = new Set([
  ...WEB,
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
const KOA = new Set(WEB);

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
  ...COMMON,
  'config',
  'expiresTtl',
  'readCapacityUnits',
  'sessionTableName',
  'shopIndexName',
  'writeCapacityUnits',
]);

module.exports = { EXPRESS, KOA, KOA_TABLE, SHOPIFY };
