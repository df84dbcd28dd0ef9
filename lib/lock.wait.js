'use strict';

/** The wait of a caller for the lock of a session. */

const { storeError } = require('./errors');
const { ignore, listen } = require('./signals');
const { clearTimeout, monotonicNow, setTimeout } = require('./timers');

/** @import { LockOptions } from './lock' */

/** The wait of a caller: it ends at the deadline, and if its signal is aborted or the store is closed. */
class Wait {
  #options;
  #deadline;
  #signals;
  /** Rejects once the caller must not go on. @type {Promise<never>} */
  #aborted;
  /** Rejects at the deadline. @type {Promise<never>} */
  #late;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  /** @type {() => void} */
  #abort = () => {};

  /**
   * @param {LockOptions} options
   * @param {number} deadline
   * @param {AbortSignal} closing
   */
  constructor(options, deadline, closing) {
    this.#options = options;
    this.#deadline = deadline;
    const { signal } = options;
    this.#signals = signal ? [signal, closing] : [closing];
    this.#aborted = new Promise((_resolve, reject) => {
      this.#abort = () => reject(this.#signals.find(({ aborted }) => aborted)?.reason);
      for (const each of this.#signals) listen(each, this.#abort);
    });
    this.#late = new Promise((_resolve, reject) => {
      this.#timer = setTimeout(() => reject(this.lockedError()), options.wait);
    });
    // Each may reject while nobody waits for it.
    this.#aborted.catch(() => {});
    this.#late.catch(() => {});
  }

  /** The milliseconds until the deadline. */
  get left() {
    return this.#deadline - monotonicNow();
  }

  /** Whether the caller must not go on: its signal is aborted, or the store is closed. */
  get isAborted() {
    return this.#signals.some(({ aborted }) => aborted);
  }

  /** Throws if the caller must not go on. */
  throwIfAborted() {
    for (const signal of this.#signals) signal.throwIfAborted();
  }

  /**
   * Returns the outcome of `promise`, unless the wait has to end before.
   *
   * @template T
   * @param {Promise<T>} promise
   * @returns {Promise<T>}
   */
  for(promise) {
    return Promise.race([promise, this.#aborted, this.#late]);
  }

  /**
   * The same, also after the deadline.
   *
   * @template T
   * @param {Promise<T>} promise
   * @returns {Promise<T>}
   */
  unlessAborted(promise) {
    return Promise.race([promise, this.#aborted]);
  }

  /** @param {number} time milliseconds */
  pause(time) {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const over = new Promise((/** @type {(value: void) => void} */ resolve) => {
      timer = setTimeout(resolve, Math.max(1, time));
    });
    return this.for(over).finally(() => clearTimeout(timer));
  }

  /** Stops the timer, and listens no more. */
  stop() {
    clearTimeout(this.#timer);
    for (const signal of this.#signals) ignore(signal, this.#abort);
  }

  lockedError() {
    const message = `another caller held the lock on the session for ${this.#options.wait} ms (option "wait")`;
    return storeError('ERR_SESSION_LOCKED', message, { retryable: true });
  }
}

module.exports = { Wait };
