'use strict';

/**
 * `canned`, `latency` and `local`: loops that each make a call, wait for it, and make the next one. A
 * server answers at once, or after some milliseconds, or is DynamoDB Local.
 */

const { monitorEventLoopDelay, performance } = require('node:perf_hooks');
const { checkGet, openCalls, repeat } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { requestOf } = require('../lib/requests');
const { runLoad } = require('../lib/servers');
const { percentile, startMeasuring } = require('../lib/stats');
const { comparedIn, mediansOf } = require('../report/rows');
const { STORE, whole } = require('../report/tables');
const { BASELINE, subjectOf } = require('../subjects');

/** @import { Bench, Column, Mode, Operation, Options, Row, Run, Subject } from '../types' */
/** @import { Table, Target } from '../types' */

/** Seconds that are not measured before an operation; before the first one, `settle` counts. */
const WARM_UP = 0.5;
/** How many sessions the calls go round. */
const IDS = 1000;
/** Milliseconds: about what DynamoDB takes. */
const LATENCY = 5;
const KILOBYTE = 1024;
const SESSION_BYTES = [KILOBYTE, 20 * KILOBYTE];

/** @type {Record<Subject['framework'], Operation[]>} */
const OPERATIONS = {
  express: ['get', 'set', 'touch'],
  koa: ['get', 'set'],
  shopify: ['get', 'set'],
};

const GET_ITEM = requestOf('GetItem', {
  TableName: 'sessions',
  Key: { id: { S: 'sess:0' } },
  ConsistentRead: true,
});

/**
 * @typedef {object} Task
 * @property {Target} target
 * @property {readonly Operation[]} operations
 * @property {boolean} fill whether the sessions have to be written first
 * @property {number} inFlight
 * @property {number} seconds
 * @property {number} settle seconds before the first operation is measured
 * @property {number} warmUp seconds before each of the others is measured
 */

/** @type {Column[]} */
const COLUMNS = [
  STORE,
  { head: 'call', of: 'operation' },
  { head: 'ops/s', of: 'opsPerSecond', format: whole, better: 'more' },
  { head: 'CPU µs/op', of: 'cpu', better: 'less' },
  { head: 'event loop µs/op', of: 'loop', better: 'less' },
  { head: 'p50 ms', of: 'p50' },
  { head: 'p99 ms', of: 'p99' },
  { head: 'loop delay p99 ms', of: 'delay' },
  { head: 'RSS MB', of: 'rss', format: whole },
];

/** @type {Column[]} */
const LATENCY_COLUMNS = [
  STORE,
  { head: 'call', of: 'operation' },
  { head: 'in flight', of: 'inFlight', format: String },
  { head: 'ops/s', of: 'opsPerSecond', format: whole, better: 'more' },
  { head: 'p50 ms', of: 'p50' },
  { head: 'p99 ms', of: 'p99', better: 'less' },
  { head: 'event loop µs/op', of: 'loop' },
  { head: 'loop delay p99 ms', of: 'delay' },
];

/** @type {Mode} */
const canned = {
  name: 'canned',
  runs: ({ inFlight }) => SESSION_BYTES.map((sessionBytes) => ({ sessionBytes, inFlight })),
  measure,
  tables: (rows, { inFlight }) =>
    SESSION_BYTES.map((bytes) => {
      const title = `Sessions of ${bytes / KILOBYTE} KB, ${inFlight} calls in flight`;
      return table(title, cannedRows(rows, bytes), COLUMNS);
    }),
};

/** @type {Mode} */
const latency = {
  name: 'latency',
  runs: () => [8, 64, 1000].map((inFlight) => ({ inFlight, latency: LATENCY })),
  measure,
  tables(rows) {
    const title = `Answers after ${LATENCY} ms, sessions of 1 KB`;
    return [table(title, mediansOf(rows, ['inFlight', 'operation']), LATENCY_COLUMNS)];
  },
};

/** @type {Mode} */
const local = {
  name: 'local',
  runs: ({ inFlight }) => [{ inFlight }],
  async measure(bench, subject, run, options) {
    return measure(bench, subject, { ...run, server: await bench.local() }, options);
  },
  tables(rows, { inFlight }) {
    const title = `DynamoDB Local, sessions of 1 KB, ${inFlight} calls in flight`;
    return [table(title, mediansOf(rows, ['operation']), COLUMNS)];
  },
};

/**
 * @param {Bench} bench
 * @param {Subject} subject
 * @param {Run} run
 * @param {Options} options
 */
async function measure(bench, subject, { inFlight, ...how }, { seconds, settle }) {
  const target = await bench.target(subject, { ids: IDS, ...how });
  if (subject.name === 'floor') return measureFloor(target.endpoint, inFlight, seconds);
  const all = subject.operations ?? OPERATIONS[subject.framework];
  // With latency it is about reading and writing; touch is a write as any other.
  const operations = all.filter((name) => !how.latency || name !== 'touch');
  const fill = how.server !== undefined || subject.format === 'redis';
  const warmUp = Math.min(WARM_UP, seconds);
  const task = { target, operations, fill, inFlight, seconds, settle, warmUp };
  const expected = settle + operations.length * (seconds + warmUp);
  return runWorker(__filename, subject, task, { seconds: expected });
}

/**
 * @param {string} endpoint
 * @param {number} inFlight
 * @param {number} seconds
 */
async function measureFloor(endpoint, inFlight, seconds) {
  const clients = Array.from({ length: inFlight }, () => GET_ITEM);
  await runLoad(endpoint, clients, { seconds: seconds / 4, threads: 2 });
  const { perSecond, cpu } = await runLoad(endpoint, clients, { seconds, threads: 2 });
  return { operation: 'get', opsPerSecond: perSecond, cpu };
}

/**
 * @param {string} subject
 * @param {Task} task
 */
async function work(subject, { target, operations, fill, inFlight, ...task }) {
  const store = await openCalls(subject, target);
  if (fill) await repeat(target.ids, inFlight, store.callOf('set'));
  await checkGet(store);
  const measurements = [];
  for (const [index, operation] of operations.entries()) {
    const call = store.callOf(operation);
    await loop(call, inFlight, index === 0 ? task.settle : task.warmUp);
    measurements.push({ operation, ...(await measureCall(call, inFlight, task.seconds)) });
  }
  await store.close();
  return measurements;
}

/**
 * @param {(index: number) => Promise<any>} call
 * @param {number} inFlight
 * @param {number} seconds
 * @returns `cpu` and `loop` in microseconds an operation, `loop` is `null` if the loop never turned;
 *   `p50`, `p99` and `delay`, the 99th percentile of the event loop's delay, in milliseconds; `rss` in
 *   megabytes
 */
async function measureCall(call, inFlight, seconds) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const use = startMeasuring();
  const started = performance.now();
  const times = await loop(call, inFlight, seconds);
  const elapsed = performance.now() - started;
  const { loop: busy, cpu } = use();
  delays.disable();
  const rss = process.memoryUsage.rss() / 1e6;
  return {
    operations: times.length,
    opsPerSecond: times.length / (elapsed / 1000),
    cpu: cpu / times.length,
    loop: busy > 0 ? busy / times.length : null,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    delay: delays.count > 0 ? delays.percentile(99) / 1e6 : null,
    rss,
  };
}

/**
 * Keeps so many calls in flight for a time. Returns how long each took, in milliseconds.
 *
 * @param {(index: number) => Promise<any>} call
 * @param {number} inFlight
 * @param {number} seconds
 */
async function loop(call, inFlight, seconds) {
  /** @type {number[]} */
  const times = [];
  const end = performance.now() + seconds * 1000;
  let next = 0;
  const once = async () => {
    for (let began = performance.now(); began < end; ) {
      await call(next++);
      const now = performance.now();
      times.push(now - began);
      began = now;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, once));
  return times;
}

/**
 * The medians of `canned`.
 *
 * @param {Row[]} rows
 * @param {number} [sessionBytes]
 */
function cannedRows(rows, sessionBytes = KILOBYTE) {
  const own = rows.filter((row) => row.mode === 'canned' && row.sessionBytes === sessionBytes);
  return mediansOf(own, ['operation']);
}

/**
 * @param {string} title
 * @param {Row[]} rows
 * @param {Column[]} columns
 * @returns {Table}
 */
function table(title, rows, columns) {
  const baselineOf = comparedIn(rows, ['operation', 'inFlight'], ({ subject }) =>
    subjectOf(subject)?.format === 'none' ? undefined : BASELINE,
  );
  return { title, rows, columns, baselineOf };
}

module.exports = { canned, cannedRows, latency, local, work };
