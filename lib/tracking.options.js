'use strict';

/** The options `absoluteTtl` and `indexes`. */

const { invalidArgument } = require('./errors');
const { option, optionsObject, readCount } = require('./options');

/**
 * An index of sessions by a value, such as their user.
 *
 * @typedef {object} SessionIndex
 * @property {string} name its name in the option `indexes`
 * @property {string} attribute the attribute that holds the value
 * @property {string} index the name of the global secondary index
 * @property {(session: any) => unknown} valueOf
 * @property {((session: any, request: any) => unknown) | undefined} label
 * @property {number | undefined} max the largest number of sessions with one value
 * @property {'end-oldest' | 'refuse'} over the behaviour if there are more
 */

/**
 * Reads the option `absoluteTtl`.
 *
 * @param {Record<string, any>} options
 * @returns {{ ttl: number | undefined, regenerate?: 'continue' | 'restart' }}
 */
function readAbsoluteTtl(options) {
  const given = option(options, 'absoluteTtl', ['milliseconds', 'object']);
  if (given === undefined || typeof given === 'number') {
    return { ttl: readTtl(options, 'absoluteTtl') };
  }
  const regenerate = option(given, 'regenerate', 'string', 'absoluteTtl') ?? 'continue';
  if (regenerate !== 'continue' && regenerate !== 'restart') {
    throw invalidArgument('option "absoluteTtl.regenerate" must be "continue" or "restart"');
  }
  const ttl = readTtl(given, 'ttl', 'absoluteTtl');
  if (ttl === undefined) throw invalidArgument('option "absoluteTtl.ttl" is missing');
  return { ttl, regenerate };
}

/**
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {string} [owner]
 * @returns {number | undefined}
 */
function readTtl(options, name, owner) {
  const ttl = option(options, name, 'milliseconds', owner);
  if (ttl === undefined || ttl >= 1) return ttl;
  const path = owner ? `${owner}.${name}` : name;
  throw invalidArgument(`option "${path}" must be at least 1 millisecond, but is ${ttl}`);
}

/**
 * Reads the option `indexes`.
 *
 * @param {Record<string, any>} options
 * @returns {SessionIndex[]}
 */
function readIndexes(options) {
  const given = option(options, 'indexes', 'object') ?? {};
  return Object.entries(given).map(([name, each]) => readIndex(name, each));
}

/**
 * @param {string} name
 * @param {unknown} given
 * @returns {SessionIndex}
 */
function readIndex(name, given) {
  const owner = `indexes.${name}`;
  const settings = optionsObject(given, `option "${owner}"`);
  const over = option(settings, 'over', 'string', owner) ?? 'end-oldest';
  if (over !== 'end-oldest' && over !== 'refuse') {
    throw invalidArgument(`option "${owner}.over" must be "end-oldest" or "refuse"`);
  }
  const value = option(settings, 'value', ['string', 'function'], owner);
  if (value === undefined) throw invalidArgument(`option "${owner}.value" is missing`);
  return {
    name,
    attribute: option(settings, 'attribute', 'string', owner) ?? name,
    index: option(settings, 'index', 'string', owner) ?? `${name}-index`,
    valueOf: typeof value === 'function' ? value : readPath(value, `${owner}.value`),
    label: option(settings, 'label', 'function', owner),
    max: readCount(settings, 'max', 'sessions', owner),
    over,
  };
}

/**
 * Returns a function that reads the value under a path of keys, such as `passport.user`.
 *
 * @param {string} path
 * @param {string} name the name of the option
 */
function readPath(path, name) {
  const keys = path.split('.');
  if (keys.includes('')) {
    throw invalidArgument(
      `option "${name}" must be a key of the session, a path of keys such as "passport.user", or a function`,
    );
  }
  return (/** @type {any} */ session) =>
    keys.reduce(
      (value, key) => (Object.hasOwn(Object(value), key) ? value[key] : undefined),
      session,
    );
}

module.exports = { readAbsoluteTtl, readIndexes };
