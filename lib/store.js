'use strict';

/**
 * The session store without a framework. Each adapter (Express, Koa, Shopify) holds one: the adapter translates
 * signatures, names and options, and finds the request that a session belongs to.
 */

const { Access } = require('./access');
const { DynamoDB } = require('./aws/dynamodb');
const { isFollowed } = require('./channels');
const { closedError, invalidArgument, resultOf } = require('./errors');
const { Gate } = require('./gate');
const { hostOf } = require('./host');
const { Loaded, Saving, creation, unconditionalSave } = require('./known');
const { Lifecycle } = require('./lifecycle');
const { outageEvents } = require('./outages');
const { Pending } = require('./pending');
const { Table } = require('./table');
const { Telemetry } = require('./telemetry');
const { warnOnce } = require('./warning');

/** @import { EventEmitter } from 'node:events' */
/** @import { SpecialArgument } from '../native/binding' */
/** @import { Connection } from './aws/config' */
/** @import { Open } from './aws/dynamodb' */
/** @import { Save } from './calls' */
/** @import { Known } from './known' */
/** @import { Host } from './host' */
/** @import { Indexes } from './indexes' */
/** @import { Settings } from './store.options' */
/** @import { Marks, Tracking } from './tracking' */

/**
 * A session to write.
 *
 * @typedef {object} SessionRecord
 * @property {string} sid
 * @property {string} data the session as JSON
 * @property {number | undefined} expires seconds since the Unix epoch; `undefined`: the session never ends
 * @property {(SpecialArgument | undefined)[]} [special] the values of the special keys
 * @property {any} [session] the session itself, from which `tracking` reads
 * @property {any} [request] the request, for labels in indexes
 *
 * The new end of a session.
 *
 * @typedef {object} NewEnd
 * @property {number} expires seconds since the Unix epoch
 * @property {number} [exact] the same end in milliseconds, if the session's cookie has an end
 * @property {number} [lifetime] milliseconds, with `exact`
 * @property {number} [known] the end by the framework's own clock, in seconds. Default: `expires`
 */

class SessionStore {
  /** @type {DynamoDB} */
  #dynamodb;
  /** @type {Gate} */
  #gate;
  #settings;
  /** @type {import('./all-sessions').AllSessions | undefined} */
  #all;
  /** @type {import('./lock').Locks | undefined} */
  #locks;
  /** @type {Tracking | undefined} */
  #tracking;
  /** @type {Indexes | undefined} */
  #indexes;
  /** @type {Lifecycle} */
  #lifecycle;
  /** @type {Access} */
  #access;
  /** @type {Telemetry} */
  #telemetry;
  /** The arguments of `hostOf`. */
  #parts;
  /** @type {Host | undefined} */
  #host;

  /**
   * @param {Open} open opens the store in the addon, in the adapter's item format
   * @param {Connection} connection
   * @param {Settings} settings
   * @param {object} adapter
   * @param {EventEmitter} adapter.events emits `warning`, `unavailable` and `available`
   * @param {string} adapter.table the name or the ARN of the table
   * @param {{ isReady: boolean }} adapter.readiness `isReady` is `false` while calls have to wait for the table
   * @param {string} [adapter.prefix] the prefix of the items' keys
   * @param {(data: string) => any} [adapter.parse] parses a session, for the values of merged sessions in indexes
   * @param {(isLost?: boolean) => unknown} adapter.prepare looks for the table, and creates it if it is missing.
   *   `isLost`: a request has found no table
   */
  constructor(open, connection, settings, adapter) {
    const { events, readiness, prefix = '', parse, prepare } = adapter;
    // Without the rest of an ARN.
    const table = adapter.table.slice(adapter.table.lastIndexOf('/') + 1);
    const { tracking } = settings;
    this.#settings = settings;
    this.#tracking = tracking;
    const pending = new Pending(settings.maxPendingCalls);
    this.#telemetry = new Telemetry(table, pending);
    this.#gate = new Gate(table, pending, () => ({
      step: this.#access.step ?? this.table.step,
      place: this.#dynamodb.place,
    }));
    const native = () => this.#dynamodb.native;
    this.table = new Table(table, readiness, settings, native, events, this.#gate);
    this.#access = new Access(this.table, this.#gate, prefix, prepare);
    this.#dynamodb = new DynamoDB(open, connection, {
      ensureTable: () => this.#access.restoreTable(),
      onOutages: outageEvents(events, table, this.#telemetry, settings.disconnectEvents),
      isFollowed,
      onEvents: (given, run) => this.#telemetry.publish(given, run),
      onWarnings: warnOnce(events),
      pending,
      indexValues: tracking && ((data) => tracking.valuesOf(data)),
    });
    // The addon has its own copies.
    for (const secret of settings.hashIds?.secrets ?? []) secret.fill(0);
    this.#access.useKeys(settings, native, events);
    if (settings.returnConsumedCapacity) this.#dynamodb.addon.reportCapacity();
    this.#lifecycle = new Lifecycle(events, (sid) => native().keysOf(sid));
    this.#parts = {
      access: this.#access,
      dynamodb: this.#dynamodb,
      events,
      gate: this.#gate,
      lifecycle: this.#lifecycle,
      prefix,
      settings,
      table,
      telemetry: this.#telemetry,
    };
    if (parse) tracking?.parseBy(parse);
    if (tracking && tracking.indexes.length > 0) {
      this.#indexes = new (require('./indexes').Indexes)(tracking, this.#asHost());
    }
  }

  /** The user's client. Without one, the store makes a client on first access. */
  get client() {
    return this.#dynamodb.client;
  }

  set client(client) {
    this.#dynamodb.client = client;
  }

  /** A document client around `client`. The store makes it on first access. */
  get documentClient() {
    return this.#dynamodb.documentClient;
  }

  set documentClient(client) {
    this.#dynamodb.documentClient = client;
  }

  /** `native`: the addon sends the requests. `client`: they go through the client. */
  get transport() {
    return this.#dynamodb.transport;
  }

  /** The sessions by their values in the option `indexes`. */
  get indexes() {
    if (this.#indexes) return this.#indexes;
    throw invalidArgument('the option "indexes" is not set');
  }

  /** The connection to DynamoDB, for the command. */
  get connection() {
    return this.#dynamodb;
  }

  /** Whether `close` was called. */
  get isClosed() {
    return this.#gate.isClosed;
  }

  /**
   * Reads a session.
   *
   * @param {string} sid
   * @returns {Promise<Loaded | undefined>} `undefined` if the session does not exist or has ended
   */
  load(sid) {
    return this.#telemetry.run('get', async (context) => {
      const text = await this.#call(sid, (limit) => this.#calls.load(sid, Date.now(), limit));
      if (typeof text === 'string') {
        const loaded = new Loaded(sid, text);
        if (context) context.itemBytes = Buffer.byteLength(loaded.data);
        return loaded;
      }
      if (text === false) this.#lifecycle.report('expire', sid);
      return undefined;
    });
  }

  /**
   * Writes a session for a request. If the request has read the session, and the session was destroyed or got another
   * user since, nothing is written.
   *
   * @param {SessionRecord} session
   * @param {Known} known what the request knows of the session
   * @param {{ expires?: number, maxAge?: any }} [end] after the save, `known` holds this end in seconds and this
   *   lifetime of the cookie
   * @returns {Promise<boolean>} whether the session exists after the save
   */
  save(session, known, end = session) {
    const { data } = session;
    const marked = this.#tracking?.mark(session, known, end.expires);
    const { expires } = marked ?? end;
    const conflict = this.#settings.conflict ?? 'overwrite';
    const { maxAge } = end;
    const isNew = known.base === undefined && known.lastSuccess === 0;
    const save = new Saving(known, conflict, { data, expires, maxAge, values: marked?.values });
    const saved = save.run(() => this.#save(marked?.record ?? session, save, marked?.marks));
    return isNew ? this.#lifecycle.reportNew(session.sid, known, saved) : saved;
  }

  /**
   * Whether the values of a session in the indexes differ from those in the table, so that a touch is not enough.
   *
   * @param {any} session
   * @param {Known} known
   */
  hasNewValues(session, known) {
    return this.#tracking?.hasNewValues(session, known) ?? false;
  }

  /**
   * Writes a session for no request. The write replaces any item that the table has under this id.
   *
   * @param {SessionRecord} session
   * @param {Known} [read] the result of an earlier read of this session, if the application has read it
   * @returns {Promise<boolean>} `true`
   */
  saveUnconditionally(session, read) {
    const marked = this.#tracking?.mark(session, read);
    return this.#save(marked?.record ?? session, unconditionalSave(read), marked?.marks);
  }

  /**
   * Writes a session for no request, unless there is one under this id.
   *
   * @param {SessionRecord} session
   * @param {Known} [read] as for `saveUnconditionally`
   * @returns {Promise<boolean>} whether it was written
   */
  create(session, read) {
    const marked = this.#tracking?.mark(session, read);
    return this.#save(marked?.record ?? session, creation(read), marked?.marks);
  }

  /**
   * @param {SessionRecord} session
   * @param {Save} save
   * @param {Marks} [marks]
   */
  #save({ sid, data, expires, special = [] }, save, marks) {
    const limits = marks && this.#indexes?.limitsOf(sid, marks);
    const call = (/** @type {number} */ limit) =>
      this.#calls.save(sid, data, expires, special, save, limit, marks);
    return this.#telemetry.run('set', (context) => {
      if (context) context.itemBytes = Buffer.byteLength(data);
      const saved = this.#call(sid, call, limits?.check).then((result) => result !== false);
      return limits ? this.#gate.track(limits.enforceAfter(saved)) : saved;
    });
  }

  /**
   * Moves the end of a session. With `known`, nothing is written if the end would move by less than
   * `touchInterval`.
   *
   * @param {string} sid
   * @param {NewEnd} end
   * @param {Known} [known] what the request knows of the session
   * @returns {Promise<{ expires: number | undefined } | undefined>} the end after the touch, in seconds;
   *   `undefined` if the session does not exist
   */
  async touch(sid, end, known) {
    const { conflict = 'overwrite', touchInterval = 0 } = this.#settings;
    const limited = this.#tracking?.limitTouch(end, known, touchInterval);
    const { expires, exact, lifetime, known: to = expires } = limited ?? end;
    const isDue = limited?.isDue || !known || known.isTouchDue(to, touchInterval);
    if (!isDue) {
      this.#telemetry.countLeftOut();
      return { expires: known.expires };
    }
    const touch = (/** @type {number} */ limit) => {
      const expected = known?.expected(conflict, false);
      return this.#calls.touch(sid, expires, exact, lifetime, expected, limit, limited?.seen);
    };
    const touched = await this.#telemetry.run('touch', () => this.#call(sid, touch));
    known?.noteTouch(touched, to);
    if (limited && touched === true) this.#tracking?.noteTouch(known, limited.seen);
    return touched === false ? undefined : { expires: known ? known.expires : to };
  }

  /**
   * Deletes a session.
   *
   * @param {string} sid
   */
  async destroy(sid) {
    const destroy = (/** @type {number} */ limit) => this.#calls.destroy(sid, limit);
    await this.#telemetry.run('destroy', () => this.#call(sid, destroy));
    this.#lifecycle.report('destroy', sid);
  }

  /**
   * Deletes sessions in batches.
   *
   * @param {string[]} sids
   */
  async destroyMany(sids) {
    const { native } = this.#dynamodb;
    await this.#telemetry.run('destroyMany', async () =>
      resultOf(await this.#call(undefined, (limit) => native.destroyMany(sids, limit))),
    );
    for (const sid of sids) this.#lifecycle.report('destroy', sid);
  }

  /** The counters of the store since it was made. */
  stats() {
    return this.#telemetry.read(this.#dynamodb.addon);
  }

  /** The operations on all sessions of the table. Their file is loaded on first access: most applications need none. */
  get all() {
    this.#all ??= new (require('./all-sessions').AllSessions)(this.#asHost());
    return this.#all;
  }

  /**
   * Runs `task` while no other caller, in any process, holds the lock of the same session.
   *
   * @param {string} sid the session need not exist
   * @param {any} given the options, or the task
   * @param {any} [after] the task, after options
   * @returns {Promise<any>} the result of the task
   */
  async withLock(sid, given, after) {
    if (this.isClosed) throw closedError();
    this.#locks ??= new (require('./lock').Locks)(this.#asHost());
    return this.#gate.track(this.#locks.run(sid, given, after));
  }

  /**
   * Changes the attribute that later writes store the end of sessions in. Only for Koa's item format.
   *
   * @param {string} attribute
   */
  writeExpiresTo(attribute) {
    this.#dynamodb.native.writeExpiresTo(attribute);
  }

  /**
   * Refuses later calls. Pending calls continue, also those that wait for the table.
   *
   * @returns {Promise<void>} resolves when all pending calls have ended and the connections are closed
   */
  close() {
    return this.#gate.close(() => this.#dynamodb.close());
  }

  get #calls() {
    return this.#dynamodb.calls;
  }

  /** The part of the store that its operations on all sessions, its indexes and its locks use. */
  #asHost() {
    this.#host ??= hostOf(this.#parts);
    return this.#host;
  }

  /**
   * Makes a call into the addon once the table is ready.
   *
   * @template T
   * @param {string | undefined} sid the session's id, if the call is about one session
   * @param {(limit: number) => Promise<T>} call
   * @param {() => unknown} [check] runs before the call. Later calls on the session wait for it
   * @returns {Promise<T>}
   */
  #call(sid, call, check) {
    return this.#access.call(sid, this.#settings.operationTimeout, call, check);
  }
}

module.exports = { SessionStore };
