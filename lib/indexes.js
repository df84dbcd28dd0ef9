'use strict';

/**
 * The sessions that have a value in an index: lists them, destroys them, and limits their number. Adds missing
 * indexes to the table. This file is loaded only with the option `indexes`.
 */

const { dateOf } = require('./dates');
const { closedError, invalidArgument, resultOf, storeError, toError } = require('./errors');
const { methodOptions } = require('./fields');
const { handleOf } = require('./handle');
const { monotonicNow, setTimeout } = require('./timers');
const { keyOf } = require('./tracking');
const { warn } = require('./warning');

/** @import { IndexEntry } from '../native/binding' */
/** @import { Host } from './host' */
/** @import { Marks, Tracking } from './tracking' */
/** @import { SessionIndex } from './tracking.options' */

/**
 * `destroyOf` reads the index again after it has destroyed sessions, because the index may have more sessions by
 * then. It reads the index at most this number of times.
 */
const MAX_READS = 10;

/** After this number of reads, a session that was not there counts as destroyed by somebody else. */
const MAX_MOVES = 5;

/**
 * The first and the longest pause between two looks at an index that is being created, or at one that may not have
 * moved sessions yet, in milliseconds.
 */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5000;

/**
 * An index with a limit, in which a session gets a value.
 *
 * @typedef {{ at: number, index: SessionIndex, max: number, value: string }} Limit
 */

class Indexes {
  #tracking;
  #host;

  /**
   * @param {Tracking} tracking
   * @param {Host} host
   */
  constructor(tracking, host) {
    this.#tracking = tracking;
    this.#host = host;
  }

  /**
   * Reads the sessions with a value, the newest first.
   *
   * @param {string} name
   * @param {unknown} value
   * @param {unknown} [options] `current`: the id of the session that asks
   */
  async sessionsOf(name, value, options) {
    const { current } = methodOptions(options, 'sessionsOf', ['current']);
    const at = this.#numberOf(name);
    const text = this.#valueOf(name, value);
    const own = this.#keysOf(current, 'current');
    const entries = await this.#host.run('sessionsOf', () => this.#read(at, text));
    return entries
      .filter(isAlive)
      .sort((one, other) => beginOf(other) - beginOf(one))
      .map((entry) => ({
        handle: handleOf(entry.key),
        createdAt: dateOf(entry.created),
        since: dateOf(entry.since),
        lastSeen: dateOf(entry.seen),
        expires: dateOf(entry.expires),
        label: entry.label ?? undefined,
        current: own.includes(entry.key),
      }));
  }

  /**
   * Destroys the sessions with a value, until the index shows no more of them.
   *
   * @param {string} name
   * @param {unknown} value
   * @param {unknown} [options] `except`: the id of a session that is kept; `handle`: destroys only this session
   * @returns {Promise<number>} the number of destroyed sessions
   */
  destroyOf(name, value, options) {
    const { run, track } = this.#host;
    return run('destroyOf', () => track(this.#destroyOf(name, value, options)));
  }

  /**
   * @param {string} name
   * @param {unknown} value
   * @param {unknown} given
   */
  async #destroyOf(name, value, given) {
    const options = methodOptions(given, 'destroyOf', ['except', 'handle']);
    const { except, handle } = options;
    const at = this.#numberOf(name);
    const text = this.#valueOf(name, value);
    // A handle or an id that is missing must not end all sessions.
    if ('handle' in options && typeof handle !== 'string') {
      throw invalidArgument('the option "handle" must be a handle from sessionsOf()');
    }
    if ('except' in options && typeof except !== 'string') {
      throw invalidArgument('the option "except" must be a session id');
    }
    const kept = this.#keysOf(except, 'except');
    /** The destroyed sessions, and those that were not there: the index may show them for a while. */
    const done = new Set();
    let count = 0;
    for (let reads = 0; reads < MAX_READS; reads += 1) {
      // Only the first call can be refused, because the store was closed.
      const entries = await (reads === 0 ? this.#read(at, text) : this.#query(at, text));
      const found = entries.filter(
        ({ key }) =>
          !kept.includes(key) &&
          !done.has(key) &&
          (handle === undefined || handleOf(key) === handle),
      );
      if (found.length === 0) break;
      // Also those that seem to have ended: the index may not know yet that a touch has moved their end.
      const keys = found.map(({ key }) => key);
      const destroyed = new Set(await this.#destroy(at, text, keys, this.#host.limit));
      const isMoving = this.#host.moves && destroyed.size < keys.length && reads < MAX_MOVES;
      for (const key of keys) {
        if (destroyed.has(key) || !isMoving) done.add(key);
      }
      // A session that was not there may have moved to another key, which the index may not have yet.
      if (isMoving) await sleep(FIRST_PAUSE * 2 ** reads);
      count += found.filter((entry) => destroyed.has(entry.key) && isAlive(entry)).length;
    }
    return count;
  }

  /**
   * Destroys sessions, and reports each.
   *
   * @param {number} at
   * @param {string} value
   * @param {string[]} keys
   * @param {number} limit milliseconds
   * @returns {Promise<string[]>} the keys of the destroyed sessions
   */
  async #destroy(at, value, keys, limit) {
    const outcome = await this.#host.native().destroyOf(at, value, keys, limit);
    const { keys: destroyed, failure } = resultOf(outcome);
    this.#host.lifecycle.reportKeys('destroy', destroyed);
    if (failure) throw toError(failure);
    return destroyed;
  }

  /**
   * Adds missing indexes to the table, one after another, and waits until all can be read. Emits `index` whenever
   * the state of one changes.
   */
  async ensureIndexes() {
    for (const [at, index] of this.#tracking.indexes.entries()) await this.#ensure(at, index);
  }

  /**
   * Returns the limits of a save that gives a session a value in an index with the option `max`; `undefined` if it
   * gives none. `check` has to run before the save, `enforceAfter` waits for the save.
   *
   * @param {string} sid
   * @param {Marks} marks
   */
  limitsOf(sid, { indexed, seen }) {
    const limits = this.#tracking.indexes.flatMap((index, at) => {
      const { value, isLogin } = indexed[at] ?? {};
      const { max } = index;
      return isLogin && value !== undefined && max !== undefined ? [{ at, index, max, value }] : [];
    });
    if (limits.length === 0) return undefined;
    // The requests for a limit share the time of their call.
    const start = monotonicNow();
    const left = () => Math.max(1, this.#host.limit - (monotonicNow() - start));
    return {
      check: limits.some(isRefusal) ? () => this.#check(sid, limits, left) : undefined,
      /** @param {Promise<boolean>} saved whether the session exists after the save */
      enforceAfter: async (saved) => {
        const isSaved = await saved;
        if (!isSaved) return false;
        // The session was saved. A failure here must not say otherwise.
        await this.#endOldest(sid, limits, seen, left).catch((error) =>
          warn(this.#host.events, error),
        );
        return true;
      },
    };
  }

  /**
   * Refuses a session that would exceed a limit.
   *
   * @param {string} sid
   * @param {Limit[]} limits
   * @param {() => number} left the milliseconds that are left of the call
   * @throws {import('./errors').SessionStoreError} `ERR_SESSION_LIMIT`
   */
  async #check(sid, limits, left) {
    for (const { at, index, max, value } of limits.filter(isRefusal)) {
      const own = this.#host.native().keysOf(sid);
      const entries = (await this.#query(at, value, left())).filter(isAlive);
      if (entries.some(({ key }) => own.includes(key)) || entries.length < max) continue;
      const message =
        `the option "indexes.${index.name}.max" allows ${max} session(s) with one value, and there are as ` +
        'many, so nothing was written';
      throw storeError('ERR_SESSION_LIMIT', message);
    }
  }

  /**
   * Ends the oldest sessions that exceed a limit, after a session was saved.
   *
   * @param {string} sid the session that was saved
   * @param {Limit[]} limits
   * @param {number} seen the time of the save
   * @param {() => number} left the milliseconds that are left of the call
   */
  async #endOldest(sid, limits, seen, left) {
    for (const { at, index, max, value } of limits) {
      if (index.over !== 'end-oldest') continue;
      const native = this.#host.native();
      const own = native.keysOf(sid);
      const others = (await this.#query(at, value, left())).filter(({ key }) => !own.includes(key));
      // The index may not have the saved session yet, or with an earlier state.
      const entries = [...others.filter(isAlive), { key: own[0], since: seen }];
      entries.sort((one, other) => beginOf(other) - beginOf(one) || (one.key < other.key ? -1 : 1));
      const keys = entries.slice(max).map(({ key }) => key);
      if (keys.length === 0) continue;
      await this.#destroy(at, value, keys, left());
    }
  }

  /**
   * @param {number} at
   * @param {SessionIndex} index
   */
  async #ensure(at, { name, index, attribute }) {
    const { native, call, tableTimeout, events, isClosed } = this.#host;
    let reported;
    let hasBegun = false;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      if (isClosed()) throw closedError();
      let state = await call(async () => resultOf(await native().indexState(at, tableTimeout)));
      if (state === 'missing') {
        const created = await call(async () =>
          resultOf(await native().createIndex(at, tableTimeout)),
        );
        hasBegun ||= created;
        // DynamoDB creates one index of a table at a time.
        state = hasBegun ? 'creating' : 'waiting';
      }
      if (state === 'deleting') state = 'waiting';
      if (state !== reported) events.emit('index', { name, index, attribute, state });
      reported = state;
      if (state === 'active') return;
      await sleep(pause);
    }
  }

  /**
   * @param {number} at
   * @param {string} value
   * @returns {Promise<IndexEntry[]>}
   */
  #read(at, value) {
    return this.#host.call(async (limit) =>
      resultOf(await this.#host.native().sessionsOf(at, value, limit)),
    );
  }

  /**
   * Reads an index within a call that has passed the gate already.
   *
   * @param {number} at
   * @param {string} value
   * @param {number} [limit] milliseconds
   * @returns {Promise<IndexEntry[]>}
   */
  async #query(at, value, limit = this.#host.limit) {
    return resultOf(await this.#host.native().sessionsOf(at, value, limit));
  }

  /** @param {string} name */
  #numberOf(name) {
    const at = this.#tracking.indexes.findIndex((index) => index.name === name);
    if (at >= 0) return at;
    throw invalidArgument('the option "indexes" has no index of this name');
  }

  /**
   * @param {string} name
   * @param {unknown} value
   */
  #valueOf(name, value) {
    const text = keyOf(value, `the value for the index "${name}"`);
    if (text !== undefined) return text;
    throw invalidArgument(`the value for the index "${name}" is missing`);
  }

  /**
   * The keys of a session's item, the present one first.
   *
   * @param {unknown} sid
   * @param {string} name of the option
   */
  #keysOf(sid, name) {
    if (sid === undefined || sid === null) return [];
    if (typeof sid === 'string') return this.#host.native().keysOf(sid);
    throw invalidArgument(`the option "${name}" must be a session id`);
  }
}

/**
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** @param {Limit} limit */
function isRefusal({ index }) {
  return index.over === 'refuse';
}

/** @param {IndexEntry} entry */
function isAlive({ expires }) {
  return typeof expires !== 'number' || expires > Date.now();
}

/**
 * The time at which a session got its value.
 *
 * @param {IndexEntry} entry
 */
function beginOf({ since, created }) {
  return since ?? created ?? 0;
}

module.exports = { Indexes };
