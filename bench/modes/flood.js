'use strict';

/** `flood`: very many calls in one turn of the event loop, and what the store makes of them. */

const { performance } = require('node:perf_hooks');
const { checkGet, countFailures, failureText, openCalls, timed } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { STORE, groupsOf, tableOf, totalOf, whole } = require('../report/tables');

const TOUCHES = 20_000;
const QUICK_TOUCHES = 1000;

/** Milliseconds. */
const LATENCY = 200;

/** Seconds for one flood. With few connections the calls wait for each other. */
const EXPECTED = 180;

/** @type {import('../lib/bench').Mode} */
const flood = {
  name: 'flood',
  runs: () => [{ options: {} }, { options: { maxSockets: 32 } }],
  async measure(bench, subject, { options }) {
    const touches = bench.options.quick ? QUICK_TOUCHES : TOUCHES;
    const server = await bench.canned(subject.format, { latency: LATENCY });
    // Every call has a session of its own.
    const target = await bench.target(subject, { ids: touches, server });
    await server.awaitNoConnection();
    const flooded = await runWorker(__filename, subject, { target, touches, options }, EXPECTED);
    return { count: touches, ...flooded, connections: await server.countConnections() };
  },
  tables(rows) {
    const all = groupsOf(rows, ['options']).map((same) => {
      const total = totalOf(same);
      const failed = Object.values(total.failures).reduce((sum, count) => sum + count, 0);
      return { ...total, answered: total.count - failed };
    });
    const title = `${whole(rows[0].count)} touches at once, answers after ${LATENCY} ms`;
    const table = tableOf(title, all, [
      STORE,
      { head: 'options', of: ({ options }) => optionsText(options) },
      { head: 'calls', of: 'count', format: whole },
      { head: 'answered', of: 'answered', format: whole },
      { head: 'failures', of: ({ failures }) => failureText(failures) },
      { head: 'connections', of: 'connections', format: whole },
      { head: 's to the last answer', of: 'seconds' },
    ]);
    return [table];
  },
};

/** @param {object} options of the store */
function optionsText(options) {
  const all = Object.entries(options).map(([name, value]) => `${name}: ${value}`);
  return all.join(', ') || 'defaults';
}

/**
 * @param {import('../subjects').Subject} subject
 * @param {{ target: import('../lib/calls').Target, touches: number, options: object }} task
 * @returns `seconds`: from the first call to the last callback
 */
async function work(subject, { target, touches, options }) {
  const { calls, close } = await openCalls(subject, target, options);
  await checkGet(calls);
  const touch = async (/** @type {number} */ index) => calls.touch?.(index);
  // An application makes touches long before a flood of them: the first is not part of it.
  await touch(0);
  const started = performance.now();
  const all = Array.from({ length: touches }, (_, index) => timed(() => touch(index)));
  const outcomes = await Promise.all(all);
  const seconds = (performance.now() - started) / 1000;
  await close();
  return { failures: countFailures(outcomes), seconds };
}

module.exports = { flood, work };
