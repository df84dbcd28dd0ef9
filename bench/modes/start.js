'use strict';

/** `start`: from the first `require` of a store to the end of the first `get`, in a fresh process. */

const { performance } = require('node:perf_hooks');
const { openCalls } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { STORE, comparedIn, groupsOf, mediansOf, tableOf } = require('../report/tables');

/** An application has loaded these before it loads its store. */
const LOADED = {
  express: ['express', 'express-session'],
  koa: ['koa', 'koa-session'],
  shopify: ['express', 'express-session'],
};

/** @type {import('../lib/bench').Mode} */
const start = {
  name: 'start',
  runs: () => [{ tls: false }, { tls: true }],
  async measure(bench, subject, { tls }) {
    // DynamoDB speaks HTTPS; a Redis in the same network rarely does.
    if (tls && subject.format === 'redis') return [];
    // One session: making up the names of many takes its time as well.
    const target = await bench.target(subject, { ids: 1, tls });
    return { milliseconds: await runWorker(__filename, subject, { target }) };
  },
  tables(rows) {
    const all = groupsOf(rows, []).map((same) => {
      const [http, https] = [false, true].map(
        (tls) =>
          mediansOf(
            same.filter((row) => row.tls === tls),
            [],
          )[0]?.milliseconds,
      );
      return { ...same[0], http, https };
    });
    const columns = [
      STORE,
      { head: 'ms, HTTP', of: 'http', better: /** @type {const} */ ('less') },
      { head: 'ms, HTTPS', of: 'https', better: /** @type {const} */ ('less') },
    ];
    const title = 'From require to the end of the first get';
    return [tableOf(title, all, columns, comparedIn(all, []))];
  },
};

/**
 * @param {import('../subjects').Subject} subject
 * @param {{ target: import('../lib/calls').Target }} task
 */
async function work(subject, { target }) {
  for (const name of LOADED[subject.framework]) require(name);
  const started = performance.now();
  const { calls, close } = await openCalls(subject, target);
  await calls.get?.(0);
  const elapsed = performance.now() - started;
  await close();
  return elapsed;
}

module.exports = { start, work };
