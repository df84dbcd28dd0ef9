'use strict';

/** `flood`: very many calls in one turn of the event loop, and what the store makes of them. */

const { performance } = require('node:perf_hooks');
const { checkGet, countFailures, openCalls, timed } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { groupsOf, totalOf } = require('../report/rows');
const { STORE, failureText, optionsText, whole } = require('../report/tables');

/** Milliseconds. */
const LATENCY = 200;

/** Seconds for one flood. With few connections the calls wait for each other. */
const EXPECTED = 180;

/** @type {import('../types').Mode} */
const flood = {
  name: 'flood',
  options: { touches: 20_000 },
  quick: { touches: 1000 },
  runs: () => [{ options: {} }, { options: { maxSockets: 32 } }],
  async measure(bench, subject, { options }, { touches }) {
    const server = await bench.server(subject.format, { latency: LATENCY });
    // Every call has a session of its own.
    const target = await bench.target(subject, { ids: touches, server });
    await server.awaitNoConnection();
    const how = { seconds: EXPECTED };
    const flooded = await runWorker(__filename, subject, { target, touches, options }, how);
    return { count: touches, ...flooded, connections: await server.countConnections() };
  },
  tables(rows, { touches }) {
    const totals = groupsOf(rows, ['options']).map((same) => {
      const total = totalOf(same);
      const failures = /** @type {number[]} */ (Object.values(total.failures));
      return { ...total, answered: failures.reduce((left, count) => left - count, total.count) };
    });
    return [
      {
        title: `${whole(touches)} touches at once, answers after ${LATENCY} ms`,
        rows: totals,
        columns: [
          STORE,
          { head: 'options', of: ({ options }) => optionsText(options) },
          { head: 'calls', of: 'count', format: whole },
          { head: 'answered', of: 'answered', format: whole },
          { head: 'failures', of: ({ failures }) => failureText(failures) },
          { head: 'connections', of: 'connections', format: whole },
          { head: 's to the last answer', of: 'seconds' },
        ],
      },
    ];
  },
};

/**
 * @param {string} subject
 * @param {{ target: import('../types').Target, touches: number, options: object }} task
 * @returns `seconds`: from the first call to the last callback
 */
async function work(subject, { target, touches, options }) {
  const store = await openCalls(subject, target, options);
  await checkGet(store);
  const touch = store.callOf('touch');
  // An application makes touches long before a flood of them: the first is not part of it.
  await touch(0);
  const started = performance.now();
  const all = Array.from({ length: touches }, (_, index) => timed(() => touch(index)));
  const outcomes = await Promise.all(all);
  const seconds = (performance.now() - started) / 1000;
  await store.close();
  return { failures: countFailures(outcomes), seconds };
}

module.exports = { flood, work };
