'use strict';

/** The options of a store for koa-session. */

const { KOA, KOA_TABLE } = require('./option-names');
const { option, readCapacity, warnOfUnknown } = require('./options');
const { DEFAULTS, readWebOptions } = require('./store.options');

/** @param {Record<string, any>} options */
function readOptions(options) {
  warnOfUnknown(options, KOA, undefined, 'Koa');
  const table = option(options, 'table', 'object') ?? {};
  warnOfUnknown(table, KOA_TABLE, 'table', 'Koa');
  const read = readCapacity(table, 'readCapacityUnits', 'table');
  const write = readCapacity(table, 'writeCapacityUnits', 'table');
  const { native, ...web } = readWebOptions(options);
  return {
    native: {
      ...native,
      name: option(table, 'name', 'string', 'table') ?? 'sessions',
      hashKey: option(table, 'hashKey', 'string', 'table') ?? 'sessionId',
      ttlKey: option(table, 'ttlKey', 'string', 'table') ?? 'expires',
      readCapacityUnits: read ?? DEFAULTS.capacityUnits,
      writeCapacityUnits: write ?? DEFAULTS.capacityUnits,
    },
    ...web,
    /** The capacity units that the user has set. A table that existed before gets only these, no defaults. */
    capacity: { read, write },
    useTtlExpired: option(table, 'useTtlExpired', 'boolean', 'table') ?? true,
    autoCreate: option(table, 'autoCreate', 'boolean', 'table') ?? false,
  };
}

module.exports = { readOptions };
