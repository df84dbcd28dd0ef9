'use strict';

/**
 * The asynchronous contexts (`AsyncLocalStorage`) of calls whose requests go through the user's
 * client. The addon asks for a request from a thread of its own; without this, the client would be
 * called in no context.
 */

const { AsyncResource } = require('node:async_hooks');

/** @import { Calls } from '../calls' */
/** @import { NativeStore } from '../../native/binding' */

/** How many numbers for contexts the addon can tell apart; 0 is none. */
const NUMBERS = 2 ** 32;

class Contexts {
  /** The store in the addon, each call of which is made in the context of its caller. */
  native;
  /** The same for the calls that are made with every request. */
  calls;
  /**
   * By number. An `AsyncResource` and not `AsyncLocalStorage.snapshot()`: what follows calls by
   * `async_hooks`, as the AWS X-Ray SDK does, finds its way only through the first.
   *
   * @type {Map<number, AsyncResource>}
   */
  #kept = new Map();
  #last = 0;
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {Calls} calls */
  constructor(calls) {
    const { native } = calls;
    this.native = this.#keeping(native, native);
    this.calls = this.#keeping(calls, native);
  }

  /**
   * Runs `work` in a context that is kept. One that is not is that of a call which was made when its
   * requests did not go through a client: `work` runs where it is.
   *
   * @template T
   * @param {number | undefined} context its number
   * @param {() => T} work
   * @returns {T}
   */
  run(context = 0, work) {
    const kept = this.#kept.get(context);
    return kept ? kept.runInAsyncScope(work) : work();
  }

  /** @returns {Promise<void>} resolves when no call is under way whose context is kept */
  whenIdle() {
    if (this.#kept.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /**
   * `target`, but each of its methods is called in the context of the caller, which is kept until
   * the promise is settled that the method gives.
   *
   * @template {object} T
   * @param {T} target makes calls on `native`
   * @param {NativeStore} native
   * @returns {T}
   */
  #keeping(target, native) {
    return new Proxy(target, {
      get: (_target, name) => {
        const method = /** @type {any} */ (target)[name];
        if (typeof method !== 'function') return method;
        return (/** @type {any[]} */ ...args) => {
          const context = this.#keep();
          const forget = () => this.#forget(context);
          native.enter(context);
          try {
            const answer = method.apply(target, args);
            Promise.resolve(answer).then(forget, forget);
            return answer;
          } catch (error) {
            forget();
            throw error;
          } finally {
            native.enter(0);
          }
        };
      },
    });
  }

  #keep() {
    // No call lasts until its number comes again.
    this.#last = (this.#last + 1) % NUMBERS || 1;
    this.#kept.set(this.#last, new AsyncResource('DYNAMODBSESSIONCALL'));
    return this.#last;
  }

  /** @param {number} context */
  #forget(context) {
    this.#kept.delete(context);
    if (this.#kept.size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

module.exports = { Contexts };
