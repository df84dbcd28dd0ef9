'use strict';

/**
 * `npm run bench`: measures every store in a process of its own, several times, the stores in turn
 * within each round, and reports medians.
 *
 *     npm run bench -- --only canned,start --subjects ours,connect-dynamodb --rounds 3
 */

const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { program } = require('../scripts/setup');
const { Bench } = require('./lib/bench');
const { HELP, readOptions } = require('./lib/options');
const { prepare } = require('./lib/prepare');
const { drawLoops, drawPage } = require('./report/chart');
const { fillMarkdown, toMarkdown } = require('./report/tables');

program(async () => {
  const { modes, subjects, markdown, chart, help } = readOptions();
  if (help) return console.log(HELP);
  prepare();
  const bench = new Bench(subjects, modes[0].options);
  for (const { mode, options } of modes) await bench.run(mode, options);
  const { results } = bench;
  const folder = join(__dirname, 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
  const tables = modes.flatMap(({ mode, options }) => {
    const rows = results.rows.filter((row) => row.mode === mode.name);
    return rows.length > 0 ? mode.tables(rows, options) : [];
  });
  const text = await toMarkdown(results, tables);
  console.log(`\n${text}`);
  if (markdown) fillMarkdown(markdown, text);
  const charts = chart ? { '-page': drawPage(results), '-loops': drawLoops(results) } : {};
  for (const [name, drawn] of Object.entries(charts)) {
    if (drawn) writeFileSync(String(chart).replace(/(\.svg)?$/, `${name}.svg`), drawn);
  }
  return results.failed.length > 0 ? 1 : 0;
});
