'use strict';

/**
 * The timers that calls need. They are Node's own, also where a test has put fake ones in their place,
 * before this package was loaded or after that: no call may wait for a clock that a test moves.
 */

const timers = require('node:timers');

/**
 * The function of Node for which a fake one stands in. Those of `@sinonjs/fake-timers`, which Jest,
 * vitest and Sinon use, keep it.
 *
 * @template {object} T
 * @template {keyof T & string} N
 * @param {T} owner
 * @param {N} name
 * @returns {T[N]}
 */
function real(owner, name) {
  const found = /** @type {any} */ (owner[name]);
  return found.clock?.[`_${name}`] ?? found;
}

const clearTimeout = real(timers, 'clearTimeout');
const setImmediate = real(timers, 'setImmediate');
const setInterval = real(timers, 'setInterval');
const setTimeout = real(timers, 'setTimeout');
const hrtime = real(process, 'hrtime');

/**
 * `process.nextTick`. A mock function stands in for it in Jest's legacy fake timers, and does nothing
 * any more once mocks are reset.
 *
 * @type {typeof process.nextTick}
 */
const nextTick =
  '_isMockFunction' in process.nextTick ? setImmediate : real(process, 'nextTick').bind(process);

/** Milliseconds since some moment, by a clock that nobody sets. */
function monotonicNow() {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

module.exports = { clearTimeout, monotonicNow, nextTick, setImmediate, setInterval, setTimeout };
