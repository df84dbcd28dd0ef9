'use strict';

/** The operations of a store on all sessions of its table, and on those that an index finds. */

const { dateOf } = require('./dates');
const { resultOf, toError } = require('./errors');

/** @import { ListedMark, ListedSession, SessionEntry, SweepPage, UnreadableSession } from '../native/binding' */
/** @import { Host } from './host' */
/** @import { LifecycleEvent } from './lifecycle' */
/** @import { Operation, Scan } from './scan' */

/**
 * A session of `entries`, as the table has it. Times are in milliseconds since the Unix epoch.
 *
 * @typedef {object} Entry
 * @property {string} sid the id that stands in the table: with the option `hashIds`, the hash
 * @property {string} data the session as JSON, decoded
 * @property {number | undefined} expires the end of the session
 * @property {number | undefined} end the exact end, if a touch has moved it
 * @property {string | undefined} version
 * @property {number | undefined} created the beginning of the session, if the store keeps marks
 * @property {number | undefined} seen the last write of the session, if the store keeps marks
 * @property {ListedMark[]} indexed the marks in the store's indexes, in the order of the options
 *
 * A session of `sessions`.
 *
 * @typedef {object} SessionOfTable
 * @property {string} sid with the option `hashIds`, the handle of the session
 * @property {string} handle
 * @property {any} session
 * @property {Date | undefined} expires
 * @property {Date | undefined} createdAt
 * @property {Date | undefined} lastSeen
 * @property {Record<string, Indexed>} indexed the values of the session in the store's indexes, by the name of the index
 *
 * The value of a session in an index.
 *
 * @typedef {{ value: string, since: Date | undefined, label: string | undefined }} Indexed
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
   * @returns {Promise<ListedSession[]>} with the option `hashIds`, each has its handle as `sid`
   */
  async list() {
    /** @type {ListedSession[]} */
    const sessions = [];
    await this.#run({ name: 'all', sweep: 'list', isSilent: true }, undefined, ({ listed }) => {
      for (const session of listed) sessions.push({ ...session, sid: this.#shownId(session.sid) });
    });
    return sessions;
  }

  /**
   * Reads the sessions that have this value in the store's index.
   *
   * @param {string} value
   * @returns {Promise<SessionEntry[]>}
   */
  find(value) {
    const { call, native, run } = this.#host;
    const find = (/** @type {number} */ limit) => native().find(value, Date.now(), limit);
    return run('find', async () => resultOf(await call(find)));
  }

  /**
   * Counts the sessions that have not ended.
   *
   * @param {unknown} [options]
   * @returns {Promise<number>}
   */
  count(options) {
    return this.#count({ name: 'length', sweep: 'count' }, options);
  }

  /**
   * The ids of the sessions that have not ended.
   *
   * @param {unknown} [options]
   * @returns {Promise<string[]>} with the option `hashIds`, their handles
   */
  async ids(options) {
    /** @type {string[]} */
    const ids = [];
    await this.#run({ name: 'ids', sweep: 'ids' }, options, (page) => {
      for (const id of page.ids) ids.push(this.#shownId(id));
    });
    return ids;
  }

  /**
   * Deletes the sessions that have not ended.
   *
   * @param {unknown} [options]
   */
  async clear(options) {
    await this.#delete({ name: 'clear', sweep: 'clear' }, options, 'destroy');
  }

  /**
   * Deletes the sessions that have ended.
   *
   * @param {unknown} [options]
   * @returns {Promise<number>} how many
   */
  reap(options) {
    return this.#delete({ name: 'reap', sweep: 'reap' }, options, 'expire');
  }

  /**
   * Counts what `reap` deletes. Decodes no session, so it needs no encryption keys.
   *
   * @param {unknown} [options]
   * @returns {Promise<number>}
   */
  countEnded(options) {
    return this.#count({ name: 'countEnded', sweep: 'countEnded' }, options);
  }

  /**
   * Reads the sessions that have not ended, a page of the table at a time. The next page is read when the
   * application asks for it.
   *
   * @param {unknown} options
   * @param {(data: string, end: number | undefined) => any} toSession makes a session from its JSON and its exact
   *   end; `null` if it is no session
   * @returns {AsyncGenerator<SessionOfTable, void, undefined>}
   * @throws {TypeError} if an option is wrong
   */
  sessions(options, toSession) {
    const scan = this.#scan({ name: 'sessions', sweep: 'list', isIterated: true }, options);
    const toEntry = (/** @type {ListedSession | UnreadableSession} */ listed) => {
      const { sid, data, end, expires, created, seen, indexed } = /** @type {ListedSession} */ (
        listed
      );
      const session = toSession(data, end);
      if (session === null) return undefined;
      const handle = this.#host.handleOfId(sid);
      return {
        sid: this.#host.hidesIds ? handle : sid,
        handle,
        session,
        expires: dateOf(expires),
        createdAt: dateOf(created),
        lastSeen: dateOf(seen),
        indexed: this.#indexed(indexed),
      };
    };
    return iterate(scan, toEntry);
  }

  /**
   * Reads the sessions as the table has them, to copy them: with their ids in the table and their marks.
   *
   * @param {Record<string, any>} [options] the options of `sessions`, and `ended`: `true`: also the sessions that
   *   have ended and can still be read; `keepsUnreadable`: `true`: a session that cannot be decoded is not the failure
   *   of all
   * @returns {AsyncGenerator<Entry | { sid: string, failure: Error }, void, undefined>} `failure`: of a session that
   *   cannot be decoded
   * @throws {TypeError} if an option is wrong
   */
  entries({ ended = false, keepsUnreadable = false, ...options } = {}) {
    const sweep = ended ? 'listAll' : 'list';
    const operation = /** @type {Operation} */ ({ name: 'sessions', sweep, isIterated: true });
    const scan = this.#scan({ ...operation, keepsUnreadable }, options);
    const toFailed = (/** @type {UnreadableSession} */ { sid, failure }) => ({
      sid,
      failure: toError(failure),
    });
    return iterate(scan, (session) =>
      'failure' in session ? toFailed(session) : /** @type {Entry} */ (session),
    );
  }

  /**
   * Counts the sessions of a sweep.
   *
   * @param {Operation} operation
   * @param {unknown} options
   * @returns {Promise<number>}
   */
  async #count(operation, options) {
    let count = 0;
    await this.#run(operation, options, (page) => {
      count += page.sessions;
    });
    return count;
  }

  /**
   * Deletes sessions, and reports an event of each.
   *
   * @param {Operation} operation
   * @param {unknown} options
   * @param {LifecycleEvent} event
   * @returns {Promise<number>} how many
   */
  async #delete(operation, options, event) {
    const { lifecycle } = this.#host;
    let count = 0;
    await this.#run(operation, options, ({ deleted, keys }) => {
      count += deleted;
      lifecycle.reportKeys(event, keys);
    });
    return count;
  }

  /**
   * @param {Operation} operation
   * @param {unknown} options
   * @param {(page: SweepPage) => void} take
   * @returns {Promise<void>}
   */
  #run(operation, options, take) {
    const { run, track } = this.#host;
    return run(operation.name, () => track(this.#scan(operation, options).run(take)));
  }

  /**
   * @param {Operation} operation
   * @param {unknown} options
   * @returns {Scan}
   */
  #scan(operation, options) {
    return new (require('./scan').Scan)(this.#host, operation, options);
  }

  /**
   * The name of a session for the application.
   *
   * @param {string} id the id that stands in the table
   */
  #shownId(id) {
    const { handleOfId, hidesIds } = this.#host;
    return hidesIds ? handleOfId(id) : id;
  }

  /**
   * @param {ListedMark[]} marks
   * @returns {Record<string, Indexed>}
   */
  #indexed(marks) {
    /** @type {[string, Indexed][]} */
    const entries = this.#host.indexNames.flatMap((name, at) => {
      const { value, since, label } = marks[at] ?? {};
      return value === undefined ? [] : [[name, { value, since: dateOf(since), label }]];
    });
    return Object.fromEntries(entries);
  }
}

/**
 * The sessions of a scan, one after the other.
 *
 * @template T
 * @param {Scan} scan
 * @param {(session: ListedSession | UnreadableSession) => T | undefined} toEntry
 * @returns {AsyncGenerator<T, void, undefined>}
 */
async function* iterate(scan, toEntry) {
  for await (const { listed, unreadable } of scan.pages()) {
    for (const session of [...listed, ...unreadable]) {
      scan.throwIfStopped();
      const entry = toEntry(session);
      if (entry !== undefined) yield entry;
    }
  }
}

module.exports = { AllSessions };
