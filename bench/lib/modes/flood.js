'use strict';

/** `flood`: very many calls in one turn of the event loop, and what the store makes of them. */

const { TABLES } = require('../formats');
const { mostConnections, resetConnections } = require('../servers');
const { runWorker } = require('../worker');

/** @import { Bench } from '../bench' */
/** @import { Subject } from '../calls' */
/** @import { Flooded } from '../work/flood' */

const TOUCHES = 20_000;
const QUICK_TOUCHES = 1000;

/** Milliseconds. */
const LATENCY = 200;
const SESSION_BYTES = 1024;

/** Further options of the store: its defaults, and few connections. */
const STORE_OPTIONS = [{}, { maxSockets: 32 }];

/** Seconds for one flood. With few connections the calls wait for each other. */
const EXPECTED = 180;

/**
 * One flood.
 *
 * @typedef {Flooded & { subject: string, round: number, latency: number, connections: number,
 *   storeOptions: object }} FloodRow
 */

/** @param {Bench} bench */
async function flood(bench) {
  for (const storeOptions of STORE_OPTIONS) {
    await bench.rounds(
      'flood',
      (subject, round) => measure(bench, subject, { round, storeOptions }),
      optionsText(storeOptions),
    );
  }
}

/**
 * @param {Bench} bench
 * @param {Subject} subject
 * @param {{ round: number, storeOptions: object }} run
 */
async function measure(bench, subject, { round, storeOptions }) {
  const touches = bench.options.quick ? QUICK_TOUCHES : TOUCHES;
  const options = { sessionBytes: SESSION_BYTES, latency: LATENCY };
  const { endpoint } = await bench.cannedServer(subject.format, options);
  await resetConnections(endpoint);
  const report = await runWorker({
    kind: 'flood',
    subject: subject.name,
    target: {
      endpoint,
      table: TABLES[subject.format].table,
      // Every call has a session of its own.
      ids: touches,
      sessionBytes: SESSION_BYTES,
    },
    touches,
    storeOptions,
    expected: EXPECTED,
  });
  if (!report.flood) return bench.note(subject, 'flood', report);
  bench.results.floods.push({
    subject: subject.name,
    round,
    latency: LATENCY,
    storeOptions,
    connections: await mostConnections(endpoint),
    ...report.flood,
  });
}

/** @param {object} options */
function optionsText(options) {
  const entries = Object.entries(options);
  if (entries.length === 0) return 'defaults';
  return entries.map(([name, value]) => `${name}: ${value}`).join(', ');
}

module.exports = { flood, optionsText };
