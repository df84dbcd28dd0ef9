'use strict';

/** How many calls of a store wait for their outcome, and how many may. */

const { storeError } = require('./errors');

class Pending {
  /** The calls that were made and have no outcome yet. */
  count = 0;
  #max;

  /** @param {number} max the option `maxPendingCalls` */
  constructor(max) {
    this.#max = max;
  }

  /** Whether there may be no call more. */
  get isFull() {
    return this.count >= this.#max;
  }

  /** The error for one call more. */
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
   * @returns {Promise<T>} the same
   */
  counting(call) {
    this.count += 1;
    const done = () => {
      this.count -= 1;
    };
    call.then(done, done);
    return call;
  }
}

module.exports = { Pending };
