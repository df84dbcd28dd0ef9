'use strict';

/**
 * `npm run bench:soak`: very many operations, some of which fail, and what they do to the memory. Ends
 * with 1 unless each of them completes exactly once, and each failure is the server's.
 */

const { once } = require('node:events');
const session = require('express-session');
const { program } = require('../scripts/setup');
const { repeat } = require('./lib/calls');
const { readNumbers } = require('./lib/options');
const { prepareServer } = require('./lib/prepare');
const { startCanned } = require('./lib/servers');
const { CREDENTIALS, REGION, webSession } = require('./lib/sessions');
const { slope } = require('./lib/stats');

const IDS = 1000;

/** The one failure that the canned server makes. */
const EXPECTED = 'ProvisionedThroughputExceededException';

/** This share of the run is left out of the slope: until then caches and heaps fill up. */
const SETTLING = 1 / 5;

/** Of ten calls: sessions are read most. */
const MIX = ['get', 'get', 'get', 'get', 'get', 'set', 'set', 'touch', 'touch', 'destroy'];

const SESSION = webSession(1024);

/** The memory now, in megabytes; it is printed. @param {number} completed */
function sample(completed) {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const [inRss, inHeap] = [rss, heapUsed].map((bytes) => (bytes / 1e6).toFixed(1));
  console.log(`${completed} operations: RSS ${inRss} MB, heap ${inHeap} MB`);
  return { x: completed / 1e6, y: rss / 1e6 };
}

program(async () => {
  const options = readNumbers({
    operations: 2_000_000,
    'in-flight': 256,
    'fail-every': 10,
    'sample-every': 100_000,
  });
  const { operations, 'fail-every': failEvery } = options;
  prepareServer();
  const server = await startCanned({ failEvery });
  const { endpoint } = server;
  const store = new (require('..')(session))({
    // One attempt: with more, most of the failures would be retried and never be seen.
    dynamoConfig: { endpoint, region: REGION, credentials: CREDENTIALS, maxAttempts: 1 },
    initialized: true,
  });
  const answers = new Uint8Array(operations);
  /** @type {Map<string, number>} */
  const failures = new Map();
  const samples = /** @type {{ x: number, y: number }[]} */ ([]);
  let completed = 0;
  const call = (/** @type {number} */ index) =>
    new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      const done = (/** @type {any} */ error) => {
        answers[index] += 1;
        if (answers[index] > 1) return;
        if (error) failures.set(error.code, (failures.get(error.code) ?? 0) + 1);
        completed += 1;
        if (completed % options['sample-every'] === 0) samples.push(sample(completed));
        resolve();
      };
      const name = MIX[index % MIX.length];
      const args = name === 'set' || name === 'touch' ? [SESSION] : [];
      /** @type {any} */ (store)[name](`session-${index % IDS}`, ...args, done);
    });
  // If a callback is lost, nothing is left to wait for at some point.
  await Promise.race([repeat(operations, options['in-flight'], call), once(process, 'beforeExit')]);
  await store.close();
  await server.stop();

  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${completed} of ${operations} completed, ${failed} of them with a failure`);
  const settled = samples.filter(({ x }) => x * 1e6 > operations * SETTLING);
  if (settled.length > 1) {
    console.log(`RSS grows by ${slope(settled).toFixed(2)} MB per million operations`);
  }
  const repeated = answers.filter((count) => count > 1).length;
  const odd = [...failures.keys()].filter((code) => code !== EXPECTED);
  const problems = [
    completed < operations && `${operations - completed} never completed`,
    repeated > 0 && `${repeated} completed more than once`,
    odd.length > 0 && `failures that the server did not make: ${odd.join(', ')}`,
    failEvery > 0 && failed === 0 && 'none failed, although the server made some fail',
  ].filter(Boolean);
  for (const problem of problems) console.error(problem);
  return problems.length > 0 ? 1 : 0;
});
