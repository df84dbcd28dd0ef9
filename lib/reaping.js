'use strict';

/** The option `reapInterval` of connect-dynamodb. */

const { warn } = require('./warning');

/**
 * Deletes expired sessions at an interval. A failure is emitted as `warning`.
 *
 * @param {import('node:events').EventEmitter & { reap(callback: (error?: any) => void): unknown }} store
 * @param {number} interval milliseconds
 * @returns {{ timer: NodeJS.Timeout, stop: () => void }}
 */
function reapEvery(store, interval) {
  // The current globals: as with connect-dynamodb, a test's fake clock starts the reaping. A timer must be
  // stopped by the clock that has started it.
  const { clearInterval, setInterval } = globalThis;
  let isReaping = false;
  // The timer must not keep an unused store in memory.
  const reference = new WeakRef(store);
  const stop = () => clearInterval(timer);
  const timer = setInterval(() => {
    const current = reference.deref();
    if (!current) return stop();
    if (isReaping) return;
    isReaping = true;
    current.reap((error) => {
      isReaping = false;
      if (error) warn(current, error);
    });
  }, interval);
  // In jsdom a timer is a number.
  timer.unref?.();
  return { timer, stop };
}

module.exports = { reapEvery };
