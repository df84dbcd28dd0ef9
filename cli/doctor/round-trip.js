'use strict';

/** Writes, reads and deletes a session by the store's own methods. */

const { performance } = require('node:perf_hooks');
const { error, ok, sentence, warning } = require('./finding');
const { randomId } = require('./forms');

/** @import { Subject } from '../../lib/diagnosis' */
/** @import { Finding } from './finding' */

const ROUNDS = 5;

/** The steps of a round, by the words for them. */
const STEPS = /** @type {const} */ (['write', 'read', 'delete']);

/**
 * @param {Subject} subject
 * @param {AbortSignal} [signal]
 * @returns {Promise<Finding>}
 */
async function roundTrip(subject, signal) {
  const check = 'round-trip';
  /** @type {Record<typeof STEPS[number], number[]>} */
  const times = { write: [], read: [], delete: [] };
  const sid = randomId();
  let missed = 0;
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      // A round in flight goes on to its end, so that its session is deleted.
      signal?.throwIfAborted();
      if (!(await oneRound(subject, sid, times))) missed += 1;
    }
  } catch (failure) {
    signal?.throwIfAborted();
    const { code, message } = /** @type {any} */ (failure);
    const step = STEPS.find((each) => times[each].length < (times.write.length || 1)) ?? 'write';
    return error(check, `The ${step} of a session has failed. ${sentence(String(message))}`, {
      advice: 'The checks above may name the reason.',
      data: { step, code },
    });
  }
  const data = Object.fromEntries(STEPS.map((step) => [step, statistics(times[step])]));
  const shown = STEPS.map((step) => `${step} ${data[step].p50} ms (at most ${data[step].max} ms)`);
  const found = `A session was written, read and deleted ${ROUNDS} times: ${shown.join(', ')}; medians.`;
  if (missed === 0) return ok(check, found, { data });
  const text = `${found} ${missed} of ${ROUNDS} reads did not see the write before them.`;
  if (!subject.facts.consistentRead) {
    const advice = 'Leave out "consistentRead: false" if a request must see the one before it.';
    return warning(check, text, { advice, data: { ...data, missed } });
  }
  return error(check, text, { data: { ...data, missed } });
}

/**
 * @param {Subject} subject
 * @param {string} sid
 * @param {Record<typeof STEPS[number], number[]>} times
 * @returns {Promise<boolean>} whether the read has seen the write
 */
async function oneRound(subject, sid, times) {
  const mark = randomId();
  let read;
  try {
    await timed(times.write, () => subject.save(sid, mark));
    read = await timed(times.read, () => subject.load(sid));
  } catch (failure) {
    // The write may have taken effect although its answer was lost.
    await subject.destroy(sid).catch(() => {});
    throw failure;
  }
  await timed(times.delete, () => subject.destroy(sid));
  return read === mark;
}

/**
 * @template T
 * @param {number[]} times
 * @param {() => Promise<T>} call
 */
async function timed(times, call) {
  const started = performance.now();
  const result = await call();
  times.push(performance.now() - started);
  return result;
}

/** The median and the longest, in milliseconds. @param {number[]} times */
function statistics(times) {
  const sorted = [...times].sort((one, other) => one - other);
  const rounded = (/** @type {number} */ time) => Math.round(time * 10) / 10;
  return {
    p50: rounded(sorted[Math.floor(sorted.length / 2)]),
    max: rounded(sorted[sorted.length - 1]),
  };
}

module.exports = { roundTrip };
