'use strict';

/** The options that several stores have. */

const { invalidArgument } = require('./errors');
const { given, isWellFormed, option, readCount, readTime, typeName } = require('./options');

/** The values of options that are not set. */
const DEFAULTS = Object.freeze(
  /** @type {const} */ ({
    /** Operations in flight or waiting before any are merged; measured, see bench/README.md. */
    batchThreshold: 16,
    capacityUnits: 5,
    /** Both changes are kept. */
    conflict: 'merge',
    /** Passport's key, and those of most examples. */
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
    /** Milliseconds: AWS takes up to half a minute to create a table. */
    tableTimeout: 120_000,
  }),
);

/** The bytes of the longest partition key. */
const LONGEST_KEY = 2048;

/**
 * The options of all stores.
 *
 * @param {Record<string, any>} options
 */
function readOfAll(options) {
  return {
    native: {
      consistentRead: option(options, 'consistentRead', 'boolean') ?? true,
      probeKey: readProbeKey(options),
      batch: option(options, 'batch', 'boolean') ?? true,
      batchThreshold: option(options, 'batchThreshold', 'number') ?? DEFAULTS.batchThreshold,
    },
    createTable: readCreateTable(options),
    maxPendingCalls: readCount(options, 'maxPendingCalls', 'calls') ?? DEFAULTS.maxPendingCalls,
    operationTimeout: readTime(options, 'operationTimeout', 1) ?? DEFAULTS.operationTimeout,
    tableTimeout: readTime(options, 'tableTimeout', 1) ?? DEFAULTS.tableTimeout,
  };
}

/**
 * The options of the stores that keep web sessions.
 *
 * @param {Record<string, any>} options
 */
function readOfWebSessions(options) {
  const { native, ...ofAll } = readOfAll(options);
  return {
    native: {
      ...native,
      identityKeys: /** @type {string[]} */ (readIdentityKeys(options) ?? DEFAULTS.identityKeys),
      payPerRequest: option(options, 'payPerRequest', 'boolean') ?? false,
    },
    ...ofAll,
    ttl: readTtl(options) ?? DEFAULTS.ttl,
    disconnectEvents: option(options, 'disconnectEvents', 'boolean') ?? false,
    touchInterval: readTouchInterval(options) ?? DEFAULTS.touchInterval,
    conflict: readConflict(options) ?? DEFAULTS.conflict,
  };
}

/**
 * The id of a session that never exists, which a probe reads. DynamoDB takes no longer key.
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
 * Which touches are not written.
 *
 * @param {Record<string, any>} options
 * @returns {number | 'auto' | undefined} milliseconds
 */
function readTouchInterval(options) {
  const interval = option(options, 'touchInterval', ['milliseconds', 'string']);
  if (interval === undefined || interval === 'auto') return interval;
  if (typeof interval === 'number') return readTime(options, 'touchInterval', 0);
  const is = given('touchInterval', interval);
  throw invalidArgument(
    `option "touchInterval" must be a number of milliseconds or "auto", but is ${is}`,
  );
}

/**
 * What becomes of a session that another request has changed since it was read.
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
 * The keys of a session that say whose it is, each a path such as `account.id`.
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
 * What a table gets that the store creates.
 *
 * @param {Record<string, any>} options
 * @returns {import('../native/binding').CreateTableOptions | undefined}
 */
function readCreateTable(options) {
  const given = option(options, 'createTable', 'object');
  return given && require('./creation').readCreateTable(given);
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
 * The lifetime that the option `ttl` gives a session.
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

module.exports = { DEFAULTS, lifetimeOf, readOfAll, readOfWebSessions };
