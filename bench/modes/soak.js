'use strict';

/**
 * `soak`: very many operations, some of which fail, and what they do to the memory. Each of them must
 * complete exactly once, and each failure must be the server's.
 */

const { once } = require('node:events');
const { repeat } = require('../lib/calls');
const { runWorker } = require('../lib/processes');
const { configOf, webSession } = require('../lib/sessions');
const { slope } = require('../lib/stats');
const { whole } = require('../report/tables');
const { openStore, subjectOf } = require('../subjects');

/** @import { Failures, Subject, Target } from '../types' */

const IDS = 1000;

/** The one failure that the canned server makes. */
const EXPECTED = 'ProvisionedThroughputExceededException';

/** This share of the run is left out of the slope: until then caches and heaps fill up. */
const SETTLING = 1 / 5;

/** Operations a second, at least. */
const SLOWEST = 2000;

/** Of ten calls: sessions are read most. */
const MIX = ['get', 'get', 'get', 'get', 'get', 'set', 'set', 'touch', 'touch', 'destroy'];

/** @type {import('../types').Mode} */
const soak = {
  name: 'soak',
  alone: true,
  options: {
    rounds: 1,
    operations: 2_000_000,
    'in-flight': 256,
    'fail-every': 10,
    'sample-every': 100_000,
  },
  runs: ({ operations, inFlight, failEvery, sampleEvery }) => [
    { operations, inFlight, failEvery, sampleEvery },
  ],
  async measure(bench, subject, run) {
    const target = await bench.target(subject, { ids: IDS, failEvery: run.failEvery });
    const how = { seconds: run.operations / SLOWEST, execArgv: ['--expose-gc'] };
    return runWorker(__filename, subject, { target, ...run }, how);
  },
  tables: (rows) =>
    rows.map(({ operations, failed, growth, samples, ...row }) => ({
      title:
        `${whole(operations)} operations, ${whole(failed)} of them with a failure: RSS grows by ` +
        `${growth?.toFixed(2)} MB per million`,
      rows: samples.map((/** @type {Sample} */ sample) => ({ ...row, ...sample })),
      columns: [
        { head: 'operations', of: 'completed', format: whole },
        { head: 'RSS MB', of: 'rss' },
        { head: 'heap MB', of: 'heap' },
      ],
    })),
};

/** @typedef {{ completed: number, rss: number, heap: number }} Sample in megabytes */

/** @param {number} completed @returns {Sample} */
function sample(completed) {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { completed, rss: rss / 1e6, heap: heapUsed / 1e6 };
}

/**
 * @param {string} subject
 * @param {{ target: Target, operations: number, inFlight: number, sampleEvery: number }} task
 * @throws {Error} if an operation does not complete exactly once, or fails by itself
 */
async function work(subject, { target, operations, inFlight, sampleEvery }) {
  // One attempt: with more, most of the failures would be retried and never be seen.
  const dynamoConfig = { ...configOf(target.endpoint), maxAttempts: 1 };
  const found = /** @type {Subject} */ (subjectOf(subject));
  const { store, close } = await openStore(found, target, { dynamoConfig });
  const session = webSession(target.sessionBytes);
  const answers = new Uint8Array(operations);
  /** @type {Failures} */
  const failures = {};
  /** @type {Sample[]} */
  const samples = [];
  let completed = 0;
  const call = (/** @type {number} */ index) =>
    new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      const done = (/** @type {any} */ error) => {
        answers[index] += 1;
        if (answers[index] > 1) return;
        if (error) failures[error.code] = (failures[error.code] ?? 0) + 1;
        completed += 1;
        if (completed % sampleEvery === 0) samples.push(sample(completed));
        resolve();
      };
      const name = MIX[index % MIX.length];
      const args = name === 'set' || name === 'touch' ? [session] : [];
      store[name](`session-${index % target.ids}`, ...args, done);
    });
  // If a callback is lost, nothing is left to wait for at some point, except the process that asks.
  process.channel?.unref();
  await Promise.race([repeat(operations, inFlight, call), once(process, 'beforeExit')]);
  process.channel?.ref();
  await close();

  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const repeated = answers.filter((count) => count > 1).length;
  const odd = Object.keys(failures).filter((code) => code !== EXPECTED);
  const problems = [
    completed < operations && `${operations - completed} never completed`,
    repeated > 0 && `${repeated} completed more than once`,
    odd.length > 0 && `failures that the server did not make: ${odd.join(', ')}`,
    failed === 0 && 'none failed, although the server made some fail',
  ].filter(Boolean);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const settled = samples.filter((each) => each.completed > operations * SETTLING);
  const points = settled.map((each) => ({ x: each.completed / 1e6, y: each.rss }));
  return { samples, failed, growth: points.length > 1 ? slope(points) : null };
}

module.exports = { soak, work };
