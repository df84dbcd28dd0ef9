'use strict';

/** `start`: from the first `require` of a store to the end of the first `get`, in a fresh process. */

const { performance } = require('node:perf_hooks');
const { openCalls } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { comparedIn, groupsOf, mediansOf } = require('../report/rows');
const { STORE } = require('../report/tables');
const { subjectOf } = require('../subjects');

/** An application has loaded these before it loads its store. */
const LOADED = {
  express: ['express', 'express-session'],
  koa: ['koa', 'koa-session'],
  shopify: ['express', 'express-session'],
};

/** @type {import('../types').Mode} */
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
  tables(measured) {
    const medians = mediansOf(measured, ['tls']);
    const rows = groupsOf(medians, []).map((both) => {
      const [http, https] = [false, true].map((tls) => both.find((row) => row.tls === tls));
      return { ...both[0], http: http?.milliseconds, https: https?.milliseconds };
    });
    return [
      {
        title: 'From require to the end of the first get',
        rows,
        columns: [
          STORE,
          { head: 'ms, HTTP', of: 'http', better: 'less' },
          { head: 'ms, HTTPS', of: 'https', better: 'less' },
        ],
        baselineOf: comparedIn(rows),
      },
    ];
  },
};

/**
 * @param {string} subject
 * @param {{ target: import('../types').Target }} task
 */
async function work(subject, { target }) {
  for (const name of LOADED[subjectOf(subject)?.framework ?? 'express']) require(name);
  const started = performance.now();
  const { callOf, close } = await openCalls(subject, target);
  await callOf('get')(0);
  const elapsed = performance.now() - started;
  await close();
  return elapsed;
}

module.exports = { start, work };
