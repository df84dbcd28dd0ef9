'use strict';

/** `memory`: the memory of the process after as much work for each store. */

const { openCalls, repeat } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { comparedIn, mediansOf } = require('../report/rows');
const { STORE } = require('../report/tables');

/** The memory is read after so many calls. */
const CALLS = 10_000;
/** How many sessions the calls go round. */
const IDS = 1000;

/** @type {import('../types').Mode} */
const memory = {
  name: 'memory',
  runs: ({ inFlight }) => [{ inFlight }],
  async measure(bench, subject, { inFlight }) {
    const target = await bench.target(subject, { ids: IDS });
    return { megabytes: await runWorker(__filename, subject, { target, inFlight }) };
  },
  tables(measured) {
    const title = 'RSS after 5,000 gets and 5,000 sets';
    const rows = mediansOf(measured);
    const columns = [STORE, { head: 'MB', of: 'megabytes', better: /** @type {const} */ ('less') }];
    return [{ title, rows, columns, baselineOf: comparedIn(rows) }];
  },
};

/**
 * @param {string} subject
 * @param {{ target: import('../types').Target, inFlight: number }} task
 */
async function work(subject, { target, inFlight }) {
  const { callOf, close } = await openCalls(subject, target);
  const [get, set] = [callOf('get'), callOf('set')];
  await repeat(CALLS, inFlight, (index) => (index % 2 ? set : get)(index));
  const rss = process.memoryUsage.rss() / 1e6;
  await close();
  return rss;
}

module.exports = { memory, work };
