'use strict';

/** The command line of `npm run bench`. */

const { parseArgs } = require('node:util');
const { SetupError } = require('../../scripts/setup');
const { subjects: allSubjects } = require('../subjects');

const MODES = [
  'canned',
  'latency',
  'mixed',
  'flood',
  'cost',
  'app',
  'local',
  'start',
  'memory',
  'size',
];

const HELP = `npm run bench [-- options]

  --only a,b         of ${MODES.join(', ')}; all of them by default
  --subjects a,b     of ${allSubjects.map(({ name }) => name).join(', ')}
  --rounds N         how often each is measured; the median counts (5)
  --seconds N        how long each operation, or mix of them, is measured, each time (2)
  --in-flight N      calls at a time (64)
  --visitors N,N     visitors of an app at a time, in app (1,64)
  --quick            one round of half a second, to see that everything works
  --markdown FILE    also as Markdown, between <!-- results --> and <!-- /results --> if FILE has them
  --chart NAME       also as charts in SVG: NAME-page.svg and NAME-loops.svg`;

/** @typedef {ReturnType<typeof readOptions>} Options */

/** Reads the command line, and refuses what it does not know. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: MODES.join() },
      subjects: { type: 'string', default: allSubjects.map(({ name }) => name).join() },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'in-flight': { type: 'string', default: '64' },
      visitors: { type: 'string', default: '1,64' },
      quick: { type: 'boolean', default: false },
      markdown: { type: 'string' },
      chart: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const names = among(
    '--subjects',
    values.subjects,
    allSubjects.map(({ name }) => name),
  );
  return {
    help: values.help,
    modes: among('--only', values.only, MODES),
    subjects: allSubjects.filter(({ name }) => names.includes(name)),
    rounds: positive('--rounds', values.rounds ?? (values.quick ? '1' : '5')),
    seconds: positive('--seconds', values.seconds ?? (values.quick ? '0.5' : '2')),
    inFlight: positive('--in-flight', values['in-flight']),
    visitors: values.visitors.split(',').map((each) => positive('--visitors', each)),
    quick: values.quick,
    markdown: values.markdown,
    chart: values.chart,
  };
}

/**
 * @param {string} option
 * @param {string} text
 * @param {string[]} known
 */
function among(option, text, known) {
  const names = text.split(',');
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return names;
  throw new SetupError(`${option} has no "${wrong}"; there are: ${known.join(', ')}`);
}

/**
 * @param {string} option
 * @param {string} text
 */
function positive(option, text) {
  const number = Number(text);
  if (number > 0) return number;
  throw new SetupError(`${option} takes a number above 0`);
}

module.exports = { HELP, readOptions };
