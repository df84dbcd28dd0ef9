'use strict';

/**
 * Reading option objects: JavaScript types are checked here, values in the addon. An error names
 * the option, what it takes with the unit, and what it got, but no value that may be secret.
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

module.exports = {
  given,
  isWellFormed,
  option,
  optionsObject,
  readCapacity,
  readCount,
  readTime,
  typeName,
  warnOfUnknown,
};
