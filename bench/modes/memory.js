'use strict';

/** `memory`: the memory of the process after as much work for each store. */

const { openCalls, repeat } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { STORE, comparedIn, mediansOf, tableOf } = require('../report/tables');

/** The memory is read after so many calls. */
const CALLS = 10_000;
/** How many sessions the calls go round. */
const IDS = 1000;

/** @type {import('../lib/bench').Mode} */
const memory = {
  name: 'memory',
  runs: ({ inFlight }) => [{ inFlight }],
  async measure(bench, subject, { inFlight }) {
    const target = await bench.target(subject, { ids: IDS });
    return { megabytes: await runWorker(__filename, subject, { target, inFlight }) };
  },
  tables(rows) {
    const all = mediansOf(rows, []);
    const columns = [STORE, { head: 'MB', of: 'megabytes', better: /** @type {const} */ ('less') }];
    return [tableOf('RSS after 5,000 gets and 5,000 sets', all, columns, comparedIn(all, []))];
  },
};

/**
 * @param {import('../subjects').Subject} subject
 * @param {{ target: import('../lib/calls').Target, inFlight: number }} task
 */
async function work(subject, { target, inFlight }) {
  const { calls, close } = await openCalls(subject, target);
  await repeat(CALLS, inFlight, (index) => (index % 2 ? calls.set : calls.get)?.(index));
  const rss = process.memoryUsage.rss() / 1e6;
  await close();
  return rss;
}

module.exports = { memory, work };
