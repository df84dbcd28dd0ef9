'use strict';

/**
 * `big`: the methods for all sessions of a table, on a table of very many sessions in DynamoDB Local: their time, the
 * capacity units, the memory, and the delay of the event loop.
 */

const { monitorEventLoopDelay, performance } = require('node:perf_hooks');
const { countsOf, fill } = require('../lib/fill');
const { startPages } = require('../lib/pages');
const { runWorker } = require('../lib/processes');
const { configOf } = require('../lib/sessions');
const { mediansOf } = require('../report/rows');
const { whole } = require('../report/tables');
const { openStore, subjectOf } = require('../subjects');

/** @import { Mode, Subject, Target } from '../types' */

/** The length of a session as JSON. */
const SESSION_BYTES = 300;

/** How many sessions a second are read at least, or the measurement is given up. */
const SLOWEST = 500;

/** Milliseconds between two looks at the memory. */
const LOOK_EVERY = 10;

/** Milliseconds. */
const SECOND = 1000;

/**
 * The methods that are measured. Each returns how many sessions it has found.
 *
 * @type {Record<string, (store: any, options: object) => Promise<number>>}
 */
const METHODS = {
  length: (store, options) => store.length(options),
  ids: async (store, options) => (await store.ids(options)).length,
  async sessions(store, options) {
    let found = 0;
    for await (const { session } of store.sessions(options)) {
      if (session.user) found += 1;
    }
    return found;
  },
  reap: (store, options) => store.reap(options),
};

/** Milliseconds, for requests and for calls: a machine that does other things as well makes no retries. */
const TIMEOUT = 120_000;

/** The method that is also measured with a limit. */
const LIMITED = { method: 'length', segments: 4 };

/** @typedef {{ method: string, segments: number, capacityPerSecond?: number }} Condition */

/** @type {Mode} */
const big = {
  name: 'big',
  alone: true,
  options: {
    rounds: 1,
    sessions: 1_000_000,
    segments: [1, 4, 8],
    'capacity-per-second': 1000,
  },
  quick: { sessions: 10_000, 'capacity-per-second': 500 },
  runs({ segments, capacityPerSecond }) {
    const methods = Object.keys(METHODS).flatMap((method) =>
      segments.map((/** @type {number} */ count) => ({ method, segments: count })),
    );
    // Before `reap` makes the table smaller.
    return [{ fill: 'all' }, { ...LIMITED, capacityPerSecond }, ...methods];
  },
  async measure(bench, subject, run, { sessions }) {
    const how = { ids: sessions, sessionBytes: SESSION_BYTES, server: await bench.local() };
    const target = await bench.target(subject, how);
    // `reap` has deleted those that have ended.
    if (run.fill || run.method === 'reap') {
      const began = performance.now();
      await fill(target, { onlyEnded: !run.fill });
      process.stderr.write(`written in ${whole((performance.now() - began) / SECOND)} s\n`);
    }
    if (run.fill) return [];
    const { ended, alive } = countsOf(sessions);
    const expected = run.method === 'reap' ? ended : alive;
    const pages = await startPages(target.endpoint);
    const place = { ...target, endpoint: pages.endpoint };
    const task = { target: place, condition: run, expected };
    const seconds = sessions / Math.min(SLOWEST, run.capacityPerSecond ?? SLOWEST);
    try {
      return await runWorker(__filename, subject, task, { seconds, execArgv: ['--expose-gc'] });
    } finally {
      await pages.stop();
    }
  },
  tables(rows, { sessions }) {
    const { ended } = countsOf(sessions);
    return [
      {
        title:
          `A table of ${whole(sessions)} sessions of ${SESSION_BYTES} bytes, ${whole(ended)} of them ended, ` +
          'in DynamoDB Local',
        rows: mediansOf(rows, ['method', 'segments', 'capacityPerSecond']),
        columns: [
          { head: 'method', of: ({ method }) => `\`${method}\`` },
          { head: 'segments', of: 'segments', format: whole },
          { head: 'limit, units/s', of: 'capacityPerSecond', format: whole },
          { head: 's', of: 'time' },
          { head: 'capacity units', of: 'capacity', format: whole },
          { head: 'units/s', of: 'perSecond', format: whole },
          { head: 'most in a second', of: 'most', format: whole },
          { head: 'baseline MB', of: 'baseline', format: whole },
          { head: 'peak MB more', of: 'peak', format: whole },
          { head: 'loop delay p99 ms', of: 'delay' },
        ],
      },
    ];
  },
};

/**
 * Calls a method once.
 *
 * @param {string} name of the subject
 * @param {{ target: Target, condition: Condition, expected: number }} task `expected`: the sessions that it has to
 *   find
 * @returns `time` in seconds; `most`: the most capacity units of any whole second; `baseline` and `peak` in
 *   megabytes, see `watchMemory`; `delay`: the 99th percentile of the event loop's delay, in milliseconds
 * @throws {Error} if it finds another number of sessions
 */
async function work(name, { target, condition, expected }) {
  const { method, ...options } = condition;
  const dynamoConfig = { ...configOf(target.endpoint), requestTimeout: TIMEOUT };
  const subject = /** @type {Subject} */ (subjectOf(name));
  const { store, close } = await openStore(subject, target, {
    dynamoConfig,
    operationTimeout: TIMEOUT,
  });
  // Connects, and has the code compiled that every request runs through.
  await store.get('nobody');
  /** @type {number[]} the units of each second */
  const seconds = [];
  let capacity = 0;
  const memory = watchMemory();
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const note = (/** @type {{ elapsed: number, capacity: number }} */ progress) => {
    const second = Math.floor(progress.elapsed / SECOND);
    seconds[second] = (seconds[second] ?? 0) + progress.capacity - capacity;
    capacity = progress.capacity;
    memory.look();
  };
  store.on('progress', note);
  delays.enable();
  const began = performance.now();
  const found = await METHODS[method](store, options);
  const time = (performance.now() - began) / SECOND;
  delays.disable();
  const { baseline, peak } = memory.stop();
  await close();
  if (found !== expected) throw new Error(`${method} found ${found} sessions, not ${expected}`);
  // The last second is not a whole one.
  const most = seconds.length > 1 ? Math.max(...Object.values(seconds.slice(0, -1))) : null;
  const delay = delays.percentile(99) / 1e6;
  return { time, capacity, perSecond: capacity / time, most, baseline, peak, delay };
}

/** Looks at the memory of this process from time to time, from a full garbage collection on. */
function watchMemory() {
  globalThis.gc?.();
  const baseline = process.memoryUsage.rss();
  let highest = baseline;
  const look = () => {
    highest = Math.max(highest, process.memoryUsage.rss());
  };
  const timer = setInterval(look, LOOK_EVERY);
  return {
    look,
    /** @returns {{ baseline: number, peak: number }} megabytes: at the begin, and the most beyond that */
    stop() {
      clearInterval(timer);
      look();
      return { baseline: baseline / 1e6, peak: (highest - baseline) / 1e6 };
    },
  };
}

module.exports = { big, work };
