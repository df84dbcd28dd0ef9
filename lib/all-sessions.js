'use strict';

/** The operations of a store on all sessions of its table, and on those that an index finds. */

const { resultOf, toError } = require('./errors');

/** @import { Deletions, NativeStore, Outcome, SessionEntry } from '../native/binding' */
/** @import { Lifecycle, LifecycleEvent } from './lifecycle' */

/**
 * The store.
 *
 * @typedef {object} Host
 * @property {() => NativeStore} native
 * @property {(call: (limit: number) => Promise<any>) => Promise<any>} call makes a call once the table is ready
 * @property {Lifecycle} lifecycle reports deleted sessions
 * @property {((id: string) => string) | undefined} handleOfId with the option `hashIds`: returns the handle of a session,
 *   by its id in the table
 */

class AllSessions {
  #host;

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
  }

  /**
   * Reads the sessions that have not ended.
   *
   * @returns {Promise<SessionEntry[]>} with the option `hashIds`, each has its handle as `sid`
   */
  async list() {
    const { handleOfId } = this.#host;
    /** @type {SessionEntry[]} */
    const entries = await this.#call((native, limit) => native.list(Date.now(), limit));
    return handleOfId
      ? entries.map((entry) => ({ ...entry, sid: handleOfId(entry.sid) }))
      : entries;
  }

  /**
   * Reads the sessions that have this value in the store's index.
   *
   * @param {string} value
   * @returns {Promise<SessionEntry[]>}
   */
  find(value) {
    return this.#call((native, limit) => native.find(value, Date.now(), limit));
  }

  /**
   * Counts the sessions that have not ended.
   *
   * @returns {Promise<number>}
   */
  count() {
    return this.#call((native, limit) => native.count(Date.now(), limit));
  }

  /**
   * The ids of the sessions that have not ended.
   *
   * @returns {Promise<string[]>} with the option `hashIds`, their handles
   */
  async ids() {
    const { handleOfId } = this.#host;
    /** @type {string[]} */
    const ids = await this.#call((native, limit) => native.ids(Date.now(), limit));
    return handleOfId ? ids.map(handleOfId) : ids;
  }

  /** Deletes the sessions that have not ended. */
  async clear() {
    await this.#sweep('destroy', (native, limit, isHeard) =>
      native.clear(Date.now(), limit, isHeard),
    );
  }

  /**
   * Deletes the sessions that have ended.
   *
   * @returns {Promise<number>} how many
   */
  reap() {
    return this.#sweep('expire', (native, limit, isHeard) =>
      native.reap(Date.now(), limit, isHeard),
    );
  }

  /**
   * Deletes sessions, and reports an event of each.
   *
   * @param {LifecycleEvent} event
   * @param {(native: NativeStore, limit: number, isHeard: boolean) => Promise<Outcome<Deletions>>} call
   */
  async #sweep(event, call) {
    const { lifecycle } = this.#host;
    const isHeard = lifecycle.isHeard(event);
    const { count, keys, failure } = await this.#call((native, limit) =>
      call(native, limit, isHeard),
    );
    lifecycle.reportKeys(event, keys);
    if (failure) throw toError(failure);
    return count;
  }

  /**
   * @template T
   * @param {(native: NativeStore, limit: number) => Promise<Outcome<T>>} call
   * @returns {Promise<T>}
   */
  async #call(call) {
    const { native } = this.#host;
    return resultOf(await this.#host.call((limit) => call(native(), limit)));
  }
}

module.exports = { AllSessions };
