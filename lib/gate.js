'use strict';

/** The gate: calls wait here until the table can be used. */

const { closedError, storeError } = require('./errors');
const { clearTimeout, monotonicNow, setTimeout } = require('./timers');

/** @import { Pending } from './pending' */

/**
 * The last waiting call on each item, of all stores: a promise that settles when this call has started or has
 * given up.
 *
 * @type {Map<string, Promise<void>>}
 */
const lastWaiting = new Map();

/**
 * Passes calls to the addon once the table is ready. Calls on one session start in the order in which they were
 * made, across all stores on the same table: if an earlier call on the session still waits, a new call waits
 * behind it, even if the table is ready for it.
 */
class Gate {
  #table;
  #pending;
  #describeWait;
  #isClosed = false;
  /** Aborts `closing`. @type {AbortController | undefined} */
  #controller;
  /** The waiting calls, and other work that `close` waits for. @type {Set<Promise<any>>} */
  #unfinished = new Set();

  /**
   * @param {string} table the name of the table
   * @param {Pending} pending counts the calls, also those that wait in the gate
   * @param {() => { step: string, place: string }} describeWait returns, for errors, the current work on the
   *   table and the table's place
   */
  constructor(table, pending, describeWait) {
    this.#table = table;
    this.#pending = pending;
    this.#describeWait = describeWait;
  }

  /**
   * @template T
   * @param {string | undefined} key the key of the session's item; `undefined` for calls that are not about one
   *   session
   * @param {(() => any) | undefined} ready waits for the table; `undefined` if the table is ready
   * @param {number} limit the milliseconds that the wait and the call may take together
   * @param {(limit: number) => Promise<T>} call gets the milliseconds that are left after the wait
   * @returns {Promise<T>}
   */
  pass(key, ready, limit, call) {
    if (this.#isClosed) return Promise.reject(closedError());
    if (this.#pending.isFull) return Promise.reject(this.#pending.overload());
    if (!ready && lastWaiting.size === 0) return call(limit);
    const item = `${this.#table}\n${key}`;
    return ready || lastWaiting.has(item) ? this.#wait(item, ready, limit, call) : call(limit);
  }

  /** Whether `close` was called. */
  get isClosed() {
    return this.#isClosed;
  }

  /**
   * A signal that `close` aborts. Made on first access: Node takes up to half a millisecond to make the first one of a
   * process, and most stores need none.
   *
   * @returns {AbortSignal}
   */
  get closing() {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#isClosed) this.#controller.abort(closedError());
    }
    return this.#controller.signal;
  }

  /**
   * Makes `close` wait for work that consists of several calls, one after the other.
   *
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>} `work`
   */
  track(work) {
    this.#unfinished.add(work);
    const done = () => this.#unfinished.delete(work);
    work.then(done, done);
    return work;
  }

  /**
   * Refuses later calls.
   *
   * @param {() => Promise<void>} close is called once all waiting calls have started or given up
   * @returns {Promise<void>} resolves when `close` is done
   */
  close(close) {
    this.#isClosed = true;
    const closed =
      this.#unfinished.size > 0 ? Promise.allSettled(this.#unfinished).then(close) : close();
    this.#controller?.abort(closedError());
    return closed;
  }

  /**
   * @template T
   * @param {string} item
   * @param {(() => any) | undefined} ready
   * @param {number} limit
   * @param {(limit: number) => Promise<T>} call
   * @returns {Promise<T>}
   */
  #wait(item, ready, limit, call) {
    const startTime = monotonicNow();
    // `ready` runs in `then`, so an error that it throws becomes a rejection.
    const isReady = Promise.all([lastWaiting.get(item), Promise.resolve().then(ready)]);
    const waited = this.#pending.track(within(isReady, limit, () => this.#timeoutError(limit)));
    const started = waited.then(() => ({
      // In an object, so that `started` resolves when the call has started, not when it has ended.
      outcome: call(Math.max(1, limit - (monotonicNow() - startTime))),
    }));
    this.#unfinished.add(started);
    const done = () => {
      this.#unfinished.delete(started);
      if (lastWaiting.get(item) === settled) lastWaiting.delete(item);
    };
    const settled = started.then(done, done);
    lastWaiting.set(item, settled);
    return started.then(({ outcome }) => outcome);
  }

  /**
   * The error of a call that has reached its deadline in the gate.
   *
   * @param {number} limit milliseconds
   */
  #timeoutError(limit) {
    const { step, place } = this.#describeWait();
    const message = `${step} did not finish within ${limit} ms (${place})`;
    return storeError('ERR_SESSION_TIMEOUT', message, { retryable: true });
  }
}

/**
 * Returns the outcome of `promise`. If `promise` is not settled after `limit` milliseconds, rejects with the
 * timeout error.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {number} limit
 * @param {() => Error} timeoutError
 * @returns {Promise<T>}
 */
function within(promise, limit, timeoutError) {
  /** @type {NodeJS.Timeout} */
  let timer;
  const deadline = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(timeoutError()), limit);
  });
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}

module.exports = { Gate, within };
