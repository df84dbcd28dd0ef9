'use strict';

/** Reads objects of options in which an unknown name is an error. This file is loaded only with such options. */

const { invalidArgument } = require('./errors');
const { option, optionsObject } = require('./options');

/** @import { Kind } from './options' */

/**
 * Reads the fields of an object.
 *
 * @param {Record<string, any>} given the object
 * @param {Record<string, Kind | Kind[]>} fields the allowed fields
 * @param {string} path the option that holds the object
 * @returns {Record<string, any>} without fields that are not set
 * @throws {TypeError} if the object has another field, or a value of another kind
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
 * Checks the options of a method. An unknown name is an error, because it may be a mistake that changes the effect of
 * the call: `destroyOf` would destroy more sessions.
 *
 * @param {unknown} given the options, `undefined` or `null`
 * @param {string} method
 * @param {string[]} known the allowed names
 * @returns {Record<string, any>} the options, with values of any kind
 * @throws {TypeError} if another option is set
 */
function methodOptions(given, method, known) {
  const options = optionsObject(given, `the options of ${method}`);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return options;
  throw invalidArgument(
    `the options of ${method} are ${known.join(', ')}, but "${unknown}" is set`,
  );
}

module.exports = { methodOptions, readFields };
