'use strict';

/**
 * The timers of calls. They are always Node's own: if a test installs fake timers, before or after this package
 * is loaded, calls still use the real clock.
 */

const timers = require('node:timers');

/**
 * Returns Node's own function, even if a fake one replaces it. Jest, vitest and Sinon use
 * `@sinonjs/fake-timers`, whose fake functions keep a reference to Node's.
 *
 * @template {object} T
 * @template {keyof T & string} N
 * @param {T} owner
 * @param {N} name
 * @returns {T[N]}
 */
function nodeFunction(owner, name) {
  const current = /** @type {any} */ (owner[name]);
  return current.clock?.[`_${name}`] ?? current;
}

const clearTimeout = nodeFunction(timers, 'clearTimeout');
const setImmediate = nodeFunction(timers, 'setImmediate');
const setInterval = nodeFunction(timers, 'setInterval');
const setTimeout = nodeFunction(timers, 'setTimeout');
const hrtime = nodeFunction(process, 'hrtime');

/**
 * `process.nextTick`, or `setImmediate` under Jest's legacy fake timers: these replace `process.nextTick` by a
 * mock function, which does nothing once mocks are reset.
 *
 * @type {typeof process.nextTick}
 */
const nextTick =
  '_isMockFunction' in process.nextTick
    ? setImmediate
    : nodeFunction(process, 'nextTick').bind(process);

/** Milliseconds on the monotonic clock. */
function monotonicNow() {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

module.exports = { clearTimeout, monotonicNow, nextTick, setImmediate, setInterval, setTimeout };
