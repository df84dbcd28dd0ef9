'use strict';

/** The option `reapInterval` of connect-dynamodb. */

const { warn } = require('./warning');

/**
 * Deletes the sessions that have ended, again and again. A failure is a `warning`.
 *
 * @param {import('node:events').EventEmitter & { reap(callback: (error?: any) => void): unknown }} store
 * @param {number} interval milliseconds
 * @returns {{ timer: NodeJS.Timeout, stop: () => void }}
 */
function reapEvery(store, interval) {
  // The timers of this moment: a test moves reaping with its fake clock, as with connect-dynamodb, and
  // another clock could not stop it.
  const { clearInterval, setInterval } = globalThis;
  let isReaping = false;
  // The timer must not keep a store that nobody refers to any more.
  const reference = new WeakRef(store);
  const stop = () => clearInterval(timer);
  const timer = setInterval(() => {
    const reaped = reference.deref();
    if (!reaped) return stop();
    if (isReaping) return;
    isReaping = true;
    reaped.reap((error) => {
      isReaping = false;
      if (error) warn(reaped, error);
    });
  }, interval);
  // A number in jsdom.
  timer.unref?.();
  return { timer, stop };
}

module.exports = { reapEvery };
