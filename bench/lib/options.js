'use strict';

/** The command line of `npm run bench`. */

const { parseArgs } = require('node:util');
const { SetupError } = require('../../scripts/setup');
const { modes } = require('../modes');
const { subjects } = require('../subjects');

/** @import { Mode, Options } from '../types' */

/** The defaults of the options that all modes have, and those with `--quick`. */
const DEFAULTS = { rounds: 5, seconds: 2, 'in-flight': 64 };
const QUICK = { rounds: 1, seconds: 0.5 };

/** Seconds at the begin of a process that are not measured: a JS SDK is a lot to compile. */
const SETTLE = 3;

const TOGETHER = modes.filter(({ alone }) => !alone);

/** @param {readonly { name: string }[]} all */
const namesOf = (all) => all.map(({ name }) => name).join(',');

const HELP = `npm run bench [-- options]

  --only a,b         of ${namesOf(modes)};
                     by default ${namesOf(TOGETHER)}
  --subjects a,b     of ${namesOf(subjects)}
  --rounds N         how often each is measured; the median counts (5)
  --seconds N        how long each operation, or mix of them, is measured, each time (2)
  --in-flight N      calls at a time (64)
  --quick            one round of half a second, to see that everything works
  --markdown FILE    also as Markdown, between <!-- results --> and <!-- /results --> if FILE has them
  --chart NAME       also as charts in SVG: NAME-page.svg and NAME-loops.svg

Options and defaults of single parts:
${modes.flatMap(({ name, options }) => (options ? [`  ${name}: ${JSON.stringify(options)}`] : [])).join('\n')}`;

/** Reads the command line, and refuses what it does not know. */
function readOptions() {
  const numbers = new Set(
    [DEFAULTS, ...modes.map(({ options = {} }) => options)].flatMap(Object.keys),
  );
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(
        [...numbers].map((name) => [name, /** @type {const} */ ({ type: 'string' })]),
      ),
      only: { type: 'string', default: namesOf(TOGETHER) },
      subjects: { type: 'string', default: namesOf(subjects) },
      quick: { type: 'boolean', default: false },
      markdown: { type: 'string' },
      chart: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { only, subjects: wanted, quick, markdown, chart, help } = values;
  /** @param {Mode} mode @returns {Options} */
  const optionsOf = (mode) => {
    const defaults = { ...DEFAULTS, ...mode.options, ...(quick && { ...QUICK, ...mode.quick }) };
    const read = Object.entries(defaults).map(([name, value]) => {
      const given = /** @type {any} */ (values)[name];
      const camelCase = name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
      return [
        camelCase,
        given === undefined ? value : numbersOf(name, given, Array.isArray(value)),
      ];
    });
    const options = Object.fromEntries(read);
    return { ...options, quick, settle: Math.min(SETTLE, 3 * options.seconds) };
  };
  return {
    modes: named('only', String(only), modes).map((mode) => ({ mode, options: optionsOf(mode) })),
    subjects: named('subjects', String(wanted), subjects),
    markdown,
    chart,
    help,
  };
}

/**
 * @param {string} option
 * @param {string} text
 * @param {boolean} isList whether it takes numbers with commas between them
 */
function numbersOf(option, text, isList) {
  const parts = isList ? text.split(',') : [text];
  const numbers = parts.map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.every((number) => number > 0)) return isList ? numbers : numbers[0];
  throw new SetupError(`--${option} takes ${isList ? 'numbers' : 'a number'} above 0`);
}

/**
 * The modes or subjects that an option names, in their own order.
 *
 * @template {{ name: string }} T
 * @param {string} option
 * @param {string} text names with commas between them
 * @param {readonly T[]} all
 */
function named(option, text, all) {
  const names = text.split(',');
  const wrong = names.find((name) => !all.some((each) => each.name === name));
  if (wrong === undefined) return all.filter(({ name }) => names.includes(name));
  throw new SetupError(`--${option} has no "${wrong}"; there are: ${namesOf(all)}`);
}

module.exports = { HELP, readOptions };
