'use strict';

/**
 * `npm run bench`: measures every store in a process of its own, several times, the stores in turn
 * within each round, and reports medians.
 *
 *     npm run bench -- --only canned,start --subjects ours,connect-dynamodb --rounds 3
 */

const { mkdirSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { program } = require('../scripts/setup');
const { Bench } = require('./lib/bench');
const { drawLoops, drawPage } = require('./lib/chart');
const { HELP, readOptions } = require('./lib/options');
const { prepareDependencies, prepareOwn, prepareServer } = require('./lib/prepare');
const { fillMarkdown, toMarkdown, toText } = require('./lib/report');

/** @import { Results } from './lib/bench' */
/** @import { Options } from './lib/options' */

/**
 * @param {Results} results
 * @param {Options} options
 */
function report(results, { markdown, chart }) {
  const latest = join(__dirname, 'results', 'latest.json');
  mkdirSync(dirname(latest), { recursive: true });
  writeFileSync(latest, `${JSON.stringify(results, null, 2)}\n`);
  console.log(toText(results));
  if (markdown) fillMarkdown(markdown, toMarkdown(results));
  const charts = { '-page': drawPage, '-loops': drawLoops };
  for (const [name, draw] of Object.entries(chart ? charts : {})) {
    const drawn = draw(results);
    if (drawn) writeFileSync(chart.replace(/(\.svg)?$/, `${name}.svg`), drawn);
  }
}

program(async () => {
  const options = readOptions();
  if (options.help) return console.log(HELP);
  prepareDependencies();
  prepareOwn();
  prepareServer();
  const bench = new Bench(options);
  await bench.run();
  report(bench.results, options);
  return bench.results.failed.length > 0 ? 1 : 0;
});
