'use strict';

/** The worker's part of `mixed`: makes calls of all kinds at given rates. */

const { checkGet, countFailures } = require('../calls');
const { percentile } = require('../stats');
const { arrivalsOf, play } = require('../traffic');

/** @import { CallSubject, Failures, Operation, Target } from '../calls' */
/** @import { Made, Rates } from '../traffic' */

/** Added to the seed of what is measured, so that the calls before it are others. */
const SETTLE_SEED = 1_000_000;

/**
 * @typedef {object} MixedTask
 * @property {'mixed'} kind
 * @property {string} subject the name of a file in `subjects/`
 * @property {Target} target
 * @property {Rates} rates
 * @property {number} seed
 * @property {number} seconds
 * @property {number} settle seconds of the same traffic before, which are not measured
 * @property {number} expected seconds that the work is expected to take
 *
 * @typedef {object} Kind the calls of one kind
 * @property {Operation} operation
 * @property {number} count
 * @property {Failures} failures
 * @property {number | null} p50 milliseconds from a call to its callback; null without calls
 * @property {number | null} p99
 * @property {number | null} late the 99th percentile of how late the calls were made, milliseconds
 */

/**
 * @param {CallSubject} subject
 * @param {MixedTask} task
 * @returns {Promise<{ mixed: Kind[] }>}
 */
async function mixed(subject, { target, rates, seconds, settle, seed }) {
  const { ids } = target;
  const calls = await subject.make(target);
  await checkGet(calls);
  await play(calls, arrivalsOf(rates, { seconds: settle, ids, seed: seed + SETTLE_SEED }));
  const made = await play(calls, arrivalsOf(rates, { seconds, ids, seed }));
  await calls.close();
  const operations = /** @type {Operation[]} */ (Object.keys(rates));
  return { mixed: operations.map((operation) => kindOf(operation, made)) };
}

/**
 * @param {Operation} operation
 * @param {Made[]} made
 * @returns {Kind}
 */
function kindOf(operation, made) {
  const same = made.filter((each) => each.operation === operation);
  const times = Float64Array.from(same, ({ time }) => time).sort();
  const late = Float64Array.from(same, (each) => each.late).sort();
  return {
    operation,
    count: same.length,
    failures: countFailures(same),
    p50: percentile(times, 0.5) ?? null,
    p99: percentile(times, 0.99) ?? null,
    late: percentile(late, 0.99) ?? null,
  };
}

module.exports = { mixed };
