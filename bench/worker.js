'use strict';

/**
 * One store, in a process of its own: makes it, measures what its argument says, and sends the
 * numbers to the process that started it.
 */

const { monitorEventLoopDelay, performance } = require('node:perf_hooks');
const { checkGet } = require('./lib/calls');
const { percentile } = require('./lib/stats');
const { startMeasuring } = require('./lib/use');
const { flood } = require('./lib/work/flood');
const { mixed } = require('./lib/work/mixed');

/** How many calls the memory is looked at after. */
const WORK = 10_000;

/**
 * @typedef {MeasureTask | import('./lib/work/mixed').MixedTask
 *   | import('./lib/work/flood').FloodTask} Task
 *
 * @typedef {object} MeasureTask
 * @property {string} subject the name of a file in `subjects/`
 * @property {import('./lib/calls').Target} target
 * @property {'measure' | 'start' | 'memory'} kind
 * @property {('get' | 'set' | 'touch')[]} operations
 * @property {boolean} fill whether the sessions have to be written first
 * @property {number} inFlight
 * @property {number} seconds
 * @property {number} settle seconds before the first operation is measured: until then it is
 *   compiled, and a JS SDK is a lot to compile
 * @property {number} warmUp seconds before each of the others
 * @property {number} expected seconds that the work is expected to take
 *
 * @typedef {object} Measurement
 * @property {string} operation
 * @property {number} operations
 * @property {number} opsPerSecond
 * @property {number} cpu microseconds an operation
 * @property {number | null} loop microseconds of the event loop an operation; null where the loop
 *   never turned
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number | null} delay the 99th percentile of the event loop's delay, milliseconds
 * @property {number} rss megabytes
 *
 * @typedef {object} Report
 * @property {Measurement[]} [measurements]
 * @property {number} [start]
 * @property {number} [memory]
 * @property {import('./lib/work/mixed').Kind[]} [mixed]
 * @property {import('./lib/work/flood').Flooded} [flood]
 * @property {string} [failed]
 */

/**
 * @param {Task} task
 * @returns {Promise<Report>}
 */
async function work(task) {
  const subject = require(`./subjects/${task.subject}`);
  if (task.kind === 'mixed') return mixed(subject, task);
  if (task.kind === 'flood') return flood(subject, task);
  return { start, memory, measure }[task.kind](subject, task);
}

/** What an application has loaded before it loads its store. */
const LOADED = { express: ['express', 'express-session'], koa: ['koa', 'koa-session'] };

/**
 * The time from the first `require` of a store to the end of the first `get`, in milliseconds.
 *
 * @param {import('./lib/calls').CallSubject} subject
 * @param {MeasureTask} task
 */
async function start(subject, { target }) {
  for (const name of LOADED[subject.framework ?? 'express']) require(name);
  const started = performance.now();
  const calls = await subject.make(target);
  await calls.get(0);
  const elapsed = performance.now() - started;
  await calls.close();
  return { start: elapsed };
}

/**
 * The memory of the process, in megabytes, after as much work for each store.
 *
 * @param {import('./lib/calls').CallSubject} subject
 * @param {MeasureTask} task
 */
async function memory(subject, { target, inFlight }) {
  const calls = await subject.make(target);
  let next = 0;
  const loop = async () => {
    while (next < WORK) {
      const index = next++;
      await (index % 2 ? calls.set(index) : calls.get(index));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const rss = process.memoryUsage.rss() / 1e6;
  await calls.close();
  return { memory: rss };
}

/**
 * @param {import('./lib/calls').CallSubject} subject
 * @param {MeasureTask} task
 */
async function measure(subject, task) {
  const calls = await subject.make(task.target);
  if (task.fill) await fill(calls, task);
  await checkGet(calls);
  const measurements = [];
  for (const [index, operation] of task.operations.entries()) {
    const warmUp = index === 0 ? task.settle : task.warmUp;
    measurements.push(await measureOperation(calls, operation, { ...task, warmUp }));
  }
  await calls.close();
  return { measurements };
}

/**
 * @param {import('./lib/calls').Calls} calls
 * @param {MeasureTask} task
 */
async function fill(calls, { target, inFlight }) {
  let next = 0;
  const loop = async () => {
    while (next < target.ids) await calls.set(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

/**
 * @param {import('./lib/calls').Calls} calls
 * @param {'get' | 'set' | 'touch'} operation
 * @param {MeasureTask} task
 * @returns {Promise<Measurement>}
 */
async function measureOperation(calls, operation, { inFlight, seconds, warmUp }) {
  const call = /** @type {(index: number) => Promise<any>} */ (calls[operation]);
  await run(call, inFlight, warmUp);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const use = startMeasuring();
  const started = performance.now();
  const times = await run(call, inFlight, seconds);
  const elapsed = performance.now() - started;
  const { loop, cpu } = use();
  delays.disable();
  const sorted = Float64Array.from(times).sort();
  return {
    operation,
    operations: times.length,
    opsPerSecond: times.length / (elapsed / 1000),
    cpu: cpu / times.length,
    loop: loop > 0 ? loop / times.length : null,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    delay: delays.count > 0 ? delays.percentile(99) / 1e6 : null,
    rss: process.memoryUsage.rss() / 1e6,
  };
}

/**
 * Keeps as many calls in flight as it is told, for a time; how long each took, in milliseconds.
 *
 * @param {(index: number) => Promise<any>} call
 * @param {number} inFlight
 * @param {number} seconds
 */
async function run(call, inFlight, seconds) {
  /** @type {number[]} */
  const times = [];
  const end = performance.now() + seconds * 1000;
  let next = 0;
  const loop = async () => {
    for (let began = performance.now(); began < end; ) {
      await call(next++);
      const now = performance.now();
      times.push(now - began);
      began = now;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return times;
}

/** @param {Report} report */
function send(report) {
  // Whatever a store leaves open must not keep the process.
  process.send?.(report, () => process.exit(0));
}

work(JSON.parse(process.argv[2])).then(send, (error) => send({ failed: String(error?.stack) }));
