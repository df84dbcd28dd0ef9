'use strict';

const { parseArgs } = require('node:util');
const { SetupError } = require('../../scripts/setup');

/**
 * Reads the command line of a program whose options are numbers.
 *
 * @template {string} N
 * @param {Record<N, number>} defaults
 * @returns {Record<N, number>}
 * @throws {SetupError} if an option is no number
 */
function readNumbers(defaults) {
  const names = /** @type {N[]} */ (Object.keys(defaults));
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  });
  const read = names.map((name) => {
    const value = values[name];
    return [name, value === undefined ? defaults[name] : numberOf(`--${name}`, String(value), 0)];
  });
  return Object.fromEntries(read);
}

/**
 * @param {string} option
 * @param {string} text
 * @param {number} [least]
 */
function numberOf(option, text, least = Number.MIN_VALUE) {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (number >= least) return number;
  throw new SetupError(`${option} takes a number ${least === 0 ? 'from 0' : 'above 0'}`);
}

/**
 * @param {string} option
 * @param {string} text names with commas between them
 * @param {string[]} known
 */
function namesOf(option, text, known) {
  const names = text.split(',');
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return names;
  throw new SetupError(`${option} has no "${wrong}"; there are: ${known.join(', ')}`);
}

module.exports = { namesOf, numberOf, readNumbers };
