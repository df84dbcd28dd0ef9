'use strict';

/** The options that several stores have in common. */

const { invalidArgument } = require('./errors');
const { isWellFormed, option, readCount, readTime, shownValue, typeName } = require('./options');

/** @import { CreateTableOptions, HashIdsOptions } from '../native/binding' */
/** @import { Codecs } from './codec.options' */
/** @import { Conflict } from './known' */
/** @import { Tracking } from './tracking' */

/**
 * The options of a store, apart from those of its connection and of its item format.
 *
 * @typedef {object} Settings
 * @property {CreateTableOptions} [createTable] the settings of a table that the
 *   store creates
 * @property {Codecs} [codecs] the form in which sessions are stored
 * @property {HashIdsOptions} [hashIds] set if hashes stand in the table in place of ids
 * @property {number} maxPendingCalls
 * @property {number} operationTimeout the milliseconds that a call may take, with its wait for the table
 * @property {number} tableTimeout the milliseconds that an operation on the table may take
 * @property {Conflict} [conflict] for saves by a request
 * @property {number | 'auto'} [touchInterval] milliseconds
 * @property {Tracking} [tracking] the marks of sessions, if the store keeps any
 * @property {boolean} [returnConsumedCapacity] `true`: requests ask for the capacity that they consume
 * @property {boolean} [disconnectEvents] `true`: outages also emit `disconnect` and `connect`
 */

/** The defaults of options. */
const DEFAULTS = Object.freeze(
  /** @type {const} */ ({
    /** Merging starts when more than this many operations are pending. Measured, see bench/README.md. */
    batchThreshold: 16,
    capacityUnits: 5,
    /** Keeps both changes. */
    conflict: 'merge',
    /** The key of Passport, and the keys of most examples. */
    identityKeys: Object.freeze(['passport', 'user', 'userId']),
    /** The id of a session that never exists. */
    probeKey: 'dynamo-session-store:probe',
    /** Measured, see bench/README.md. */
    maxPendingCalls: 20_000,
    /** A twentieth of the session's lifetime. */
    touchInterval: 'auto',
    /** Milliseconds: a day. */
    ttl: 86_400_000,
    /** Milliseconds. */
    operationTimeout: 10_000,
    /** Milliseconds. AWS takes up to half a minute to create a table. */
    tableTimeout: 120_000,
  }),
);

/** DynamoDB's limit for a partition key, in bytes. */
const LONGEST_KEY = 2048;

/**
 * Reads the options of all stores.
 *
 * @param {Record<string, any>} options
 */
function readCommonOptions(options) {
  return {
    native: {
      consistentRead: option(options, 'consistentRead', 'boolean') ?? true,
      probeKey: readProbeKey(options),
      batch: option(options, 'batch', 'boolean') ?? true,
      batchThreshold: option(options, 'batchThreshold', 'number') ?? DEFAULTS.batchThreshold,
    },
    createTable: readCreateTable(options),
    codecs: readCodecs(options),
    returnConsumedCapacity: option(options, 'returnConsumedCapacity', 'boolean') ?? false,
    maxPendingCalls: readCount(options, 'maxPendingCalls', 'calls') ?? DEFAULTS.maxPendingCalls,
    operationTimeout: readTime(options, 'operationTimeout', 1) ?? DEFAULTS.operationTimeout,
    tableTimeout: readTime(options, 'tableTimeout', 1) ?? DEFAULTS.tableTimeout,
  };
}

/**
 * Reads the options of the Express and Koa stores, which keep web sessions.
 *
 * @param {Record<string, any>} options
 */
function readWebOptions(options) {
  const { native, ...common } = readCommonOptions(options);
  const tracking = readTracking(options);
  return {
    tracking,
    native: {
      ...native,
      tracking: tracking?.native,
      identityKeys: /** @type {string[]} */ (readIdentityKeys(options) ?? DEFAULTS.identityKeys),
      payPerRequest: option(options, 'payPerRequest', 'boolean') ?? false,
    },
    ...common,
    hashIds: readHashIds(options),
    ttl: readTtl(options) ?? DEFAULTS.ttl,
    disconnectEvents: option(options, 'disconnectEvents', 'boolean') ?? false,
    touchInterval: readTouchInterval(options) ?? DEFAULTS.touchInterval,
    conflict: readConflict(options) ?? DEFAULTS.conflict,
  };
}

/**
 * Reads the options for the marks of sessions; `undefined` if none is set.
 *
 * @param {Record<string, any>} options
 * @returns {import('./tracking').Tracking | undefined}
 */
function readTracking(options) {
  if ((options.absoluteTtl ?? options.indexes ?? undefined) === undefined) return undefined;
  const { Tracking } = require('./tracking');
  return new Tracking(options);
}

/**
 * Reads the id of a session that never exists, which a probe reads.
 *
 * @param {Record<string, any>} options
 */
function readProbeKey(options) {
  const key = option(options, 'probeKey', 'string') ?? DEFAULTS.probeKey;
  const bytes = Buffer.byteLength(key);
  if (bytes <= LONGEST_KEY) return key;
  throw invalidArgument(
    `option "probeKey" must have at most ${LONGEST_KEY} bytes, but has ${bytes}`,
  );
}

/**
 * Reads the interval within which touches are not written.
 *
 * @param {Record<string, any>} options
 * @returns {number | 'auto' | undefined} milliseconds
 */
function readTouchInterval(options) {
  const interval = option(options, 'touchInterval', ['milliseconds', 'string']);
  if (interval === undefined || interval === 'auto') return interval;
  if (typeof interval === 'number') return readTime(options, 'touchInterval', 0);
  const is = shownValue('touchInterval', interval);
  throw invalidArgument(
    `option "touchInterval" must be a number of milliseconds or "auto", but is ${is}`,
  );
}

/**
 * Reads the option for a session that another request has changed since this request has read it.
 *
 * @param {Record<string, any>} options
 * @returns {'merge' | 'overwrite' | 'error' | undefined}
 */
function readConflict(options) {
  const conflict = option(options, 'conflict', 'string');
  if (conflict === undefined || ['merge', 'overwrite', 'error'].includes(conflict)) return conflict;
  throw invalidArgument('option "conflict" must be "merge", "overwrite" or "error"');
}

/**
 * Reads the keys that name the user of a session, each a path such as `account.id`.
 *
 * @param {Record<string, any>} options
 * @returns {readonly string[] | undefined}
 */
function readIdentityKeys(options) {
  const keys = option(options, 'identityKeys', 'array');
  if (keys === undefined) return undefined;
  for (const [index, key] of keys.entries()) {
    const isPath = typeof key === 'string' && isWellFormed(key) && !key.split('.').includes('');
    if (isPath) continue;
    const takes = 'must be a key of the session, or a path of keys such as "account.id"';
    throw invalidArgument(`option "identityKeys[${index}]" ${takes}, but is ${typeName(key)}`);
  }
  return Object.freeze([...keys]);
}

/**
 * Reads the settings of a table that the store creates.
 *
 * @param {Record<string, any>} options
 * @returns {import('../native/binding').CreateTableOptions | undefined}
 */
function readCreateTable(options) {
  const createTable = option(options, 'createTable', 'object');
  return createTable && require('./creation').readCreateTable(createTable);
}

/**
 * Reads the options of the form in which sessions are stored.
 *
 * @param {Record<string, any>} options
 * @returns {import('./codec.options').Codecs | undefined} `undefined`: sessions are stored as the replaced packages do
 */
function readCodecs(options) {
  if (!options.compress && (options.encryption ?? undefined) === undefined) {
    option(options, 'compress', ['boolean', 'object']);
    return undefined;
  }
  return require('./codec.options').readCodecs(options);
}

/**
 * Reads the option for the ids that stand in the table.
 *
 * @param {Record<string, any>} options
 * @returns {import('../native/binding').HashIdsOptions | undefined} `undefined`: ids stand there as they are
 */
function readHashIds(options) {
  const hashIds = option(options, 'hashIds', 'object');
  return hashIds && require('./hashed-ids.options').readHashIds(hashIds);
}

/**
 * @param {Record<string, any>} options
 * @returns {number | ((session: any) => number) | undefined} milliseconds
 */
function readTtl(options) {
  const ttl = option(options, 'ttl', ['milliseconds', 'function']);
  if (ttl === undefined || typeof ttl === 'function' || ttl > 0) return ttl;
  throw invalidArgument(
    `option "ttl" must be more than 0 milliseconds, or a function, but is ${ttl}`,
  );
}

/**
 * Returns the lifetime of a session by the option `ttl`.
 *
 * @param {number | ((session: any) => number)} ttl
 * @param {any} session
 * @returns {number} milliseconds
 */
function lifetimeOf(ttl, session) {
  const lifetime = typeof ttl === 'function' ? ttl(session) : ttl;
  if (Number.isFinite(lifetime)) return lifetime;
  throw invalidArgument(
    `the function of the option "ttl" must return milliseconds, but returned ${typeName(lifetime)}`,
  );
}

module.exports = { DEFAULTS, lifetimeOf, readCommonOptions, readWebOptions };
