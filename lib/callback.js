'use strict';

/** Passes the outcome of a promise to a user's callback. Only this file calls such callbacks. */

const { nextTick } = require('./timers');

/**
 * Passes the outcome of `promise` to `callback`. Without a callback, returns the promise.
 *
 * The callback is called once, on the next tick and outside the promise. So an error that it throws is an
 * uncaught exception, as with Node's own functions. A rejected promise causes no `unhandledRejection`, because
 * applications of the replaced packages call `store.destroy(sid)` with neither callback nor `await`.
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
 * Runs `call`, and turns an error that it throws into a rejected promise. An `async` function would do the same,
 * but keep its arguments, such as a session, in memory until its promise is settled.
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

/**
 * Calls a method whose options may be left out before the callback.
 *
 * @param {(options: any) => Promise<any>} call
 * @param {any} options the options, or the callback
 * @param {(error: any, value?: any) => void} [callback]
 */
function callWithOptions(call, options, callback) {
  const [given, done] = typeof options === 'function' ? [undefined, options] : [options, callback];
  return deliver(
    attempt(() => call(given)),
    done,
  );
}

/** Maps the result of a call to `undefined`. */
function nothing() {}

module.exports = { attempt, callWithOptions, deliver, nothing };
