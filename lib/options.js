'use strict';

/**
 * Reading option objects: JavaScript types are checked here, values in the addon. An error names
 * the option, what it takes with the unit, and what it got, but no value that may be secret.
 */

const { invalidArgument } = require('./errors');

/** What all stores have where an option is missing. */
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

/** The longest time that a timer of Node can wait, in milliseconds. */
const LONGEST_TIMER = 2_147_483_647;

/** @param {unknown} value */
function typeName(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value;
}

/** Options whose values no error shows. */
const SECRET = /accessKey|secret|token|credential/i;

/** Text that an error shows: a number with a unit, or a word for a boolean. Any other may be a secret. */
const HARMLESS = /^(?:[+-]?[\d.,]{1,20} ?[a-z]{0,12}|true|false|yes|no|on|off|auto)$/i;

/**
 * What an option was set to, to follow "but is" in an error.
 *
 * @param {string} path the option
 * @param {unknown} value
 * @returns {string} the value, or its type where the value may be secret
 */
function given(path, value) {
  if (SECRET.test(path)) return typeName(value);
  if (typeof value === 'string') return HARMLESS.test(value) ? `the text "${value}"` : 'a text';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeName(value);
}

/**
 * Whether text is well-formed Unicode. As UTF-8, all halves of surrogate pairs are the same.
 *
 * @param {string} text
 */
function isWellFormed(text) {
  // TypeScript knows it from ES2024 on, Node from version 20.
  return /** @type {any} */ (text).isWellFormed();
}

/** @typedef {'string' | 'boolean' | 'number' | 'milliseconds' | 'function' | 'array' | 'object'} Kind */

/**
 * What an option may take: the words for the error, and the test.
 *
 * @type {Record<Kind, readonly [string, (value: unknown) => boolean]>}
 */
const kinds = {
  string: ['a string', (value) => typeof value === 'string'],
  boolean: ['a boolean', (value) => typeof value === 'boolean'],
  number: ['a finite number', Number.isFinite],
  milliseconds: ['a number of milliseconds', Number.isFinite],
  function: ['a function', (value) => typeof value === 'function'],
  array: ['an array', Array.isArray],
  object: [
    'an object',
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ],
};

/**
 * The option `name` of `options`; `undefined` where it is missing or `null`, as the replaced
 * packages have it.
 *
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {Kind | Kind[]} kind
 * @param {string} [owner] the option that `options` are the value of
 * @returns {any}
 */
function option(options, name, kind, owner) {
  const value = options[name];
  if (value === undefined || value === null) return undefined;
  const allowed = [kind].flat();
  const path = owner ? `${owner}.${name}` : name;
  if (typeof value === 'string' && !isWellFormed(value)) {
    throw invalidArgument(
      `option "${path}" is not well-formed Unicode: it has half a surrogate pair`,
    );
  }
  if (allowed.some((each) => kinds[each][1](value))) return value;
  const takes = allowed.map((each) => kinds[each][0]).join(' or ');
  // Text in the place of an object may be that object as JSON, with keys in it.
  const is = allowed.includes('object') ? typeName(value) : given(path, value);
  throw invalidArgument(`option "${path}" must be ${takes}, but is ${is}`);
}

/** @type {Set<string>} */
const warned = new Set();

/**
 * Warns of each name in `options` that is not `known`, once in the life of the process.
 *
 * @param {Record<string, any>} options
 * @param {ReadonlySet<string>} known
 * @param {string} [owner] the option that `options` are the value of
 * @param {import('./suggestions').StoreName} [store] nothing for the settings of an SDK
 */
function warnOfUnknown(options, known, owner, store) {
  for (const name of Object.keys(options)) {
    const path = owner ? `${owner}.${name}` : name;
    if (known.has(name) || options[name] === undefined || warned.has(path)) continue;
    warned.add(path);
    const { suggestion } = require('./suggestions');
    const help = suggestion(path, known, store);
    process.emitWarning(`option "${path}" is not known and has no effect. ${help}`.trim(), {
      type: 'DynamoDBStoreWarning',
      code: 'DYNAMO_SESSION_STORE_UNKNOWN_OPTION',
    });
  }
}

/**
 * The option object itself: none is the same as an empty one.
 *
 * @param {unknown} options
 * @param {string} owner
 * @returns {Record<string, any>}
 */
function optionsObject(options, owner) {
  if (options === undefined || options === null) return {};
  if (kinds.object[1](options)) return /** @type {Record<string, any>} */ (options);
  throw invalidArgument(`${owner} must be an object, but is ${typeName(options)}`);
}

/**
 * Capacity units. The replaced packages made a number of them, so a numeric string is fine.
 *
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {string} [owner]
 * @returns {number | undefined}
 */
function readCapacity(options, name, owner) {
  const units = option(options, name, ['number', 'string'], owner);
  if (typeof units !== 'string') return units;
  return units.trim() === '' ? Number.NaN : Number(units);
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
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {number} least
 * @returns {number | undefined} milliseconds
 */
function readTime(options, name, least) {
  const time = option(options, name, 'milliseconds');
  if (time === undefined || (time >= least && time <= LONGEST_TIMER)) return time;
  throw invalidArgument(
    `option "${name}" must be a number of milliseconds from ${least} to ${LONGEST_TIMER}, but is ${time}`,
  );
}

/**
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {string} things what is counted
 * @returns {number | undefined}
 */
function readCount(options, name, things) {
  const count = option(options, name, 'number');
  if (count === undefined || (Number.isInteger(count) && count >= 1)) return count;
  throw invalidArgument(
    `option "${name}" must be a whole number of ${things}, at least 1, but is ${count}`,
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
 * How many calls may wait for their outcome.
 *
 * @param {Record<string, any>} options
 */
function readMaxPendingCalls(options) {
  return readCount(options, 'maxPendingCalls', 'calls') ?? DEFAULTS.maxPendingCalls;
}

/**
 * Whether operations are merged, and from how many in flight.
 *
 * @param {Record<string, any>} options
 */
function readBatch(options) {
  return {
    batch: option(options, 'batch', 'boolean') ?? true,
    batchThreshold: option(options, 'batchThreshold', 'number') ?? DEFAULTS.batchThreshold,
  };
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

module.exports = {
  DEFAULTS,
  isWellFormed,
  lifetimeOf,
  option,
  optionsObject,
  readBatch,
  readCapacity,
  readConflict,
  readCount,
  readIdentityKeys,
  readCreateTable,
  readMaxPendingCalls,
  readProbeKey,
  readTime,
  readTouchInterval,
  readTtl,
  typeName,
  warnOfUnknown,
};
