'use strict';

/** `mixed`: calls of all kinds at once, at given rates, as the requests of an application come. */

const { Random } = require('../../chaos/random');
const { checkGet, countFailures, openCalls, play, timed } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { percentile } = require('../lib/stats');
const { groupsOf, totalOf } = require('../report/rows');
const { STORE, failureText, whole } = require('../report/tables');

/** @import { Mode, Operation, Row, Table, Target } from '../types' */

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

/**
 * @typedef {Readonly<Record<Operation, number>>} Rates calls a second, of each kind
 *
 * @typedef {object} Task
 * @property {Target} target
 * @property {Rates} rates
 * @property {string} seed
 * @property {number} seconds
 * @property {number} settle seconds of the same traffic before, which are not measured
 */

/** @type {Mode} */
const mixed = {
  name: 'mixed',
  runs({ quick }) {
    const pairs = quick ? [READS_AND_WRITES[0], READS_AND_WRITES.slice(-1)[0]] : READS_AND_WRITES;
    return LATENCIES.flatMap((latency) => pairs.map((rates) => ({ latency, ...rates })));
  },
  async measure(bench, subject, { latency, get, set }, { round, seconds, settle }) {
    const server = await bench.server(subject.format, { latency });
    const target = await bench.target(subject, { ids: IDS, server });
    await server.awaitNoConnection();
    // Every round has other calls, and every subject has the same.
    const task = { target, rates: { get, set, ...OTHERS }, seed: String(round), seconds, settle };
    const how = { seconds: PATIENCE * (settle + seconds) };
    const kinds = await runWorker(__filename, subject, task, how);
    const connections = await server.countConnections();
    return kinds.map((/** @type {object} */ kind) => ({ ...kind, connections }));
  },
  tables(rows) {
    const all = groupsOf(rows, ['latency', 'get', 'set', 'operation']).map((same) => {
      const missed = same.filter(
        ({ latency, p99, failures }) =>
          (p99 ?? 0) >= markOf(latency) || Object.keys(failures).length > 0,
      );
      return { ...totalOf(same), rounds: same.length, missed: missed.length };
    });
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
 * @param {string} subject
 * @param {Task} task
 */
async function work(subject, { target, rates, seconds, settle, seed }) {
  const store = await openCalls(subject, target);
  await checkGet(store);
  const make = async (/** @type {Arrival} */ { operation, index }, /** @type {number} */ late) => {
    const call = store.callOf(operation);
    return { operation, late, ...(await timed(() => call(index))) };
  };
  await play(arrivalsOf(rates, settle, `${seed} before`), make);
  const made = await play(arrivalsOf(rates, seconds, seed), make);
  await store.close();
  return Object.keys(rates).map((operation) => {
    const same = made.filter((each) => each.operation === operation);
    const times = same.map(({ time }) => time);
    return {
      operation,
      count: same.length,
      failures: countFailures(same),
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      late: percentile(
        same.map(({ late }) => late),
        0.99,
      ),
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
 * @param {string} seed
 * @returns {Arrival[]}
 */
function arrivalsOf(rates, seconds, seed) {
  const random = new Random(seed);
  const all = [];
  for (const [operation, rate] of /** @type {[Operation, number][]} */ (Object.entries(rates))) {
    const gap = () => (-Math.log(1 - random.next()) * 1000) / rate;
    for (let at = gap(); at < seconds * 1000; at += gap()) {
      all.push({ at, operation, index: random.below(IDS) });
    }
  }
  return all.sort((a, b) => a.at - b.at);
}

/**
 * @param {Row[]} all
 * @param {number} latency
 * @returns {Table}
 */
function latencyTable(all, latency) {
  const { touch, destroy } = OTHERS;
  return {
    title:
      `Mixed traffic with ${touch} touches and ${destroy} destroys a second, answers after ` +
      `${latency} ms: the mark is a p99 below ${markOf(latency)} ms`,
    rows: all.filter((each) => each.latency === latency),
    columns: [
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
    ],
  };
}

/** @param {Row} row */
function markText({ count, missed, rounds }) {
  if (count === 0) return null;
  return missed === 0 ? 'met' : `MISSED in ${missed} of ${rounds} rounds`;
}

/**
 * How many rows of the other tables miss the mark.
 *
 * @param {Row[]} all
 * @returns {Table}
 */
function marksTable(all) {
  const made = all.filter(({ count }) => count > 0);
  const rows = groupsOf(made, ['latency']).map((same) => ({
    ...same[0],
    rows: same.length,
    missed: same.filter(({ missed }) => missed > 0).length,
    highest: Math.max(...same.map(({ p99 }) => p99 ?? 0)),
  }));
  return {
    title: 'Mixed traffic: rows that miss the mark in any round',
    rows,
    columns: [
      STORE,
      { head: 'answers after ms', of: 'latency', format: whole },
      { head: 'mark ms', of: ({ latency }) => markOf(latency), format: whole },
      { head: 'rows', of: 'rows', format: whole },
      { head: 'missed', of: 'missed', format: whole },
      { head: 'highest p99 ms', of: 'highest' },
    ],
  };
}

module.exports = { mixed, work };
