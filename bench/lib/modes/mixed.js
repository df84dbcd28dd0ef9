'use strict';

/** `mixed`: calls of all kinds at once, at given rates, as the requests of an application come. */

const { TABLES } = require('../formats');
const { mostConnections, resetConnections } = require('../servers');
const { runWorker } = require('../worker');

/** @import { Bench } from '../bench' */
/** @import { Subject } from '../calls' */
/** @import { Rates } from '../traffic' */
/** @import { Kind } from '../work/mixed' */

/** Milliseconds: DynamoDB in the same region, a slow DynamoDB, DynamoDB on another continent. */
const LATENCIES = [5, 50, 200];

/** Calls a second, from nearly all reads to nearly all writes. */
const READS_AND_WRITES = [
  { get: 1000, set: 5 },
  { get: 1000, set: 100 },
  { get: 300, set: 100 },
  { get: 100, set: 100 },
  { get: 100, set: 300 },
  { get: 5, set: 300 },
];
const TOUCHES = 50;
const DESTROYS = 5;

/** The number of sessions. With this many, two calls in flight are rarely for the same session. */
const IDS = 10_000;
const SESSION_BYTES = 1024;

/** A run may take this many times as long as its calls are made: a slow store has a queue left. */
const PATIENCE = 6;

/**
 * The calls of one kind in one run.
 *
 * @typedef {Kind & { subject: string, round: number, latency: number, rates: Rates,
 *   connections: number }} MixedRow
 */

/**
 * The mark: every kind of call has its p99 below this many milliseconds. That leaves time for one
 * other call that a call may wait for, and for the event loop.
 *
 * @param {number} latency
 */
function markOf(latency) {
  return 2 * latency + 10;
}

/** @param {Bench} bench */
async function mixed(bench) {
  const { quick } = bench.options;
  for (const latency of LATENCIES) {
    for (const each of quick ? extremes(READS_AND_WRITES) : READS_AND_WRITES) {
      const rates = { ...each, touch: TOUCHES, destroy: DESTROYS };
      await bench.rounds(
        'mixed',
        (subject, round) => measure(bench, subject, { round, latency, rates }),
        `${latency} ms, ${each.get} get and ${each.set} set a second`,
      );
    }
  }
}

/**
 * @param {Bench} bench
 * @param {Subject} subject
 * @param {{ round: number, latency: number, rates: Rates }} run
 */
async function measure(bench, subject, { round, latency, rates }) {
  const { seconds } = bench.options;
  const settle = bench.settle;
  const { endpoint } = await bench.cannedServer(subject.format, {
    sessionBytes: SESSION_BYTES,
    latency,
  });
  await resetConnections(endpoint);
  const report = await runWorker({
    kind: 'mixed',
    subject: subject.name,
    target: {
      endpoint,
      table: TABLES[subject.format].table,
      ids: IDS,
      sessionBytes: SESSION_BYTES,
    },
    rates,
    // Every round has other calls, and every subject has the same.
    seed: round,
    seconds,
    settle,
    expected: PATIENCE * (settle + seconds),
  });
  if (!report.mixed) return bench.note(subject, 'mixed', report);
  const connections = await mostConnections(endpoint);
  const { name } = subject;
  for (const kind of report.mixed) {
    bench.results.mixed.push({ subject: name, round, latency, rates, connections, ...kind });
  }
}

/**
 * @template T
 * @param {readonly T[]} all
 */
function extremes(all) {
  return [...all.slice(0, 1), ...all.slice(-1)];
}

module.exports = { markOf, mixed };
