'use strict';

/**
 * The calls that are made with every request of an application. Their outcomes come back from the
 * addon many at a time: a promise of the addon's for each would cost more than the call itself.
 */

const { refusal, toError } = require('./errors');
const { nextTick, setImmediate, setInterval } = require('./timers');

/** @import { Failure, KnownSession, NativeStore, SpecialArgument } from '../native/binding' */
/** @import { Pending } from './pending' */

/**
 * A save, which hears of its outcome before anything else of JavaScript runs.
 *
 * @typedef {object} Save
 * @property {() => KnownSession | undefined} begin what it counts on at the moment at which it is made
 * @property {string | undefined} version that no other write has, once it has begun; `undefined` where
 *   the addon makes one
 * @property {(isSuccess: boolean, saved?: string | false | null) => void} settle does not throw
 */

/**
 * @typedef {{ resolve: (result: any) => void, reject: (error: Error) => void, save?: Save }} Waiting
 */

/** The calls on sessions whose outcomes are promises of the addon's. */
const SELDOM = new Set(['clear', 'count', 'destroyMany', 'find', 'ids', 'list', 'reap']);

/** A timer that does nothing, ever; it holds the process alive while calls are under way. */
const keepAlive = {
  /** @type {NodeJS.Timeout | undefined} */
  timer: undefined,
  calls: 0,

  begin() {
    this.calls += 1;
    if (this.calls === 1) {
      this.timer ??= setInterval(() => {}, 2 ** 31 - 1);
      this.timer.ref();
    }
  },

  /** @param {number} calls */
  end(calls) {
    this.calls -= calls;
    if (this.calls === 0) this.timer?.unref();
  },
};

/**
 * The owners of calls that are under way. The addon holds no store: one that nobody refers to is
 * collected, but not before its calls have ended.
 *
 * @type {Set<object>}
 */
const active = new Set();

class Calls {
  /** @type {NativeStore} */
  #native;
  /** The same, of which no method throws. @type {NativeStore} */
  #guarded;
  /** @type {Pending} */
  #pending;
  /** What holds this. @type {object} */
  #owner;
  /** @type {(outages: (Failure | null)[]) => void} */
  #tellOfOutages;
  /** @type {(warnings: Failure[]) => void} */
  #tellOfWarnings;
  /** Who waits for each call, by its number. @type {(Waiting | undefined)[]} */
  #waiting = [];
  /** Numbers that can be given to calls again. @type {number[]} */
  #free = [];
  #flushing = false;
  /** Who waits until no call is under way. @type {(() => void)[]} */
  #closing = [];

  /**
   * @param {(notify: () => void) => NativeStore} open
   * @param {object} owner what holds this, and is not to be collected while calls are under way
   * @param {object} store
   * @param {(outages: (Failure | null)[]) => void} store.tellOfOutages see `outageEvents`
   * @param {(warnings: Failure[]) => void} store.tellOfWarnings see `tellOnce`
   * @param {Pending} store.pending counts the calls
   */
  constructor(open, owner, { tellOfOutages, tellOfWarnings, pending }) {
    this.#owner = owner;
    this.#pending = pending;
    this.#tellOfOutages = tellOfOutages;
    this.#tellOfWarnings = tellOfWarnings;
    const self = new WeakRef(this);
    const takeOutcomes = () => {
      const calls = self.deref();
      if (calls) calls.#takeOutcomes();
    };
    // Not at once: as long as outcomes keep coming, the event loop would see to nothing else.
    this.#native = open(() => setImmediate(takeOutcomes));
    this.#guarded = guarded(this.#native, pending);
  }

  /** The store in the addon, of which no method throws. */
  get native() {
    return this.#guarded;
  }

  /**
   * @param {string} sid
   * @param {number} now milliseconds since the Unix epoch
   * @param {number} limit milliseconds
   * @returns {Promise<string | null>} what `Loaded` in `known.js` reads
   */
  load(sid, now, limit) {
    const call = this.#begin();
    try {
      this.#native.load(call, sid, now, limit);
    } catch (error) {
      return this.#refuse(call, error);
    }
    return this.#outcomeOf(call);
  }

  /**
   * @param {string} sid
   * @param {string} data the session as JSON
   * @param {number | undefined} expires seconds since the Unix epoch
   * @param {(SpecialArgument | undefined)[]} special
   * @param {Save | undefined} save of the request that makes it; `undefined` where it counts on nothing
   * @param {number} limit milliseconds
   * @returns {Promise<string | false | null>} what was written, where that is something else, as `Loaded`
   *   in `known.js` reads it; `false` where it was not written, because it is gone
   */
  save(sid, data, expires, special, save, limit) {
    const call = this.#begin();
    const expected = save?.begin();
    try {
      this.#native.save(call, sid, data, expires, special, save?.version, expected, limit);
    } catch (error) {
      return this.#refuse(call, error);
    }
    return this.#outcomeOf(call, save);
  }

  /**
   * @param {string} sid
   * @param {number} expires seconds since the Unix epoch
   * @param {number | undefined} end the same to the millisecond, where the session has a cookie with
   *   an end
   * @param {number | undefined} lifetime milliseconds, with `end`
   * @param {KnownSession | undefined} known what the request has read or written
   * @param {number} limit milliseconds
   * @returns {Promise<boolean | string>} `false` where the session is gone, `true` where its end was moved,
   *   the end that it keeps as `Known.hasTouched` reads it
   */
  touch(sid, expires, end, lifetime, known, limit) {
    const call = this.#begin();
    try {
      this.#native.touch(call, sid, expires, end, lifetime, known, limit);
    } catch (error) {
      return this.#refuse(call, error);
    }
    return this.#outcomeOf(call);
  }

  /**
   * @param {string} sid
   * @param {number} limit milliseconds
   * @returns {Promise<null>}
   */
  destroy(sid, limit) {
    const call = this.#begin();
    try {
      this.#native.destroy(call, sid, limit);
    } catch (error) {
      return this.#refuse(call, error);
    }
    return this.#outcomeOf(call);
  }

  /** @returns {Promise<void>} resolves when no call is under way */
  whenIdle() {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      this.#closing.push(resolve);
    });
  }

  get #isIdle() {
    return this.#free.length === this.#waiting.length;
  }

  #begin() {
    this.#pending.count += 1;
    return this.#free.pop() ?? this.#waiting.push(undefined) - 1;
  }

  /**
   * Ends a call that the addon has not taken.
   *
   * @param {number} call
   * @param {unknown} error
   * @returns {Promise<never>}
   */
  #refuse(call, error) {
    this.#release(call);
    return Promise.reject(toError(refusal(error)));
  }

  /**
   * @param {number} call
   * @param {Save} [save]
   * @returns {Promise<any>}
   */
  #outcomeOf(call, save) {
    keepAlive.begin();
    active.add(this.#owner);
    if (!this.#flushing) this.#flushSoon();
    return new Promise((resolve, reject) => {
      this.#waiting[call] = { resolve, reject, save };
    });
  }

  /** All calls that a callback makes begin together: then those that can be merged are there. */
  #flushSoon() {
    this.#flushing = true;
    nextTick(() => {
      this.#flushing = false;
      this.#native.flush();
    });
  }

  /** Nothing that waits for an outcome runs in here, so nothing it throws can hold up another. */
  #takeOutcomes() {
    const { calls, results, failedCalls, failures, outages, warnings } = this.#native.take();
    for (let index = 0; index < calls.length; index += 1) {
      const { resolve, save } = this.#end(calls[index]);
      if (save) save.settle(true, /** @type {string | false | null} */ (results[index]));
      resolve(results[index]);
    }
    for (let index = 0; index < failedCalls.length; index += 1) {
      const { reject, save } = this.#end(failedCalls[index]);
      if (save) save.settle(false);
      reject(toError(failures[index]));
    }
    keepAlive.end(calls.length + failedCalls.length);
    if (outages) this.#tellOfOutages(outages);
    if (warnings) this.#tellOfWarnings(warnings);
    if (!this.#isIdle) return;
    active.delete(this.#owner);
    for (const resolve of this.#closing.splice(0)) resolve();
  }

  /**
   * @param {number} call
   * @returns {Waiting}
   */
  #end(call) {
    const waiting = /** @type {Waiting} */ (this.#waiting[call]);
    this.#waiting[call] = undefined;
    this.#release(call);
    return waiting;
  }

  /** @param {number} call */
  #release(call) {
    this.#free.push(call);
    this.#pending.count -= 1;
  }
}

/**
 * The store in the addon, with a failure as the result of each method that throws: an argument was of
 * a type that the addon does not take.
 *
 * @param {NativeStore} native
 * @param {Pending} pending counts the calls on sessions
 * @returns {NativeStore}
 */
function guarded(native, pending) {
  return new Proxy(native, {
    get(_target, name) {
      const method = /** @type {any} */ (native)[name];
      if (typeof method !== 'function') return method;
      return (/** @type {any[]} */ ...args) => {
        try {
          const result = method.apply(native, args);
          return SELDOM.has(String(name)) ? pending.counting(result) : result;
        } catch (error) {
          return refusal(error);
        }
      };
    },
  });
}

module.exports = { Calls };
