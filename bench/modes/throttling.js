'use strict';

/** `throttling`: a table that throttles: how many saves fail, and how many requests a save takes. */

const { refusal, startStub } = require('../../__test__/support/stub-dynamodb');
const { Random } = require('../../chaos/random');
const { countFailures, play, timed } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { percentile } = require('../lib/stats');
const { STORE, failureText, hundredths, whole } = require('../report/tables');
const { openStore, subjectOf } = require('../subjects');

/** @import { Mode, Subject, Target } from '../types' */

/** Milliseconds that a call may take. A call of a store has a deadline of 10 s; the SDKs have none. */
const LIMIT = 10_500;

/**
 * Whether an operation is throttled now: a function of each case, made for each run.
 *
 * @type {Record<string, (rate: number) => () => boolean>}
 */
const CASES = {
  '30 % at random'() {
    const random = new Random('throttling');
    return () => random.chance(0.3);
  },
  'all, for 1.5 s of every 6 s'() {
    const began = Date.now();
    return () => (Date.now() - began + 4000) % 6000 < 1500;
  },
  'beyond half of the demand'(rate) {
    const capacity = rate / 2;
    let tokens = capacity;
    let then = Date.now();
    return () => {
      const now = Date.now();
      // DynamoDB saves unused capacity of 300 s; here it is that of one, so that a run is short.
      tokens = Math.min(capacity, tokens + ((now - then) / 1000) * capacity);
      then = now;
      if (tokens < 1) return true;
      tokens -= 1;
      return false;
    };
  },
};

/** @type {Mode} */
const throttling = {
  name: 'throttling',
  alone: true,
  options: { rounds: 1, seconds: 12, rate: 40 },
  runs: () => Object.keys(CASES).map((throttled) => ({ throttled })),
  async measure(bench, subject, { throttled }, { seconds, rate }) {
    const server = await startServer(CASES[throttled](rate));
    try {
      const target = await bench.target(subject, { ids: 0, server });
      const task = { target, calls: seconds * rate, rate };
      const measured = await runWorker(__filename, subject, task, { seconds });
      return { ...measured, ...server.count };
    } finally {
      await server.stop();
    }
  },
  tables: (rows) => [
    {
      title: 'Saves in a table that throttles',
      rows,
      columns: [
        { head: 'throttled operations', of: 'throttled' },
        STORE,
        { head: 'failed calls', of: ({ calls, failed }) => `${failed} of ${calls}` },
        { head: 'requests per call', of: (row) => row.requests / row.calls, format: hundredths },
        {
          head: 'operations per call',
          of: (row) => row.operations / row.calls,
          format: hundredths,
        },
        { head: 'median ms', of: 'p50', format: whole },
        { head: '99 % ms', of: 'p99', format: whole },
        { head: 'failures', of: ({ failures }) => failureText(failures) },
      ],
    },
  ],
};

/**
 * Starts a DynamoDB that throttles operations, and counts them.
 *
 * @param {() => boolean} isThrottled
 */
async function startServer(isThrottled) {
  const count = { requests: 0, operations: 0 };
  const server = await startStub(({ body: { RequestItems = {} } }) => {
    // Without a batch, the request is one operation.
    const [table, writes = [{}]] = Object.entries(RequestItems)[0] ?? [];
    count.requests += 1;
    count.operations += writes.length;
    const left = writes.filter(isThrottled);
    if (left.length === writes.length) return refusal('ProvisionedThroughputExceededException');
    return table && { body: { UnprocessedItems: left.length > 0 ? { [table]: left } : {} } };
  });
  return { ...server, count };
}

/** @returns {Promise<never>} rejects when a call is too late */
function tooLate() {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(Object.assign(new Error(), { name: 'more than 10 s' }));
    setTimeout(fail, LIMIT).unref();
  });
}

/**
 * @param {string} subject
 * @param {{ target: Target, calls: number, rate: number }} task
 */
async function work(subject, { target, calls, rate }) {
  const { store, close } = await openStore(/** @type {Subject} */ (subjectOf(subject)), target);
  const arrivals = Array.from({ length: calls }, (_, number) => ({ at: (number * 1000) / rate }));
  const session = { cookie: { maxAge: 60_000 }, text: 'a session' };
  const outcomes = await play(arrivals, ({ at }) =>
    timed(() => Promise.race([store.set(`id-${at}`, session), tooLate()])),
  );
  await close();
  const times = outcomes.filter(({ code }) => !code).map(({ time }) => time);
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
  return { calls, failed: calls - times.length, p50, p99, failures: countFailures(outcomes) };
}

module.exports = { throttling, work };
