'use strict';

/**
 * The asynchronous contexts (`AsyncLocalStorage`) of calls whose requests go through the user's client. The addon asks
 * for a request from its own thread, so the context of the call must be stored and entered again for the client.
 */

const { AsyncResource } = require('node:async_hooks');

/** @import { Calls } from '../calls' */
/** @import { NativeStore } from '../../native/binding' */

/** The addon takes context numbers below this. 0 means: no context. */
const NUMBERS = 2 ** 32;

class Contexts {
  /** The store in the addon. Its calls store the context of their caller. */
  native;
  /** `Calls`. Its calls store the context of their caller. */
  calls;
  /**
   * The stored contexts, by number. They are `AsyncResource`s and not snapshots of `AsyncLocalStorage`, because tools
   * that use `async_hooks`, such as the AWS X-Ray SDK, can follow only an `AsyncResource`.
   *
   * @type {Map<number, AsyncResource>}
   */
  #stored = new Map();
  #lastNumber = 0;
  /** Resolve the promises that `whenIdle` has returned. @type {(() => void)[]} */
  #onIdle = [];

  /** @param {Calls} calls */
  constructor(calls) {
    const { native } = calls;
    this.native = this.#storingContext(native, native);
    this.calls = this.#storingContext(calls, native);
  }

  /**
   * Runs `work` in a stored context. If the context is not stored, because requests did not go through a client when
   * the call was made, `work` runs in the current context.
   *
   * @template T
   * @param {number | undefined} context the number of the context
   * @param {() => T} work
   * @returns {T}
   */
  run(context = 0, work) {
    const stored = this.#stored.get(context);
    return stored ? stored.runInAsyncScope(work) : work();
  }

  /** @returns {Promise<void>} resolves when no call with a stored context is pending */
  whenIdle() {
    if (this.#stored.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  /**
   * Wraps `target`: each of its methods stores the context of its caller until the promise that the method returns is
   * settled.
   *
   * @template {object} T
   * @param {T} target makes calls on `native`
   * @param {NativeStore} native
   * @returns {T}
   */
  #storingContext(target, native) {
    return new Proxy(target, {
      get: (_target, name) => {
        const method = /** @type {any} */ (target)[name];
        if (typeof method !== 'function') return method;
        return (/** @type {any[]} */ ...args) => {
          const context = this.#storeContext();
          const remove = () => this.#removeContext(context);
          native.enter(context);
          try {
            const answer = method.apply(target, args);
            Promise.resolve(answer).then(remove, remove);
            return answer;
          } catch (error) {
            remove();
            throw error;
          } finally {
            native.enter(0);
          }
        };
      },
    });
  }

  #storeContext() {
    // Each call ends long before its number is used again.
    this.#lastNumber = (this.#lastNumber + 1) % NUMBERS || 1;
    this.#stored.set(this.#lastNumber, new AsyncResource('DYNAMODBSESSIONCALL'));
    return this.#lastNumber;
  }

  /** @param {number} context */
  #removeContext(context) {
    this.#stored.delete(context);
    if (this.#stored.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

module.exports = { Contexts };
