'use strict';

/** The one place that calls callbacks, and the one that waits with a deadline. */

const { storeError } = require('./errors');

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
    (value) => process.nextTick(callback, null, value),
    (error) => process.nextTick(callback, error),
  );
  return undefined;
}

/**
 * The outcome of `promise`, or `ERR_SESSION_TIMEOUT` after `limit` milliseconds.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {number} limit
 * @param {string} operation names it in the error
 * @returns {Promise<T>}
 */
function within(promise, limit, operation) {
  /** @type {NodeJS.Timeout} */
  let timer;
  const deadline = new Promise((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `${operation} did not finish within ${limit} ms`;
      reject(storeError('ERR_SESSION_TIMEOUT', message, { retryable: true }));
    }, limit);
  });
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}

/**
 * A call into the addon, once what it needs is ready. Its limit is what the waiting has left.
 *
 * @template T
 * @param {(() => any) | undefined} ready waits for the table; `undefined` where it is there
 * @param {number} limit milliseconds for all
 * @param {(limit: number) => Promise<T>} call
 * @returns {Promise<T>}
 */
function whenReady(ready, limit, call) {
  return ready ? waitFor(ready, limit, call) : call(limit);
}

/**
 * @template T
 * @param {() => any} ready
 * @param {number} limit
 * @param {(limit: number) => Promise<T>} call
 */
async function waitFor(ready, limit, call) {
  const started = performance.now();
  // One tick later, so that what it throws is a rejection like any other.
  await within(Promise.resolve().then(ready), limit, 'initializing the table');
  return call(Math.max(1, limit - (performance.now() - started)));
}

module.exports = { deliver, whenReady };
