'use strict';

/** The options of a store for express-session. */

const { invalidArgument } = require('./errors');
const {
  DEFAULTS,
  option,
  optionsObject,
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

/** @import { SpecialKeyOption } from '../native/binding' */

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
  'hashKey',
  'identityKeys',
  'initialized',
  'maxPendingCalls',
  'maxSockets',
  'operationTimeout',
  'payPerRequest',
  'prefix',
  'probeKey',
  'readCapacityUnits',
  'reapInterval',
  'skipThrowMissingSpecialKeys',
  'specialKeys',
  'table',
  'tableTimeout',
  'timeToLive',
  'touchInterval',
  'transport',
  'ttl',
  'writeCapacityUnits',
]);

/** @param {Record<string, any>} options */
function readOptions(options) {
  warnOfUnknown(options, KNOWN, undefined, 'Express');
  return {
    native: {
      table: option(options, 'table', 'string') ?? 'sessions',
      hashKey: option(options, 'hashKey', 'string') ?? 'id',
      prefix: option(options, 'prefix', 'string') ?? 'sess:',
      specialKeys: readSpecialKeys(options),
      skipThrowMissingSpecialKeys:
        option(options, 'skipThrowMissingSpecialKeys', 'boolean') ?? false,
      consistentRead: option(options, 'consistentRead', 'boolean') ?? true,
      identityKeys: /** @type {string[]} */ (readIdentityKeys(options) ?? DEFAULTS.identityKeys),
      probeKey: readProbeKey(options),
      payPerRequest: option(options, 'payPerRequest', 'boolean') ?? false,
      readCapacityUnits: readCapacity(options, 'readCapacityUnits') ?? DEFAULTS.capacityUnits,
      writeCapacityUnits: readCapacity(options, 'writeCapacityUnits') ?? DEFAULTS.capacityUnits,
      timeToLive: option(options, 'timeToLive', 'boolean') ?? true,
      ...readBatch(options),
    },
    initialized: option(options, 'initialized', 'boolean') ?? false,
    reapInterval: readTime(options, 'reapInterval', 0) ?? 0,
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

/**
 * @param {Record<string, any>} options
 * @returns {SpecialKeyOption[]}
 */
function readSpecialKeys(options) {
  const keys = option(options, 'specialKeys', 'array') ?? [];
  const read = keys.map((/** @type {unknown} */ key, /** @type {number} */ index) => {
    const owner = `specialKeys[${index}]`;
    const each = optionsObject(key, `option "${owner}"`);
    const [name, type] = ['name', 'type'].map((part) => option(each, part, 'string', owner));
    if (name === undefined) throw invalidArgument(`option "${owner}.name" is missing`);
    if (type === undefined) throw invalidArgument(`option "${owner}.type" is missing`);
    return Object.freeze({ name, type });
  });
  return /** @type {any} */ (Object.freeze(read));
}

module.exports = { KNOWN, readOptions };
