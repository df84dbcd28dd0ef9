'use strict';

/** Counts the pending calls of a store, and bounds them. */

const { storeError } = require('./errors');

class Pending {
  /** The number of pending calls: made, without an outcome yet. */
  count = 0;
  #max;

  /** @param {number} max the option `maxPendingCalls` */
  constructor(max) {
    this.#max = max;
  }

  /** Whether another call must be refused. */
  get isFull() {
    return this.count >= this.#max;
  }

  /** The error of a refused call. */
  overload() {
    const message =
      `the store refused the call, because ${this.#max} of its calls wait for their outcome: the maximum ` +
      '(option "maxPendingCalls")';
    return storeError('ERR_SESSION_OVERLOADED', message, { retryable: true });
  }

  /**
   * Counts a call until it has its outcome.
   *
   * @template T
   * @param {Promise<T>} call
   * @returns {Promise<T>} `call`
   */
  track(call) {
    this.count += 1;
    const done = () => {
      this.count -= 1;
    };
    call.then(done, done);
    return call;
  }
}

module.exports = { Pending };
