'use strict';

/**
 * A store of sessions, for no framework in particular. The stores of the frameworks hold one: they translate
 * signatures, names and options, and find out which request a session belongs to.
 */

const { DynamoDB } = require('./aws/dynamodb');
const { settle } = require('./errors');
const { Gate } = require('./gate');
const { Loaded, Saving, unconditional } = require('./known');
const { outageEvents } = require('./outages');
const { Pending } = require('./pending');
const { Table } = require('./table');
const { tellOnce } = require('./warning');

/** @import { EventEmitter } from 'node:events' */
/** @import { SessionEntry, SpecialArgument } from '../native/binding' */
/** @import { Connection } from './aws/config' */
/** @import { Open } from './aws/dynamodb' */
/** @import { Save } from './calls' */
/** @import { Conflict, Known } from './known' */

/**
 * @typedef {object} Settings
 * @property {import('../native/binding').CreateTableOptions} [createTable] for a table that the store
 *   creates
 * @property {number} maxPendingCalls
 * @property {number} operationTimeout milliseconds that a call may take, waiting for the table included
 * @property {number} tableTimeout milliseconds that an operation on the table may take
 * @property {Conflict} [conflict] for sessions of requests
 * @property {number | 'auto'} [touchInterval] milliseconds
 * @property {boolean} [disconnectEvents] whether outages are `disconnect` and `connect` too
 *
 * A session to be written.
 *
 * @typedef {object} Session
 * @property {string} sid
 * @property {string} data the session as JSON
 * @property {number | undefined} expires seconds since the Unix epoch; `undefined`: it never ends
 * @property {(SpecialArgument | undefined)[]} [special] the values of the special keys
 *
 * The end that a session gets.
 *
 * @typedef {object} End
 * @property {number} expires seconds since the Unix epoch
 * @property {number} [exact] the same in milliseconds, for a session with a cookie that ends
 * @property {number} [lifetime] milliseconds, with `exact`
 * @property {number} [known] the end that the framework counts with, in seconds; `expires`, unless set
 */

class SessionStore {
  /** @type {DynamoDB} */
  #dynamodb;
  /** @type {Gate} */
  #gate;
  #settings;
  #prefix;
  /** @type {() => unknown} */
  #prepare;

  /**
   * @param {Open} open opens the store in the addon, in its item format
   * @param {Connection} connection
   * @param {Settings} settings
   * @param {object} own what the store of the framework has of its own
   * @param {EventEmitter} own.events emits `warning`, `unavailable` and `available`
   * @param {string} own.table its name
   * @param {boolean} own.isTableAwaited whether calls wait until the table was looked for, and created if it
   *   is missing
   * @param {string} [own.prefix] of the keys of items
   * @param {() => unknown} own.prepare looks for the table, and creates it if it is missing
   */
  constructor(open, connection, settings, own) {
    const { events, table, isTableAwaited, prefix = '', prepare } = own;
    this.#settings = settings;
    this.#prefix = prefix;
    this.#prepare = prepare;
    const pending = new Pending(settings.maxPendingCalls);
    this.#gate = new Gate(table, pending, () => ({
      step: this.table.step,
      place: this.#dynamodb.place,
    }));
    const native = () => this.#dynamodb.native;
    /** The life of the table. */
    this.table = new Table(table, isTableAwaited, settings, native, events, this.#gate);
    this.#dynamodb = new DynamoDB(open, connection, {
      ensureTable: () => this.#ensureTable(),
      tellOfOutages: outageEvents(events, settings.disconnectEvents ?? false),
      tellOfWarnings: tellOnce(events),
      pending,
    });
  }

  /** The client that was passed, or one that is made when it is first asked for. */
  get client() {
    return this.#dynamodb.client;
  }

  set client(client) {
    this.#dynamodb.client = client;
  }

  /** A document client around `client`, made when it is first asked for. */
  get documentClient() {
    return this.#dynamodb.documentClient;
  }

  set documentClient(client) {
    this.#dynamodb.documentClient = client;
  }

  /** Whether requests go out from the addon or through the client. */
  get transport() {
    return this.#dynamodb.transport;
  }

  /** Whether `close` was called. */
  get isClosed() {
    return this.#gate.isClosed;
  }

  /**
   * Reads a session.
   *
   * @param {string} sid
   * @returns {Promise<Loaded | undefined>} `undefined` if there is none, or it has ended
   */
  async load(sid) {
    const text = await this.#call(sid, (limit) => this.#calls.load(sid, Date.now(), limit));
    return typeof text === 'string' ? new Loaded(sid, text) : undefined;
  }

  /**
   * Writes a session of a request. A session that the request has read, and that is gone, stays gone.
   *
   * @param {Session} session
   * @param {Known} known what the request knows of it
   * @param {{ expires?: number, maxAge?: any }} [noted] what the request then knows of its end: in seconds, and
   *   the lifetime in its cookie
   * @returns {Promise<boolean>} whether the session exists then
   */
  save(session, known, noted = session) {
    const { data } = session;
    const { expires, maxAge } = noted;
    const conflict = this.#settings.conflict ?? 'overwrite';
    const save = new Saving(known, conflict, { data, expires, maxAge });
    return save.during(() => this.#save(session, save));
  }

  /**
   * Writes a session, whatever is in the table.
   *
   * @param {Session} session
   * @param {Known} [read] what was known when it was read, if it was read by hand
   * @returns {Promise<boolean>} `true`
   */
  saveByHand(session, read) {
    return this.#save(session, unconditional(read));
  }

  /**
   * @param {Session} session
   * @param {Save} save
   */
  #save({ sid, data, expires, special = [] }, save) {
    const saved = this.#call(sid, (limit) =>
      this.#calls.save(sid, data, expires, special, save, limit),
    );
    return saved.then(exists);
  }

  /**
   * Moves the end of a session, unless `touchInterval` says that it can wait.
   *
   * @param {string} sid
   * @param {End} end
   * @param {Known} [known] what the request knows of the session
   * @returns {Promise<{ expires: number | undefined } | undefined>} the end that holds then, in seconds;
   *   `undefined` if the session is gone
   */
  async touch(sid, { expires, exact, lifetime, known: to = expires }, known) {
    const { conflict = 'overwrite', touchInterval = 0 } = this.#settings;
    if (known && !known.isDue(to, touchInterval)) return { expires: known.expires };
    const touched = await this.#call(sid, (limit) =>
      this.#calls.touch(sid, expires, exact, lifetime, known?.expected(conflict, false), limit),
    );
    known?.hasTouched(touched, to);
    return touched === false ? undefined : { expires: known ? known.expires : to };
  }

  /**
   * Deletes a session.
   *
   * @param {string} sid
   */
  async destroy(sid) {
    await this.#call(sid, (limit) => this.#calls.destroy(sid, limit));
  }

  /**
   * Deletes sessions in batches.
   *
   * @param {string[]} sids
   */
  async destroyMany(sids) {
    settle(await this.#call(undefined, (limit) => this.#native.destroyMany(sids, limit)));
  }

  /**
   * Reads all sessions that have not ended.
   *
   * @returns {Promise<SessionEntry[]>}
   */
  async list() {
    return settle(await this.#call(undefined, (limit) => this.#native.list(Date.now(), limit)));
  }

  /**
   * Reads the sessions that the index has under a value.
   *
   * @param {string} value
   * @returns {Promise<SessionEntry[]>}
   */
  async find(value) {
    return settle(
      await this.#call(undefined, (limit) => this.#native.find(value, Date.now(), limit)),
    );
  }

  /** Counts the sessions that have not ended. */
  async count() {
    return settle(await this.#call(undefined, (limit) => this.#native.count(Date.now(), limit)));
  }

  /** The ids of the sessions that have not ended. */
  async ids() {
    return settle(await this.#call(undefined, (limit) => this.#native.ids(Date.now(), limit)));
  }

  /** Deletes all sessions. */
  async clear() {
    settle(await this.#call(undefined, (limit) => this.#native.clear(Date.now(), limit)));
  }

  /**
   * Deletes the sessions that have ended.
   *
   * @returns {Promise<number>} how many
   */
  async reap() {
    return settle(await this.#call(undefined, (limit) => this.#native.reap(Date.now(), limit)));
  }

  /**
   * In Koa's item format, writes the end of sessions to another attribute from now on.
   *
   * @param {string} attribute
   */
  writeExpiresTo(attribute) {
    this.#native.writeExpiresTo(attribute);
  }

  /**
   * Takes no more calls. Calls that were made before end as they would have, also those that wait for the
   * table.
   *
   * @returns {Promise<void>} resolves when they have, and connections are closed
   */
  close() {
    return this.#gate.close(() => this.#dynamodb.close());
  }

  get #calls() {
    return this.#dynamodb.calls;
  }

  get #native() {
    return this.#dynamodb.native;
  }

  /**
   * Makes a call into the addon, once the table is ready. Its limit is what waiting for the table has left of
   * `operationTimeout`.
   *
   * @template T
   * @param {string | undefined} sid the session's, if the call is about one
   * @param {(limit: number) => Promise<T>} call
   * @returns {Promise<T>}
   */
  #call(sid, call) {
    const { table } = this;
    // A call that was let in before `close` goes on after it.
    const ready = table.isReady ? undefined : () => table.isReady || this.#prepare();
    const key = sid === undefined ? undefined : this.#prefix + sid;
    return this.#gate.pass(key, ready, this.#settings.operationTimeout, call);
  }

  /** A request has found no table. Whether it exists now. */
  async #ensureTable() {
    if (!this.table.isMade) return false;
    this.table.lose();
    await this.#prepare();
    return true;
  }
}

/**
 * Whether a session exists after a save.
 *
 * @param {string | false | null} saved see `Calls.save`
 */
function exists(saved) {
  return saved !== false;
}

module.exports = { SessionStore };
