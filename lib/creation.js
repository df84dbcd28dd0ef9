'use strict';

/**
 * The option `createTable`: what a table gets that a store creates. Names and shapes are AWS's, so that
 * its documentation holds, and what is copied from a command line or a template. Loaded where it is set.
 */

const { invalidArgument, settle } = require('./errors');
const { option, optionsObject } = require('./options');

/** @import { CreateTableOptions, NativeStore } from '../native/binding' */
/** @import { Gate } from './gate' */
/** @import { Kind } from './options' */
/** @import { Table } from './table' */

/** The fields, and the kinds of their values. @type {Record<string, Kind>} */
const FIELDS = {
  DeletionProtectionEnabled: 'boolean',
  OnDemandThroughput: 'object',
  PointInTimeRecoverySpecification: 'object',
  SSESpecification: 'object',
  TableClass: 'string',
  Tags: 'array',
  WarmThroughput: 'object',
};

/** The fields of those that are objects. @type {Record<string, Record<string, Kind>>} */
const INNER = {
  OnDemandThroughput: { MaxReadRequestUnits: 'number', MaxWriteRequestUnits: 'number' },
  PointInTimeRecoverySpecification: {
    PointInTimeRecoveryEnabled: 'boolean',
    RecoveryPeriodInDays: 'number',
  },
  SSESpecification: { Enabled: 'boolean', KMSMasterKeyId: 'string', SSEType: 'string' },
  WarmThroughput: { ReadUnitsPerSecond: 'number', WriteUnitsPerSecond: 'number' },
};

/** @type {Record<string, Kind>} */
const TAG = { Key: 'string', Value: 'string' };

/**
 * The values of an object that may have these fields and no others.
 *
 * @param {Record<string, any>} given
 * @param {Record<string, Kind>} fields
 * @param {string} path the option that has them
 * @returns {Record<string, any>}
 * @throws {TypeError} names a field that is not known, or has a value of another kind
 */
function readFields(given, fields, path) {
  const known = Object.keys(fields);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const help = require('./suggestions').suggestion(`${path}.${name}`, new Set(known));
    throw invalidArgument(
      `option "${path}.${name}" is not known: "${path}" takes ${known.join(', ')}. ${help}`.trim(),
    );
  }
  const read = known.map((name) => [name, option(given, name, fields[name], path)]);
  return Object.fromEntries(read.filter(([, value]) => value !== undefined));
}

/**
 * Values are checked in the addon.
 *
 * @param {Record<string, any>} given what the option is set to
 * @returns {CreateTableOptions}
 */
function readCreateTable(given) {
  const read = readFields(given, FIELDS, 'createTable');
  for (const [name, fields] of Object.entries(INNER)) {
    if (read[name]) read[name] = readFields(read[name], fields, `createTable.${name}`);
  }
  if (read.Tags) read.Tags = read.Tags.map(readTag);
  return read;
}

/**
 * @param {unknown} given
 * @param {number} index
 */
function readTag(given, index) {
  const path = `createTable.Tags[${index}]`;
  const tag = readFields(optionsObject(given, `option "${path}"`), TAG, path);
  for (const name of Object.keys(TAG)) {
    if (tag[name] === undefined) throw invalidArgument(`option "${path}.${name}" is missing`);
  }
  return tag;
}

/**
 * Turns on point-in-time recovery of a table that the store has just created, if that was asked for. No call
 * waits for it: DynamoDB refuses it until backups of the new table are set up, which may take a minute. A
 * failure is a `warning`.
 *
 * @param {{ createTable?: CreateTableOptions, tableTimeout: number }} settings
 * @param {() => NativeStore} native the store in the addon
 * @param {Table} table
 * @param {Gate} gate has the store's `close` wait for it
 */
function enableRecovery({ createTable, tableTimeout }, native, table, gate) {
  if (!createTable?.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled) return;
  const enable = async () => {
    try {
      settle(await native().enableRecovery(tableTimeout));
    } catch (error) {
      table.warn('has no point-in-time recovery', error);
    }
  };
  gate.holding(enable());
}

module.exports = { enableRecovery, readCreateTable };
