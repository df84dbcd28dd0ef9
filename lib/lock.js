'use strict';

/** Locks on sessions: `withLock` waits for the lock, renews its lease while the task runs, and releases it. */

const { randomUUID } = require('node:crypto');
const { invalidArgument, storeError } = require('./errors');
const { option, optionsObject, readTime } = require('./options');
const { clearTimeout, monotonicNow, setTimeout } = require('./timers');

/** @import { LockState } from '../native/binding' */

/**
 * The requests for the lock of one session.
 *
 * @typedef {object} LockRequests
 * @property {(lease: Lease, ended?: string) => Promise<LockState>} claim `ended` is the version of another holder's
 *   lease that has ended
 * @property {(lease: Lease, limit: number) => Promise<boolean>} renew
 * @property {(holder: string) => Promise<boolean>} release
 * @property {(error: Error) => void} warn reports an error that belongs to no call
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
const LONGEST_PAUSE = 500;

/**
 * The last caller in this process that waits for each lock or holds it: a promise that resolves when it is done. One
 * caller of a process asks DynamoDB at a time, so that the callers of a process do not hinder each other.
 *
 * @type {Map<string, Promise<void>>}
 */
const lastCallers = new Map();

/**
 * Runs `task` while no other caller, in any process, holds the lock of the same session.
 *
 * @template T
 * @param {string} name identifies the lock in this process
 * @param {LockRequests} requests
 * @param {LockOptions} options
 * @param {(lock: HeldLock) => T | Promise<T>} task
 * @returns {Promise<T>} the result of the task
 */
async function withLock(name, requests, options, task) {
  const { signal, wait } = options;
  const deadline = monotonicNow() + wait;
  const done = await ownTurn(name, options, deadline);
  try {
    const lease = await Holding.claim(requests, options, deadline);
    /** @type {{ result: T } | undefined} */
    let ended;
    const { controller, stop } = controllerAfter(signal);
    lease.onLost = (error) => controller.abort(error);
    try {
      ended = { result: await task({ token: lease.token, signal: controller.signal }) };
    } finally {
      stop();
      await lease.release();
    }
    if (lease.lost) throw lease.lost;
    return ended.result;
  } finally {
    done();
  }
}

/**
 * Waits until the earlier callers of this process are done with the lock.
 *
 * @param {string} name
 * @param {LockOptions} options
 * @param {number} deadline
 * @returns {Promise<() => void>} to be called when the caller is done
 */
async function ownTurn(name, options, deadline) {
  const earlier = lastCallers.get(name) ?? Promise.resolve();
  /** @type {() => void} */
  let done = () => {};
  const isDone = new Promise((/** @type {(value: void) => void} */ resolve) => {
    done = resolve;
  });
  const own = earlier.then(() => isDone);
  lastCallers.set(name, own);
  own.then(() => lastCallers.get(name) === own && lastCallers.delete(name));
  const late = pause(deadline - monotonicNow(), options.signal);
  try {
    const isOwn = await Promise.race([earlier.then(() => true), late.ended.then(() => false)]);
    if (!isOwn) throw lockedError(options.wait);
    return done;
  } catch (error) {
    done();
    throw error;
  } finally {
    late.stop();
  }
}

/**
 * Makes an `AbortController` that is aborted after `signal` is. Node 20.0 has no `AbortSignal.any`.
 *
 * @param {AbortSignal | undefined} signal
 */
function controllerAfter(signal) {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  return { controller, stop: () => signal?.removeEventListener('abort', abort) };
}

/** A lock that this process holds. */
class Holding {
  /** Rises with each holder of the lock. */
  token;
  /** The error once the lock is lost. @type {Error | undefined} */
  lost;
  /** Called once the lock is lost. @type {(error: Error) => void} */
  onLost = () => {};
  #requests;
  #lease;
  #end;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  /** @type {Promise<void> | undefined} */
  #renewing;

  /**
   * @param {LockRequests} requests
   * @param {Lease} lease
   * @param {number} token
   * @param {number} end the end of the lease, in milliseconds of the monotonic clock
   */
  constructor(requests, lease, token, end) {
    this.#requests = requests;
    this.#lease = lease;
    this.token = token;
    this.#end = end;
    this.#schedule(lease.length / 3);
  }

  /**
   * Waits for the lock.
   *
   * @param {LockRequests} requests
   * @param {LockOptions} options
   * @param {number} deadline
   */
  static async claim(requests, { lease: length, wait, signal }, deadline) {
    const lease = { holder: randomUUID(), renewal: 0, length };
    /** The other holder's lease, and since when this process has seen no change of it. */
    let other = { version: '', length: 0, since: 0 };
    for (let longest = FIRST_PAUSE; ; longest = Math.min(longest * 2, LONGEST_PAUSE)) {
      signal?.throwIfAborted();
      const start = monotonicNow();
      const hasEnded = other.version !== '' && start - other.since >= other.length;
      const state = await claimOnce(requests, lease, hasEnded ? other.version : undefined);
      if (state.token !== undefined) {
        return new Holding(requests, lease, state.token, start + length);
      }
      const now = monotonicNow();
      const { version = '' } = state;
      if (version !== other.version) other = { version, length: state.lease, since: now };
      const left = deadline - now;
      if (left <= 0) throw lockedError(wait);
      const untilEnd =
        other.version === '' ? Number.POSITIVE_INFINITY : other.since + other.length - now;
      const random = (longest * (1 + Math.random())) / 2;
      await pause(Math.max(1, Math.min(random, left, untilEnd)), signal).ended;
    }
  }

  /** Stops renewing, and releases the lock. */
  async release() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#renewing;
    clearTimeout(this.#timer);
    if (this.#end <= monotonicNow()) this.#lose();
    if (this.lost) return;
    try {
      if (!(await this.#requests.release(this.#lease.holder))) this.#lose();
    } catch (error) {
      // The lease ends by itself.
      this.#requests.warn(/** @type {Error} */ (error));
    }
  }

  /** @param {number} delay milliseconds until the next renewal */
  #schedule(delay) {
    this.#timer = setTimeout(() => {
      this.#renewing = this.#renew();
    }, delay);
    // The task keeps the process alive, not its lock.
    this.#timer.unref();
  }

  /** Renews the lease once. A renewal that fails is tried again until the lease ends. */
  async #renew() {
    const { length } = this.#lease;
    const start = monotonicNow();
    const left = this.#end - start;
    if (left <= 0) return this.#lose();
    this.#lease = { ...this.#lease, renewal: this.#lease.renewal + 1 };
    let isHeld;
    try {
      isHeld = await this.#requests.renew(this.#lease, left);
    } catch {
      const next = Math.min(length / 10, this.#end - monotonicNow());
      return this.#schedule(Math.max(0, next));
    }
    if (!isHeld) return this.#lose();
    this.#end = start + length;
    this.#schedule(length / 3);
  }

  #lose() {
    const message = 'the lock on the session was lost before its task has ended';
    this.lost ??= storeError('ERR_SESSION_LOCK_LOST', message);
    this.onLost(this.lost);
  }
}

/**
 * Tries to get the lock once. If that fails, DynamoDB may have carried it out, so the lock is released.
 *
 * @param {LockRequests} requests
 * @param {Lease} lease
 * @param {string} [ended]
 */
async function claimOnce(requests, lease, ended) {
  try {
    return await requests.claim(lease, ended);
  } catch (error) {
    // Not awaited, because DynamoDB may not answer. If this fails too, the lease ends by itself.
    requests.release(lease.holder).catch(() => {});
    throw error;
  }
}

/** @param {number} wait milliseconds */
function lockedError(wait) {
  const message = `another caller held the lock on the session for ${wait} ms (option "wait")`;
  return storeError('ERR_SESSION_LOCKED', message, { retryable: true });
}

/**
 * @param {number} time milliseconds
 * @param {AbortSignal | undefined} signal
 * @returns {{ ended: Promise<void>, stop: () => void }} `ended` rejects with the signal's reason if the signal is
 *   aborted; `stop` ends the pause
 */
function pause(time, signal) {
  /** @type {() => void} */
  let stop = () => {};
  const ended = new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
    const timer = setTimeout(() => stop(), Math.max(0, time));
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      resolve();
    };
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
  return { ended, stop: () => stop() };
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
  const options = optionsObject(hasOptions ? given : undefined, 'the options of withLock');
  const known = ['lease', 'wait', 'signal'];
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw invalidArgument(`the options of withLock are ${known.join(', ')}, but "${name}" is set`);
  }
  const signal = option(options, 'signal', 'object');
  // No `instanceof`: a test's sandbox may have a class of its own.
  if (signal !== undefined && typeof signal.addEventListener !== 'function') {
    throw invalidArgument('option "signal" must be an AbortSignal');
  }
  return {
    options: {
      lease: readTime(options, 'lease', SHORTEST_LEASE) ?? LEASE,
      wait: readTime(options, 'wait', 0) ?? WAIT,
      signal,
    },
    task,
  };
}

module.exports = { readLockArguments, withLock };
