'use strict';

/** The worker's part of `flood`: makes very many calls in one turn of the event loop. */

const { performance } = require('node:perf_hooks');
const { checkGet, countFailures, timed } = require('../calls');

/** @import { CallSubject, Failures, Target } from '../calls' */

/**
 * @typedef {object} FloodTask
 * @property {'flood'} kind
 * @property {string} subject the name of a file in `subjects/`
 * @property {Target} target
 * @property {number} touches how many calls are made
 * @property {object} storeOptions further options of the store
 * @property {number} expected seconds that the work is expected to take
 *
 * @typedef {object} Flooded
 * @property {number} touches
 * @property {number} answered how many calls succeeded
 * @property {Failures} failures
 * @property {number} seconds from the first call to the last callback
 */

/**
 * @param {CallSubject} subject
 * @param {FloodTask} task
 * @returns {Promise<{ flood: Flooded }>}
 */
async function flood(subject, { target, touches, storeOptions }) {
  const calls = await subject.make(target, storeOptions);
  await checkGet(calls);
  // An application makes touches long before a flood of them: the first is not part of it.
  await calls.touch?.(0);
  const started = performance.now();
  const all = Array.from({ length: touches }, (_, index) => timed(calls, 'touch', index));
  const outcomes = await Promise.all(all);
  const seconds = (performance.now() - started) / 1000;
  await calls.close();
  const answered = outcomes.filter(({ code }) => code === undefined).length;
  return { flood: { touches, answered, failures: countFailures(outcomes), seconds } };
}

module.exports = { flood };
