'use strict';

/**
 * The option `createTable`: the settings of a table that the store creates. It has AWS's names and shapes, so
 * AWS's documentation applies, and settings can be copied from a command line or a template. Loaded only if the
 * option is set.
 */

const { invalidArgument } = require('./errors');
const { readFields } = require('./fields');
const { optionsObject } = require('./options');

/** @import { CreateTableOptions } from '../native/binding' */
/** @import { Kind } from './options' */

/** The fields of `createTable`. @type {Record<string, Kind>} */
const FIELDS = {
  DeletionProtectionEnabled: 'boolean',
  OnDemandThroughput: 'object',
  PointInTimeRecoverySpecification: 'object',
  SSESpecification: 'object',
  TableClass: 'string',
  Tags: 'array',
  WarmThroughput: 'object',
};

/** The fields of the objects in `createTable`. @type {Record<string, Record<string, Kind>>} */
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
 * Reads the option `createTable`. The addon checks the values.
 *
 * @param {Record<string, any>} given the value of the option
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

module.exports = { readCreateTable };
