'use strict';

/** Calls that wait for the table. */

const { storeError } = require('./errors');
const { clearTimeout, setTimeout } = require('./timers');

/**
 * Lets calls into the addon once what they need is ready, in the order in which they were made: a
 * call that is made when everything is ready stays behind those that still wait.
 */
class Gate {
  #waiting = 0;
  #isClosed = false;
  /** Settled once the call that was the last to wait has begun, or has given up. */
  #last = Promise.resolve();

  /**
   * @template T
   * @param {(() => any) | undefined} ready waits for the table; `undefined` where it is there
   * @param {number} limit milliseconds for the waiting and the call
   * @param {(limit: number) => Promise<T>} call gets what the waiting has left of the limit
   * @returns {Promise<T>}
   */
  pass(ready, limit, call) {
    if (this.#isClosed) {
      return Promise.reject(storeError('ERR_SESSION_CLOSED', 'the session store is closed'));
    }
    return ready || this.#waiting > 0 ? this.#wait(ready, limit, call) : call(limit);
  }

  /**
   * Lets no call in any more.
   *
   * @param {() => void} close is called once those that wait have begun, or have given up
   * @returns {Promise<void>} resolves after that
   */
  close(close) {
    this.#isClosed = true;
    if (this.#waiting > 0) return this.#last.then(close);
    close();
    return Promise.resolve();
  }

  /**
   * @template T
   * @param {(() => any) | undefined} ready
   * @param {number} limit
   * @param {(limit: number) => Promise<T>} call
   * @returns {Promise<T>}
   */
  #wait(ready, limit, call) {
    const started = performance.now();
    this.#waiting += 1;
    // A microtask later, so that what `ready` throws is a rejection like any other.
    const isReady = Promise.all([this.#last, Promise.resolve().then(ready)]);
    const begun = within(isReady, limit, 'initializing the table').then(
      () => {
        this.#waiting -= 1;
        // In an object, so that nobody waits for the outcome here.
        return { outcome: call(Math.max(1, limit - (performance.now() - started))) };
      },
      (error) => {
        this.#waiting -= 1;
        throw error;
      },
    );
    this.#last = begun.then(
      () => {},
      () => {},
    );
    return begun.then(({ outcome }) => outcome);
  }
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

module.exports = { Gate };
