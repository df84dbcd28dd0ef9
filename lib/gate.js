'use strict';

/** Calls that wait for the table. */

const { closedError, storeError } = require('./errors');
const { clearTimeout, monotonicNow, setTimeout } = require('./timers');

/** @import { Pending } from './pending' */

/**
 * For each item with calls that wait, of all stores: settled once the call that was the last to wait
 * has begun, or has given up.
 *
 * @type {Map<string, Promise<void>>}
 */
const waiting = new Map();

/**
 * Lets calls into the addon once what they need is ready. Calls on one session begin in the order in
 * which they were made: a call that is made when everything is ready, also in another store on the
 * same table, stays behind those that still wait.
 */
class Gate {
  #table;
  #pending;
  #waitsFor;
  #isClosed = false;
  /** The calls that wait in here. @type {Set<Promise<any>>} */
  #begun = new Set();

  /**
   * @param {string} table its name
   * @param {Pending} pending counts the calls, also those that wait in here
   * @param {() => { step: string, place: string }} waitsFor what the calls that wait in here wait for at
   *   this moment, and where their table is: for errors
   */
  constructor(table, pending, waitsFor) {
    this.#table = table;
    this.#pending = pending;
    this.#waitsFor = waitsFor;
  }

  /**
   * @template T
   * @param {string | undefined} key the key of the session's item; `undefined` for calls on others
   * @param {(() => any) | undefined} ready waits for the table; `undefined` where it is there
   * @param {number} limit milliseconds for the waiting and the call
   * @param {(limit: number) => Promise<T>} call gets what the waiting has left of the limit
   * @returns {Promise<T>}
   */
  pass(key, ready, limit, call) {
    if (this.#isClosed) return Promise.reject(closedError());
    if (this.#pending.isFull) return Promise.reject(this.#pending.overload());
    if (!ready && waiting.size === 0) return call(limit);
    const item = `${this.#table}\n${key}`;
    return ready || waiting.has(item) ? this.#wait(item, ready, limit, call) : call(limit);
  }

  /** Whether no call is let in any more. */
  get isClosed() {
    return this.#isClosed;
  }

  /**
   * Has `close` wait for work that takes several calls, one after the other.
   *
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>}
   */
  holding(work) {
    this.#begun.add(work);
    const done = () => this.#begun.delete(work);
    work.then(done, done);
    return work;
  }

  /**
   * Lets no call in any more.
   *
   * @param {() => Promise<void>} close is called once those that wait have begun, or have given up
   * @returns {Promise<void>} resolves when `close` is done
   */
  close(close) {
    this.#isClosed = true;
    return this.#begun.size > 0 ? Promise.allSettled(this.#begun).then(close) : close();
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
    const started = monotonicNow();
    // A microtask later, so that what `ready` throws is a rejection like any other.
    const isReady = Promise.all([waiting.get(item), Promise.resolve().then(ready)]);
    const waited = this.#pending.counting(within(isReady, limit, () => this.#late(limit)));
    const begun = waited.then(() => ({
      // In an object, so that nobody waits for the outcome here.
      outcome: call(Math.max(1, limit - (monotonicNow() - started))),
    }));
    this.#begun.add(begun);
    const done = () => {
      this.#begun.delete(begun);
      if (waiting.get(item) === last) waiting.delete(item);
    };
    const last = begun.then(done, done);
    waiting.set(item, last);
    return begun.then(({ outcome }) => outcome);
  }

  /**
   * The error of a call whose time has ended in here.
   *
   * @param {number} limit milliseconds
   */
  #late(limit) {
    const { step, place } = this.#waitsFor();
    const message = `${step} did not finish within ${limit} ms (${place})`;
    return storeError('ERR_SESSION_TIMEOUT', message, { retryable: true });
  }
}

/**
 * The outcome of `promise`, or the failure `late` after `limit` milliseconds.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {number} limit
 * @param {() => Error} late
 * @returns {Promise<T>}
 */
function within(promise, limit, late) {
  /** @type {NodeJS.Timeout} */
  let timer;
  const deadline = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), limit);
  });
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}

module.exports = { Gate };
