'use strict';

/** The encryption keys that a function of the application gives. Loaded only if there is such a function. */

const { readKeys } = require('./codec.options');
const { storeError } = require('./errors');
const { within } = require('./gate');
const { monotonicNow } = require('./timers');
const { warn } = require('./warning');

/** @import { EventEmitter } from 'node:events' */
/** @import { KeySource } from './codec.options' */

/** Milliseconds until the function is called again after it has failed, unless `refresh` is shorter. */
const RETRY = 60_000;

/**
 * Milliseconds within which unknown keys cause one early call of the function: a table may hold many sessions of a
 * key that the application has dropped.
 */
const EARLY = 10_000;

class Keys {
  #source;
  #limit;
  #events;
  /** @type {(keys: Buffer[]) => void} */
  #use;
  #hasKeys = false;
  /** Rises with each ring of keys. A call that was decoded with an older ring is made once more. */
  #generation = 0;
  /** When the function is called again, on the monotonic clock. */
  #due = 0;
  /** When unknown keys may cause an early call, on the monotonic clock. */
  #earlyDue = 0;
  /** @type {Promise<void> | undefined} */
  #asking;

  /**
   * @param {KeySource} source
   * @param {number} limit the milliseconds that the function may take
   * @param {(keys: Buffer[]) => void} use passes the keys to the addon
   * @param {EventEmitter} events emits `warning`
   */
  constructor(source, limit, use, events) {
    this.#source = source;
    this.#limit = limit;
    this.#use = use;
    this.#events = events;
  }

  /**
   * Whether calls can be sent. Each call asks this. If the keys are due, they are fetched in the background: no
   * timer does it, so that an application without requests calls no key service.
   */
  get isReady() {
    if (this.#hasKeys && monotonicNow() >= this.#due) this.#refresh();
    return this.#hasKeys;
  }

  /**
   * Fetches the first keys.
   *
   * @returns {Promise<void>}
   * @throws {SessionStoreError} `ERR_SESSION_KEYS`
   */
  async wait() {
    if (!this.#hasKeys) await this.#fetch();
  }

  /**
   * Makes a call. If it finds a session whose key is unknown, fetches the keys, and makes the call once more.
   *
   * @template T
   * @param {number} limit the milliseconds that all of this may take
   * @param {(limit: number) => Promise<T>} call
   * @returns {Promise<T>}
   */
  async retry(limit, call) {
    const start = monotonicNow();
    const generation = this.#generation;
    const left = () => Math.max(1, limit - (monotonicNow() - start));
    /** @type {() => any} */
    let finish;
    try {
      const outcome = await call(limit);
      // The calls that return a promise of napi have a failure as outcome.
      if (!isOfUnknownKey(outcome)) return outcome;
      finish = () => outcome;
    } catch (error) {
      if (!isOfUnknownKey(error)) throw error;
      finish = () => {
        throw error;
      };
    }
    if (generation === this.#generation) {
      await within(this.#fetchEarly(), left(), () => new Error('late')).catch(() => {});
    }
    return generation === this.#generation ? finish() : call(left());
  }

  /** Fetches the keys for calls that have met an unknown one. If this fails, these calls have an error of their own. */
  async #fetchEarly() {
    if (this.#asking) return this.#asking;
    if (monotonicNow() < this.#earlyDue) return undefined;
    this.#earlyDue = monotonicNow() + EARLY;
    return this.#fetch().catch((error) => warn(this.#events, error));
  }

  #refresh() {
    this.#due = monotonicNow() + Math.min(this.#source.refresh, RETRY);
    this.#fetch().catch((error) => warn(this.#events, error));
  }

  /** Calls the function, once for all who need the keys. */
  #fetch() {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask() {
    const { ask, refresh } = this.#source;
    try {
      const asked = Promise.resolve().then(ask);
      const given = await within(asked, this.#limit, () => tooLate(this.#limit));
      const keys = readKeys(given, 'the value of the function "encryption.keys');
      this.#use(keys);
      for (const key of keys) key.fill(0);
    } catch (cause) {
      throw failure(cause);
    }
    this.#hasKeys = true;
    this.#generation += 1;
    this.#due = monotonicNow() + refresh;
  }
}

/** @param {any} outcome */
function isOfUnknownKey(outcome) {
  return outcome?.code === 'ERR_SESSION_DECRYPT' && outcome.keyId !== undefined;
}

/** @param {number} limit milliseconds */
function tooLate(limit) {
  return new Error(`the function did not return keys within ${limit} ms`);
}

/**
 * The error of the calls that wait for keys. It does not show the message of its cause, which is the application's.
 *
 * @param {unknown} cause
 */
function failure(cause) {
  const message = 'the function of the option "encryption.keys" has failed, see the cause';
  return storeError('ERR_SESSION_KEYS', message, { cause, retryable: true });
}

module.exports = { Keys };
