'use strict';

/** What can go wrong on the way to DynamoDB, and how often it does in which weather. */

/**
 * A fault happens to a request before it reaches DynamoDB, so that it has no effect, or to its answer,
 * so that it has one that the caller does not learn of.
 *
 * | fault         | what the store sees                                                         |
 * | ------------- | --------------------------------------------------------------------------- |
 * | `delay`       | the request waits before it reaches DynamoDB                                |
 * | `wait`        | the answer waits before it reaches the store                                |
 * | `reset`       | the connection is reset, the request has had no effect                      |
 * | `throttle`    | `ProvisionedThroughputExceededException`, no effect                         |
 * | `fail`        | a status of 500 or 503, no effect                                           |
 * | `unprocessed` | a part of a batch is not carried out, and DynamoDB says so                  |
 * | `deny`        | a batch is refused: the role has no permission for batches                  |
 * | `tear`        | the request has its effect, the connection is reset instead of an answer    |
 * | `halve`       | the request has its effect, the connection ends in the middle of the answer |
 * | `mistake`     | the request has its effect, the answer is a status of 500                   |
 * | `nonsense`    | the request has its effect, the answer is one of something else             |
 * | `damage`      | the request has its effect, a byte of the answer is another one             |
 *
 * @typedef {'delay' | 'wait' | 'reset' | 'throttle' | 'fail' | 'unprocessed' | 'deny' | 'tear' | 'halve' | 'mistake' | 'nonsense' | 'damage'} Fault
 */

/**
 * How likely each fault is. `longest` is the longest delay in milliseconds, `cuts` how often in a round
 * nothing gets through for a while.
 *
 * @typedef {Partial<Record<Fault, number>> & { longest?: number, cuts?: number }} Weather
 */

/** @type {Record<string, Weather>} */
const WEATHERS = {
  calm: {},
  slow: { delay: 0.3, wait: 0.3, longest: 30 },
  throttled: { throttle: 0.15, fail: 0.05, unprocessed: 0.4, delay: 0.1, longest: 10 },
  refusing: { reset: 0.1, fail: 0.1, deny: 1 },
  torn: {
    tear: 0.05,
    halve: 0.03,
    mistake: 0.03,
    nonsense: 0.03,
    damage: 0.03,
    delay: 0.2,
    longest: 15,
  },
  // Longer than an attempt may take.
  late: { delay: 0.04, wait: 0.04, longest: 900 },
  cut: { cuts: 2, delay: 0.2, longest: 20 },
  storm: {
    delay: 0.15,
    wait: 0.1,
    longest: 400,
    reset: 0.04,
    throttle: 0.05,
    fail: 0.04,
    unprocessed: 0.3,
    deny: 0.05,
    tear: 0.03,
    halve: 0.02,
    mistake: 0.02,
    nonsense: 0.02,
    damage: 0.02,
    cuts: 1,
  },
};

/** Faults that only happen to batches. */
const OF_BATCHES = new Set(['unprocessed', 'deny']);

/**
 * What happens to a request: the moments that it waits, and one fault at most.
 *
 * @param {Weather} weather
 * @param {import('./random').Random} random
 * @param {string} operation such as `GetItem`
 * @returns {{ fault?: Fault, before: number, after: number }} milliseconds
 */
function faultOf(weather, random, operation) {
  const { longest = 0, cuts, delay = 0, wait = 0, ...others } = weather;
  const before = random.chance(delay) ? random.below(longest) : 0;
  const after = random.chance(wait) ? random.below(longest) : 0;
  const isBatch = operation.startsWith('Batch');
  let left = random.next();
  for (const [fault, probability] of Object.entries(others)) {
    if (OF_BATCHES.has(fault) && !isBatch) continue;
    left -= probability;
    if (left < 0) return { fault: /** @type {Fault} */ (fault), before, after };
  }
  return { before, after };
}

module.exports = { WEATHERS, faultOf };
