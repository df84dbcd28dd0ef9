'use strict';

/** `mixed`: calls of all kinds at once, at given rates, as the requests of an application come. */

const { checkGet, countFailures, failureText, openCalls, play, timed } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { percentile } = require('../lib/stats');
const { STORE, groupsOf, tableOf, totalOf, whole } = require('../report/tables');

/** @import { Row } from '../lib/bench' */
/** @import { Operation, Target } from '../lib/calls' */

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
const OTHERS = { touch: 50, destroy: 5 };

/** The number of sessions. With this many, two calls in flight are rarely for the same session. */
const IDS = 10_000;

/** A run may take this many times as long as its calls are made: a slow store has a queue left. */
const PATIENCE = 6;

/** Added to the seed, so that the calls before the measured ones are others. */
const SETTLE_SEED = 1_000_000;

/**
 * @typedef {Readonly<Record<Operation, number>>} Rates calls a second, of each kind
 *
 * @typedef {object} Task
 * @property {Target} target
 * @property {Rates} rates
 * @property {number} seed
 * @property {number} seconds
 * @property {number} settle seconds of the same traffic before, which are not measured
 */

/** @type {import('../lib/bench').Mode} */
const mixed = {
  name: 'mixed',
  runs: ({ quick }) =>
    LATENCIES.flatMap((latency) =>
      READS_AND_WRITES.filter(
        (_, index) => !quick || index % (READS_AND_WRITES.length - 1) === 0,
      ).map((rates) => ({ latency, ...rates })),
    ),
  async measure(bench, subject, { latency, get, set }, round) {
    const server = await bench.canned(subject.format, { latency });
    const { seconds } = bench.options;
    const { settle } = bench;
    const target = await bench.target(subject, { ids: IDS, server });
    await server.awaitNoConnection();
    // Every round has other calls, and every subject has the same.
    const task = { target, rates: { get, set, ...OTHERS }, seed: round, seconds, settle };
    const kinds = await runWorker(__filename, subject, task, PATIENCE * (settle + seconds));
    const connections = await server.countConnections();
    return kinds.map((/** @type {object} */ kind) => ({ ...kind, connections }));
  },
  tables(rows) {
    const all = groupsOf(rows, ['latency', 'get', 'set', 'operation']).map(summary);
    return [...LATENCIES.map((latency) => latencyTable(all, latency)), marksTable(all)];
  },
};

/**
 * The mark: every kind of call has its p99 below this many milliseconds. That leaves time for one
 * other call that a call may wait for, and for the event loop.
 *
 * @param {number} latency
 */
function markOf(latency) {
  return 2 * latency + 10;
}

/**
 * @param {import('../subjects').Subject} subject
 * @param {Task} task
 */
async function work(subject, { target, rates, seconds, settle, seed }) {
  const { calls, close } = await openCalls(subject, target);
  await checkGet(calls);
  const make = async (/** @type {Arrival} */ { operation, index }, /** @type {number} */ late) => {
    const call = calls[operation];
    if (!call) throw new Error(`the store has no ${operation}`);
    return { operation, late, ...(await timed(() => call(index))) };
  };
  await play(arrivalsOf(rates, settle, seed + SETTLE_SEED), make);
  const made = await play(arrivalsOf(rates, seconds, seed), make);
  await close();
  return Object.keys(rates).map((operation) => {
    const same = made.filter((each) => each.operation === operation);
    const times = same.map(({ time }) => time);
    const late = same.map((each) => each.late);
    return {
      operation,
      count: same.length,
      failures: countFailures(same),
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      late: percentile(late, 0.99),
    };
  });
}

/** @typedef {{ at: number, operation: Operation, index: number }} Arrival `index`: which session */

/**
 * The calls of a Poisson process for each kind of operation, in the order of their times. The same
 * arguments give the same calls.
 *
 * @param {Rates} rates
 * @param {number} seconds
 * @param {number} seed
 * @returns {Arrival[]}
 */
function arrivalsOf(rates, seconds, seed) {
  const random = randomFrom(seed);
  const all = [];
  for (const [operation, rate] of /** @type {[Operation, number][]} */ (Object.entries(rates))) {
    const gap = () => (-Math.log(1 - random()) * 1000) / rate;
    for (let at = gap(); at < seconds * 1000; at += gap()) {
      all.push({ at, operation, index: Math.floor(random() * IDS) });
    }
  }
  return all.sort((a, b) => a.at - b.at);
}

/**
 * A generator of numbers from 0 to 1 (never 1), by Lehmer's method with Park and Miller's modulus.
 *
 * @param {number} seed a whole number above 0
 */
function randomFrom(seed) {
  const modulus = 2 ** 31 - 1;
  let state = (seed * 16_807) % modulus;
  return () => {
    state = (state * 48_271) % modulus;
    return state / modulus;
  };
}

/**
 * @param {Row[]} rows of one kind of call, in all rounds
 * @returns {Row} also with the number of `rounds`, and of those that `missed` the mark
 */
function summary(rows) {
  const isMissed = (/** @type {Row} */ { latency, p99, failures }) =>
    (p99 ?? 0) >= markOf(latency) || Object.keys(failures).length > 0;
  return { ...totalOf(rows), rounds: rows.length, missed: rows.filter(isMissed).length };
}

/**
 * @param {Row[]} all
 * @param {number} latency
 */
function latencyTable(all, latency) {
  const rows = all.filter((each) => each.latency === latency);
  const { touch, destroy } = OTHERS;
  const title =
    `Mixed traffic with ${touch} touches and ${destroy} destroys a second, answers after ` +
    `${latency} ms: the mark is a p99 below ${markOf(latency)} ms`;
  return tableOf(title, rows, [
    STORE,
    { head: 'gets / sets a second', of: ({ get, set }) => `${whole(get)} / ${whole(set)}` },
    { head: 'call', of: 'operation' },
    { head: 'calls', of: 'count', format: whole },
    { head: 'failures', of: ({ failures }) => failureText(failures) },
    { head: 'p50 ms', of: 'p50' },
    { head: 'p99 ms', of: 'p99' },
    { head: 'mark', of: markText },
    { head: 'late p99 ms', of: 'late' },
    { head: 'connections', of: 'connections', format: whole },
  ]);
}

/** @param {Row} summary */
function markText({ count, missed, rounds }) {
  if (count === 0) return null;
  return missed === 0 ? 'met' : `MISSED in ${missed} of ${rounds} rounds`;
}

/**
 * How many rows of the other tables miss the mark.
 *
 * @param {Row[]} all
 */
function marksTable(all) {
  const made = all.filter(({ count }) => count > 0);
  const rows = groupsOf(made, ['latency']).map((same) => ({
    ...same[0],
    rows: same.length,
    missed: same.filter(({ missed }) => missed > 0).length,
    highest: Math.max(...same.map(({ p99 }) => p99 ?? 0)),
  }));
  return tableOf('Mixed traffic: rows that miss the mark in any round', rows, [
    STORE,
    { head: 'answers after ms', of: 'latency', format: whole },
    { head: 'mark ms', of: ({ latency }) => markOf(latency), format: whole },
    { head: 'rows', of: 'rows', format: whole },
    { head: 'missed', of: 'missed', format: whole },
    { head: 'highest p99 ms', of: 'highest' },
  ]);
}

module.exports = { mixed, work };
