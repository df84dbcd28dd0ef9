'use strict';

/** The one place that calls callbacks, and has the promises behind them. */

const { nextTick } = require('./timers');

/**
 * Hands the outcome of `promise` to `callback`, or hands on the promise where there is none.
 *
 * The callback is called once, on the next tick and outside the promise: what it throws goes to
 * the process, as with Node's own functions. A promise that nobody looks at causes no
 * `unhandledRejection`, because `store.destroy(sid)` with neither callback nor `await` is how the
 * replaced packages were used.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {((error: any, value?: any) => void) | undefined} callback
 * @returns {Promise<T> | undefined}
 */
function deliver(promise, callback) {
  if (typeof callback !== 'function') {
    promise.catch(() => {});
    return promise;
  }
  promise.then(
    (value) => nextTick(callback, null, value),
    (error) => nextTick(callback, error),
  );
  return undefined;
}

/**
 * The promise that `call` gives; a rejection with the error that it throws. Unlike an `async` function, a
 * plain one holds none of its arguments while its promise is pending: a session, for example.
 *
 * @template T
 * @param {() => Promise<T>} call
 * @returns {Promise<T>}
 */
function attempt(call) {
  try {
    return call();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The result of a call that has none. */
function nothing() {}

module.exports = { attempt, deliver, nothing };
