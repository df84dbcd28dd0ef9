'use strict';

/**
 * `npm run bench`: measures every store in a process of its own, several times, the stores in turn
 * within each round, and reports medians.
 *
 *     npm run bench -- --only canned,start --subjects ours,connect-dynamodb --rounds 3
 */

const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { program } = require('../scripts/setup');
const { Bench } = require('./lib/bench');
const { namesOf, numberOf } = require('./lib/options');
const { prepareDependencies, prepareOwn, prepareServer } = require('./lib/prepare');
const { modes } = require('./modes');
const { drawLoops, drawPage } = require('./report/chart');
const { fillMarkdown, tablesOf, toMarkdown } = require('./report/tables');
const { subjects } = require('./subjects');

const MODES = modes.map(({ name }) => name);
const SUBJECTS = subjects.map(({ name }) => name);

const HELP = `npm run bench [-- options]

  --only a,b         of ${MODES.join(', ')}; all of them by default
  --subjects a,b     of ${SUBJECTS.join(', ')}
  --rounds N         how often each is measured; the median counts (5)
  --seconds N        how long each operation, or mix of them, is measured, each time (2)
  --in-flight N      calls at a time (64)
  --visitors N,N     visitors of an app at a time, in app (1,64)
  --quick            one round of half a second, to see that everything works
  --markdown FILE    also as Markdown, between <!-- results --> and <!-- /results --> if FILE has them
  --chart NAME       also as charts in SVG: NAME-page.svg and NAME-loops.svg`;

/** Reads the command line, and refuses what it does not know. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: MODES.join() },
      subjects: { type: 'string', default: SUBJECTS.join() },
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
  const { quick, markdown, chart, help } = values;
  const wantedModes = namesOf('--only', values.only, MODES);
  const wantedSubjects = namesOf('--subjects', values.subjects, SUBJECTS);
  return {
    modes: modes.filter(({ name }) => wantedModes.includes(name)),
    subjects: subjects.filter(({ name }) => wantedSubjects.includes(name)),
    rounds: numberOf('--rounds', values.rounds ?? (quick ? '1' : '5')),
    seconds: numberOf('--seconds', values.seconds ?? (quick ? '0.5' : '2')),
    inFlight: numberOf('--in-flight', values['in-flight']),
    visitors: values.visitors.split(',').map((each) => numberOf('--visitors', each)),
    quick,
    markdown,
    chart,
    help,
  };
}

program(async () => {
  const options = readOptions();
  if (options.help) return console.log(HELP);
  prepareDependencies();
  prepareOwn();
  prepareServer();
  const bench = new Bench(options);
  await bench.run();
  const { results } = bench;
  const folder = join(__dirname, 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
  const tables = tablesOf(results, options);
  const text = toMarkdown(results, tables);
  console.log(`\n${text}`);
  if (options.markdown) fillMarkdown(options.markdown, text);
  const charts = options.chart ? { '-page': drawPage(results), '-loops': drawLoops(results) } : {};
  for (const [name, drawn] of Object.entries(charts)) {
    if (drawn) writeFileSync(String(options.chart).replace(/(\.svg)?$/, `${name}.svg`), drawn);
  }
  return results.failed.length > 0 ? 1 : 0;
});
