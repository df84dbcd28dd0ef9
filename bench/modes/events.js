'use strict';

/**
 * `events`: what the events of calls and requests cost a call where somebody subscribes to them, where nobody does, and
 * where nobody does any more.
 */

const { checkGet, openCalls, repeat } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { startMeasuring } = require('../lib/stats');
const { hasMadeEvents, watch } = require('../lib/watch');
const { mediansOf } = require('../report/rows');
const { whole } = require('../report/tables');

/** @import { Mode, Operation, Target } from '../types' */

/** How many sessions the calls go round. */
const IDS = 1000;

/** How many calls the allocations are counted for. A young generation of `SEMI_SPACE` has room for all of them. */
const COUNTED = 1000;

/** Megabytes: without a garbage collection, the heap grows by all that is allocated. */
const SEMI_SPACE = 128;

const NOBODY = 'none';
const SUBSCRIBERS = 'of calls and requests';
const NO_MORE = 'none any more';

/** @type {Mode} */
const events = {
  name: 'events',
  alone: true,
  options: { calls: 20_000 },
  quick: { calls: 2000 },
  runs: () =>
    ['get', 'set'].flatMap((operation) => [1, 64].map((inFlight) => ({ operation, inFlight }))),
  async measure(bench, subject, run, { calls }) {
    const target = await bench.target(subject, { ids: IDS });
    const room = [`--min-semi-space-size=${SEMI_SPACE}`, `--max-semi-space-size=${SEMI_SPACE}`];
    const how = { seconds: calls / IDS, execArgv: ['--expose-gc', ...room] };
    return runWorker(__filename, subject, { target, calls, ...run }, how);
  },
  tables: (rows) => [
    {
      title: 'Events of calls and requests, sessions of 1 KB',
      rows: mediansOf(rows, ['operation', 'inFlight', 'subscribers']),
      columns: [
        { head: 'call', of: 'operation' },
        { head: 'in flight', of: 'inFlight', format: whole },
        { head: 'subscribers', of: 'subscribers' },
        { head: 'events/call', of: 'events', format: (value) => value.toFixed(2) },
        { head: 'event loop µs/call', of: 'loop' },
        { head: 'CPU µs/call', of: 'cpu' },
        { head: 'heap bytes/call', of: 'bytes', format: whole },
      ],
    },
  ],
};

/**
 * @param {string} subject
 * @param {{ target: Target, operation: Operation, inFlight: number, calls: number }} task
 * @throws {Error} if events are made for nobody, or subscribers get none
 */
async function work(subject, { target, operation, inFlight, calls }) {
  const store = await openCalls(subject, target);
  await checkGet(store);
  const call = store.callOf(operation);
  const measured = async (/** @type {string} */ subscribers) => {
    await repeat(calls, inFlight, call);
    return { subscribers, ...(await measureCalls(call, inFlight, calls)) };
  };
  const none = await measured(NOBODY);
  if (hasMadeEvents()) throw new Error('events are made for nobody');
  const { count, stop } = watch();
  const some = await measured(SUBSCRIBERS);
  stop();
  const made = count();
  if (made === 0) throw new Error('subscribers get no events');
  const later = await measured(NO_MORE);
  if (count() !== made) throw new Error('subscribers that have gone get events');
  await store.close();
  const each = made / (2 * calls + COUNTED);
  return [
    { ...none, events: 0 },
    { ...some, events: each },
    { ...later, events: 0 },
  ];
}

/**
 * @param {(index: number) => Promise<any>} call
 * @param {number} inFlight
 * @param {number} calls
 * @returns `loop` and `cpu` in microseconds a call; `bytes`: what a call allocates in V8's heap
 */
async function measureCalls(call, inFlight, calls) {
  globalThis.gc?.();
  const use = startMeasuring();
  await repeat(calls, inFlight, call);
  const { loop, cpu } = use();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  await repeat(COUNTED, inFlight, call);
  const bytes = (process.memoryUsage().heapUsed - before) / COUNTED;
  return { loop: loop / calls, cpu: cpu / calls, bytes };
}

module.exports = { events, work };
