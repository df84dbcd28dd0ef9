'use strict';

/**
 * The calls that each request of an application makes: load, save, touch, destroy. The addon returns their
 * outcomes in groups, because a promise of napi for each call would cost more than the call.
 */

const { isPromise } = require('node:util').types;
const { argumentFailure, toError } = require('./errors');
const { nextTick, setImmediate, setInterval } = require('./timers');

/** @import { Failure, KnownSession, NativeStore, SessionMarks, SpecialArgument, TelemetryEvent } from '../native/binding' */
/** @import { Pending } from './pending' */

/**
 * A save of a session. `Calls` reports its outcome to `settle` before any other JavaScript runs.
 *
 * @typedef {object} Save
 * @property {() => KnownSession | undefined} begin makes the version, and returns the condition of the write;
 *   `undefined` for an unconditional write
 * @property {string | undefined} version the unique version of this write, set by `begin`; `undefined` if the
 *   addon makes the version
 * @property {boolean} [isCreation] whether nothing is written if there is a session under this id
 * @property {(isSuccess: boolean, saved?: string | false | null) => void} settle does not throw
 */

/**
 * @typedef {{ resolve: (result: any) => void, reject: (error: Error) => void, save?: Save }} PendingCall
 */

/** The methods of `NativeStore` that are calls on sessions and return a promise of napi. */
const PROMISE_METHODS = new Set(['destroyMany', 'destroyOf', 'find', 'sessionsOf', 'sweepPage']);

/** Keeps the process alive while calls are pending, by a timer that does nothing. */
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
 * The owners of pending calls. The addon holds no reference to a store, so this set keeps a store from being
 * collected before its calls have ended.
 *
 * @type {Set<object>}
 */
const activeOwners = new Set();

class Calls {
  /** @type {NativeStore} */
  #native;
  /** The same store, but its methods return failures instead of throwing. @type {NativeStore} */
  #nonThrowing;
  /** @type {Pending} */
  #pending;
  /** The object that holds these calls. @type {object} */
  #owner;
  /** @type {(outages: (Failure | null)[]) => void} */
  #onOutages;
  /** @type {(warnings: Failure[]) => void} */
  #onWarnings;
  /** @type {(events: TelemetryEvent[]) => void} */
  #onEvents;
  /** The pending calls, by their number. @type {(PendingCall | undefined)[]} */
  #byNumber = [];
  /** The numbers that no pending call has. @type {number[]} */
  #freeNumbers = [];
  #isFlushScheduled = false;
  /** Resolve the promises that `whenIdle` has returned. @type {(() => void)[]} */
  #onIdle = [];

  /**
   * @param {(notify: () => void) => NativeStore} open
   * @param {object} owner the object that holds these calls; it is not collected while calls are pending
   * @param {object} store
   * @param {(outages: (Failure | null)[]) => void} store.onOutages see `outageEvents`
   * @param {(warnings: Failure[]) => void} store.onWarnings see `warnOnce`
   * @param {(events: TelemetryEvent[]) => void} store.onEvents publishes the events of requests; does not throw
   * @param {Pending} store.pending counts the calls
   */
  constructor(open, owner, { onOutages, onWarnings, onEvents, pending }) {
    this.#owner = owner;
    this.#pending = pending;
    this.#onOutages = onOutages;
    this.#onWarnings = onWarnings;
    this.#onEvents = onEvents;
    const self = new WeakRef(this);
    const takeOutcomes = () => {
      const calls = self.deref();
      if (calls) calls.#takeOutcomes();
    };
    // In the check phase, so that a steady stream of outcomes cannot block the event loop.
    this.#native = open(() => setImmediate(takeOutcomes));
    this.#nonThrowing = nonThrowing(this.#native, pending, takeOutcomes);
  }

  /** The store in the addon. Its methods return failures instead of throwing. */
  get native() {
    return this.#nonThrowing;
  }

  /**
   * @param {string} sid
   * @param {number} now milliseconds since the Unix epoch
   * @param {number} limit milliseconds
   * @returns {Promise<string | null>} the text that `Loaded` in `known.js` reads; `null` without a session
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
   * @param {Save | undefined} save
   * @param {number} limit milliseconds
   * @param {SessionMarks} [marks]
   * @returns {Promise<string | false | null>} `null` if the session was written as given; if the addon wrote a
   *   merged session or another version, the text that `Loaded` in `known.js` reads; `false` if nothing was
   *   written, because the session was destroyed or belongs to another user since the request has read it, or because
   *   there is a session and the save is a creation
   */
  save(sid, data, expires, special, save, limit, marks) {
    const call = this.#begin();
    const expected = save?.begin();
    try {
      if (save?.isCreation) {
        const { version } = save;
        const now = Date.now();
        this.#native.create(call, sid, data, expires, special, version, now, limit, marks);
      } else {
        this.#native.save(call, sid, data, expires, special, save?.version, expected, limit, marks);
      }
    } catch (error) {
      return this.#refuse(call, error);
    }
    return this.#outcomeOf(call, save);
  }

  /**
   * @param {string} sid
   * @param {number} expires seconds since the Unix epoch
   * @param {number | undefined} end the same end in milliseconds, if the session's cookie has an end
   * @param {number | undefined} lifetime milliseconds, with `end`
   * @param {KnownSession | undefined} known what the request has read or written
   * @param {number} limit milliseconds
   * @param {number} [seen] the present time, if the store keeps the marks of its sessions
   * @returns {Promise<boolean | string>} `true` if the end was moved, `false` if the session does not exist; if
   *   the session keeps its end, that end as the text that `Known.noteTouch` reads
   */
  touch(sid, expires, end, lifetime, known, limit, seen) {
    const call = this.#begin();
    try {
      this.#native.touch(call, sid, expires, end, lifetime, known, limit, seen);
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

  /** @returns {Promise<void>} resolves when no call is pending */
  whenIdle() {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  get #isIdle() {
    return this.#freeNumbers.length === this.#byNumber.length;
  }

  #begin() {
    this.#pending.count += 1;
    return this.#freeNumbers.pop() ?? this.#byNumber.push(undefined) - 1;
  }

  /**
   * Ends a call whose arguments the addon has refused.
   *
   * @param {number} call
   * @param {unknown} error
   * @returns {Promise<never>}
   */
  #refuse(call, error) {
    this.#release(call);
    return Promise.reject(toError(argumentFailure(error)));
  }

  /**
   * @param {number} call
   * @param {Save} [save]
   * @returns {Promise<any>}
   */
  #outcomeOf(call, save) {
    keepAlive.begin();
    activeOwners.add(this.#owner);
    if (!this.#isFlushScheduled) this.#scheduleFlush();
    return new Promise((resolve, reject) => {
      this.#byNumber[call] = { resolve, reject, save };
    });
  }

  /** Starts all calls of the current callback together, on the next tick, so that they can be merged. */
  #scheduleFlush() {
    this.#isFlushScheduled = true;
    nextTick(() => {
      this.#isFlushScheduled = false;
      this.#native.flush();
    });
  }

  /**
   * Publishes the events so far, and settles the promises of all completed calls. The code that waits for these
   * promises runs after this method, so an error in it cannot stop the loop.
   */
  #takeOutcomes() {
    const { calls, results, failedCalls, failures, outages, warnings, events } =
      this.#native.take();
    // First: a request ends before the calls that it is for.
    if (events) this.#onEvents(events);
    for (let index = 0; index < calls.length; index += 1) {
      const { resolve, save } = this.#remove(calls[index]);
      if (save) save.settle(true, /** @type {string | false | null} */ (results[index]));
      resolve(results[index]);
    }
    for (let index = 0; index < failedCalls.length; index += 1) {
      const { reject, save } = this.#remove(failedCalls[index]);
      if (save) save.settle(false);
      reject(toError(failures[index]));
    }
    keepAlive.end(calls.length + failedCalls.length);
    if (outages) this.#onOutages(outages);
    if (warnings) this.#onWarnings(warnings);
    if (!this.#isIdle) return;
    activeOwners.delete(this.#owner);
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /**
   * @param {number} call
   * @returns {PendingCall}
   */
  #remove(call) {
    const pendingCall = /** @type {PendingCall} */ (this.#byNumber[call]);
    this.#byNumber[call] = undefined;
    this.#release(call);
    return pendingCall;
  }

  /** @param {number} call */
  #release(call) {
    this.#freeNumbers.push(call);
    this.#pending.count -= 1;
  }
}

/**
 * Wraps the store in the addon: if a method throws, because an argument has a wrong type, the wrapper returns a
 * failure.
 *
 * @param {NativeStore} native
 * @param {Pending} pending counts the calls on sessions
 * @param {() => void} takeOutcomes publishes the events so far
 * @returns {NativeStore}
 */
function nonThrowing(native, pending, takeOutcomes) {
  return new Proxy(native, {
    get(_target, name) {
      const method = /** @type {any} */ (native)[name];
      if (typeof method !== 'function') return method;
      return (/** @type {any[]} */ ...args) => {
        try {
          const result = method.apply(native, args);
          // On a busy event loop, JavaScript learns of a promise of napi before it learns of the events before it.
          if (isPromise(result)) result.then(takeOutcomes, takeOutcomes);
          return PROMISE_METHODS.has(String(name)) ? pending.track(result) : result;
        } catch (error) {
          return argumentFailure(error);
        }
      };
    },
  });
}

module.exports = { Calls };
