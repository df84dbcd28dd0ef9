'use strict';

/** Locks on sessions: `withLock` waits for the lock, renews its lease while the task runs, and releases it. */

const { randomUUID } = require('node:crypto');
const { invalidArgument, resultOf, storeError } = require('./errors');
const { methodOptions } = require('./fields');
const { Wait } = require('./lock.wait');
const { readTime } = require('./options');
const { ignore, listen, readSignal } = require('./signals');
const { clearTimeout, monotonicNow, setTimeout } = require('./timers');
const { warn } = require('./warning');

/** @import { LockState } from '../native/binding' */
/** @import { Host } from './host' */

/**
 * The requests for the lock of one session.
 *
 * @typedef {object} LockRequests
 * @property {(lease: Lease, ended: string | undefined, limit: number) => Promise<LockState>} claim `ended` is the
 *   version of another holder's lease that has ended
 * @property {(lease: Lease, limit: number) => Promise<boolean>} renew
 * @property {(holder: string, token?: number) => Promise<boolean>} release
 * @property {(error: Error) => void} warn reports an error that belongs to no call
 * @property {AbortSignal} closing is aborted once the store is closed
 *
 * @typedef {import('../native/binding').LeaseArgument} Lease
 *
 * @typedef {object} LockOptions
 * @property {number} lease milliseconds
 * @property {number} wait milliseconds
 * @property {AbortSignal | undefined} signal
 *
 * The lock, as the task sees it.
 *
 * @typedef {object} HeldLock
 * @property {number} token
 * @property {AbortSignal} signal
 */

/** The defaults of the options `lease` and `wait`, in milliseconds. */
const LEASE = 10_000;
const WAIT = 15_000;

/** The shortest lease in milliseconds. It is renewed three times while it lasts, and a renewal takes some time. */
const SHORTEST_LEASE = 1000;

/** The bounds of the pause between two attempts, in milliseconds. Each pause is up to twice as long as the last one. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1000;

/** The shortest time that an attempt to get the lock may take, in milliseconds. */
const SHORTEST_ATTEMPT = 1000;

/** A request that fails with one of these codes may have been carried out. */
const UNCERTAIN = new Set(['ERR_SESSION_TIMEOUT', 'ERR_SESSION_UNREACHABLE', 'ERR_SESSION_CLIENT']);

/** The locks of one store. */
class Locks {
  #host;
  /**
   * The last caller that waits for each lock or holds it: a promise that resolves when it is done. One caller of a
   * store asks DynamoDB at a time, so that the callers of a store do not hinder each other.
   *
   * @type {Map<string, Promise<void>>}
   */
  #lastCallers = new Map();

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
  }

  /**
   * Runs a task while no other caller, in any process, holds the lock of the same session.
   *
   * @param {string} sid
   * @param {any} given the options, or the task
   * @param {any} [after] the task, after options
   * @returns {Promise<any>} the result of the task
   */
  async run(sid, given, after) {
    const { options, task } = readLockArguments(given, after);
    const requests = this.#requestsFor(sid);
    const deadline = monotonicNow() + options.wait;
    const wait = new Wait(options, deadline, requests.closing);
    try {
      const done = await this.#ownTurn(sid, wait);
      try {
        const holding = await Holding.claim(requests, options, wait);
        return await holding.run(options.signal, task);
      } finally {
        done();
      }
    } finally {
      wait.stop();
    }
  }

  /** @param {string} sid @returns {LockRequests} */
  #requestsFor(sid) {
    const { native, call, limit, events, run } = this.#host;
    const within = (/** @type {number} */ time) => Math.max(1, Math.min(time, limit));
    return {
      claim: async (lease, ended, left) => {
        const claim = (/** @type {number} */ time) =>
          native().claimLock(sid, lease, ended, Date.now(), time);
        return run('lock', async () => resultOf(await call(claim, within(left))));
      },
      // These are no calls: a closed store refuses calls, but waits for its tasks and their locks.
      renew: async (lease, left) =>
        resultOf(await native().renewLock(sid, lease, Date.now(), within(left))),
      release: async (holder, token) =>
        resultOf(await native().releaseLock(sid, holder, token, limit)),
      warn: (error) => warn(events, error),
      closing: this.#host.closing,
    };
  }

  /**
   * Waits until the earlier callers of this store are done with the lock.
   *
   * @param {string} sid
   * @param {Wait} wait
   * @returns {Promise<() => void>} to be called when the caller is done
   */
  async #ownTurn(sid, wait) {
    const earlier = this.#lastCallers.get(sid) ?? Promise.resolve();
    /** @type {() => void} */
    let done = () => {};
    const isDone = new Promise((/** @type {(value: void) => void} */ resolve) => {
      done = resolve;
    });
    const own = earlier.then(() => isDone);
    this.#lastCallers.set(sid, own);
    own.then(() => this.#lastCallers.get(sid) === own && this.#lastCallers.delete(sid));
    try {
      await wait.for(earlier);
      return done;
    } catch (error) {
      done();
      throw error;
    }
  }
}

/** A lock that this process holds. */
class Holding {
  #requests;
  #lease;
  /** The fencing token, which rises with each holder of the lock. */
  #token;
  /** The end of the lease, in milliseconds of the monotonic clock. */
  #end;
  /** Whether the task has ended. */
  #isOver = false;
  /** The error once another caller has got the lock. @type {Error | undefined} */
  #lost;
  #controller = new AbortController();
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {LockRequests} requests
   * @param {Lease} lease
   * @param {number} token
   * @param {number} end
   */
  constructor(requests, lease, token, end) {
    this.#requests = requests;
    this.#lease = lease;
    this.#token = token;
    this.#end = end;
  }

  /**
   * Waits for the lock.
   *
   * @param {LockRequests} requests
   * @param {LockOptions} options
   * @param {Wait} wait
   * @returns {Promise<Holding>}
   */
  static async claim(requests, { lease: length }, wait) {
    const lease = { holder: randomUUID(), renewal: 0, length };
    /** The other holder's lease, and since when this caller has seen no change of it. */
    let other = { version: '', length: 0, since: 0 };
    for (let longest = FIRST_PAUSE; ; longest = Math.min(longest * 2, LONGEST_PAUSE)) {
      const start = monotonicNow();
      const hasEnded = other.version !== '' && start - other.since >= other.length;
      const state = await claimOnce(requests, lease, hasEnded ? other.version : undefined, wait);
      const now = monotonicNow();
      if (state?.token !== undefined) {
        const holding = new Holding(requests, lease, state.token, start + length);
        // The table may have been created meanwhile: the task must not begin with a lease that is about to end.
        if (now - start < length / 3 || (await holding.#renew())) return holding;
        await holding.#release();
      } else {
        const { version = '', lease: otherLength = 0 } = state ?? {};
        if (state && version !== other.version)
          other = { version, length: otherLength, since: now };
      }
      if (wait.left <= 0) throw wait.lockedError();
      const untilEnd = other.version === '' ? LONGEST_PAUSE : other.since + other.length - now;
      await wait.pause(Math.min((longest * (1 + Math.random())) / 2, Math.max(0, untilEnd)));
    }
  }

  /**
   * Runs the task, then releases the lock.
   *
   * @template T
   * @param {AbortSignal | undefined} signal
   * @param {(lock: HeldLock) => T | Promise<T>} task
   * @returns {Promise<T>}
   */
  async run(signal, task) {
    const abort = () => this.#controller.abort(signal?.reason);
    if (signal) listen(signal, abort);
    this.#renewAfter(this.#lease.length / 3);
    let outcome;
    try {
      outcome = { result: await task({ token: this.#token, signal: this.#controller.signal }) };
    } catch (error) {
      outcome = { error };
    }
    if (signal) ignore(signal, abort);
    await this.#release();
    const isByTask = outcome.error !== undefined && outcome.error !== this.#lost;
    if (this.#lost) throw isByTask ? lostError(outcome.error) : this.#lost;
    if ('error' in outcome) throw outcome.error;
    return /** @type {T} */ (outcome.result);
  }

  /** @param {number} delay milliseconds */
  #renewAfter(delay) {
    clearTimeout(this.#timer);
    if (this.#isOver || this.#lost) return;
    this.#timer = setTimeout(() => {
      this.#renew();
    }, delay);
    // The task keeps the process alive, not its lock.
    this.#timer.unref();
  }

  /**
   * Renews the lease. A renewal that fails is tried again. If the lease has ended meanwhile, nobody may have got the
   * lock: then the renewal succeeds, and the lock was held all the time.
   *
   * @returns {Promise<boolean>} whether the lock is held
   */
  async #renew() {
    const { length } = this.#lease;
    const start = monotonicNow();
    this.#lease = { ...this.#lease, renewal: this.#lease.renewal + 1 };
    let isHeld;
    try {
      isHeld = await this.#requests.renew(this.#lease, length / 3);
    } catch {
      // The lock may be lost by now, so the task should end.
      if (monotonicNow() >= this.#end) this.#controller.abort(lostError());
      this.#renewAfter(length / 10);
      return false;
    }
    // A renewal that was made after the release is refused.
    if (this.#isOver) return isHeld;
    if (isHeld) {
      this.#end = start + length;
      this.#renewAfter(length / 3);
    } else {
      this.#lost = lostError();
      this.#controller.abort(this.#lost);
    }
    return isHeld;
  }

  /** Stops renewing, and releases the lock. */
  async #release() {
    this.#isOver = true;
    clearTimeout(this.#timer);
    if (this.#lost) return;
    const mayBeLost = monotonicNow() >= this.#end;
    try {
      const isReleased = await this.#requests.release(this.#lease.holder, this.#token);
      // While the lease lasts, nobody takes the lock. Then an earlier attempt of this request has released it.
      if (!isReleased && mayBeLost) this.#lost = lostError();
    } catch (error) {
      // The lease ends by itself.
      if (mayBeLost) this.#lost = lostError();
      else this.#requests.warn(/** @type {Error} */ (error));
    }
  }
}

/**
 * Tries to get the lock once.
 *
 * @param {LockRequests} requests
 * @param {Lease} lease
 * @param {string | undefined} ended
 * @param {Wait} wait
 * @returns {Promise<LockState | undefined>} `undefined` if the attempt has failed and another may succeed
 */
async function claimOnce(requests, lease, ended, wait) {
  wait.throwIfAborted();
  const claimed = requests.claim(lease, ended, Math.max(wait.left, SHORTEST_ATTEMPT));
  try {
    const state = await wait.unlessAborted(claimed);
    wait.throwIfAborted();
    return state;
  } catch (error) {
    releaseUnused(requests, lease, claimed);
    if (!wait.isAborted && wait.left > 0 && isRetryable(error)) return undefined;
    throw error;
  }
}

/**
 * Releases the lock if an attempt has got it whose caller has gone on. If this fails, the lease ends by itself.
 *
 * @param {LockRequests} requests
 * @param {Lease} lease
 * @param {Promise<LockState>} claimed
 */
async function releaseUnused(requests, lease, claimed) {
  const mayBeHeld = claimed.then(
    ({ token }) => token !== undefined,
    ({ code }) => UNCERTAIN.has(code),
  );
  if (await mayBeHeld) await requests.release(lease.holder).catch(() => {});
}

/** @param {unknown} error */
function isRetryable(error) {
  return /** @type {{ retryable?: boolean } | undefined} */ (error)?.retryable === true;
}

/** @param {unknown} [cause] another error of the task */
function lostError(cause) {
  const message = 'the lock on the session was lost before the task ended';
  return storeError('ERR_SESSION_LOCK_LOST', message, cause === undefined ? {} : { cause });
}

/**
 * Reads the arguments of `withLock` after the session's id.
 *
 * @param {any} given the options, or the task
 * @param {any} [after] the task, after options
 * @returns {{ options: LockOptions, task: (lock: HeldLock) => any }}
 */
function readLockArguments(given, after) {
  const hasOptions = typeof given !== 'function';
  const task = hasOptions ? after : given;
  if (typeof task !== 'function') throw invalidArgument('the task of withLock must be a function');
  const known = ['lease', 'wait', 'signal'];
  const options = methodOptions(hasOptions ? given : undefined, 'withLock', known);
  return {
    options: {
      lease: readTime(options, 'lease', SHORTEST_LEASE) ?? LEASE,
      wait: readTime(options, 'wait', 0) ?? WAIT,
      signal: readSignal(options),
    },
    task,
  };
}

module.exports = { Locks };
