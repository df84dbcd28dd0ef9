'use strict';

/**
 * Reads option objects. This file checks JavaScript types; the addon checks values. An error names the option, the
 * allowed type with its unit, and the value that was set, unless this value may be secret.
 */

const { invalidArgument } = require('./errors');

/** The longest time that a timer of Node can wait, in milliseconds. */
const LONGEST_TIMER = 2_147_483_647;

/** @param {unknown} value */
function typeName(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value;
}

/** The names of options whose values no error may show. */
const SECRET = /accessKey|secret|token|credential|encryption/i;

/** Texts that an error may show: a number with a unit, or a word for a boolean. Other texts may be secret. */
const SHOWABLE = /^(?:[+-]?[\d.,]{1,20} ?[a-z]{0,12}|true|false|yes|no|on|off|auto)$/i;

/**
 * Describes the value of an option, to follow "but is" in an error.
 *
 * @param {string} path the option
 * @param {unknown} value
 * @returns {string} the value, or its type if the value may be secret
 */
function shownValue(path, value) {
  if (SECRET.test(path)) return typeName(value);
  if (typeof value === 'string') return SHOWABLE.test(value) ? `the text "${value}"` : 'a text';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeName(value);
}

/**
 * Whether text is well-formed Unicode. Otherwise texts that differ only in halves of surrogate pairs would be equal
 * as UTF-8.
 *
 * @param {string} text
 */
function isWellFormed(text) {
  // Node has the method since version 20, TypeScript's types only since ES2024.
  return /** @type {any} */ (text).isWellFormed();
}

/** @typedef {'string' | 'boolean' | 'number' | 'milliseconds' | 'function' | 'array' | 'bytes' | 'object'} Kind */

/**
 * The kinds of options: the words for the error, and the test.
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
  bytes: ['a Buffer or Uint8Array', ArrayBuffer.isView],
  object: [
    'an object',
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ],
};

/**
 * Returns the option `name` of `options`. `null` counts as not set, as in the replaced packages.
 *
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {Kind | Kind[]} kind
 * @param {string} [owner] the option whose value is `options`
 * @returns {any} `undefined` if the option is not set
 * @throws {TypeError} if the value has another kind
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
  // A text in the place of an object may be JSON with credentials in it.
  const is = allowed.includes('object') ? typeName(value) : shownValue(path, value);
  throw invalidArgument(`option "${path}" must be ${takes}, but is ${is}`);
}

/** The unknown options that were reported. @type {Set<string>} */
const warned = new Set();

/**
 * Warns of each name in `options` that is not in `known`: once in a process for each name.
 *
 * @param {Record<string, any>} options
 * @param {ReadonlySet<string>} known
 * @param {string} [owner] the option whose value is `options`
 * @param {import('./suggestions').StoreName} [store] not set for the settings of an SDK
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
 * Checks an option object. If it is not set, returns an empty object.
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
 * Reads capacity units. A numeric string is accepted, as in the replaced packages.
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
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {number} least
 * @param {string} [owner] the option whose value is `options`
 * @returns {number | undefined} milliseconds
 */
function readTime(options, name, least, owner) {
  const time = option(options, name, 'milliseconds', owner);
  if (time === undefined || (time >= least && time <= LONGEST_TIMER)) return time;
  const path = owner ? `${owner}.${name}` : name;
  throw invalidArgument(
    `option "${path}" must be a number of milliseconds from ${least} to ${LONGEST_TIMER}, but is ${time}`,
  );
}

/**
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {string} things the plural of the things that the option counts, for the error
 * @param {string} [owner] the option whose value is `options`
 * @returns {number | undefined}
 */
function readCount(options, name, things, owner) {
  const count = option(options, name, 'number', owner);
  if (count === undefined || (Number.isInteger(count) && count >= 1)) return count;
  const path = owner ? `${owner}.${name}` : name;
  throw invalidArgument(
    `option "${path}" must be a whole number of ${things}, at least 1, but is ${count}`,
  );
}

module.exports = {
  isWellFormed,
  option,
  optionsObject,
  readCapacity,
  readCount,
  readTime,
  shownValue,
  typeName,
  warnOfUnknown,
};
