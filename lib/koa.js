'use strict';

/** The store interface of koa-session and koa-generic-session. */

const { EventEmitter } = require('node:events');
const { expiresAt, openKoaStore } = require('./native');
const { readConnection } = require('./aws/config');
const { V2, V3 } = require('./aws/sdk');
const { replacer, reviverFor } = require('./bytes');
const { attempt, deliver, nothing } = require('./callback');
const { invalidArgument } = require('./errors');
const { Known } = require('./known');
const { readOptions } = require('./koa.options');
const { clockOf, endOf, isSame, requestOf } = require('./koa.session');
const { KoaTable } = require('./koa.table');
const { newNotes } = require('./notes');
const { optionsObject } = require('./options');
const { parse, sessionId, stringify } = require('./session');
const { SessionStore } = require('./store');
const { lifetimeOf } = require('./store.options');
const { warn } = require('./warning');

/** @typedef {(error: any, value?: any) => void} Callback */
/** @import { KoaRequest } from './koa.session' */
/** @import { Notes } from './notes' */

class DynamoDBStore extends EventEmitter {
  #settings;
  /** @type {SessionStore} */
  #sessions;
  /** @type {KoaTable} */
  #table;
  /**
   * What is known of the session of a request, on its `ctx`; of a session that was read by hand, on the
   * session.
   *
   * @type {Notes<Known>}
   */
  #notes = newNotes();

  /**
   * @param {any} [given]
   * @param {Callback} [callback] is told when the table that `autoCreate` asks for can be used
   */
  constructor(given, callback) {
    super();
    const options = optionsObject(given, 'the options of DynamoDBStore');
    if (callback !== undefined && callback !== null && typeof callback !== 'function') {
      throw invalidArgument('the callback of DynamoDBStore must be a function');
    }
    const settings = readOptions(options);
    const { autoCreate, createTable, native, useTtlExpired } = settings;
    this.#settings = settings;
    this.#sessions = new SessionStore(
      (...how) => openKoaStore({ ...native, createTable }, ...how),
      // koa-session-dynamodb-store is made on v2.
      readConnection(options, settings.operationTimeout, [V2, V3]),
      settings,
      {
        events: this,
        table: native.name,
        isTableAwaited: autoCreate,
        prepare: () => this.createTableIfDontExists(),
      },
    );
    this.#table = new KoaTable(this.#sessions, settings, this);
    // Read only: the addon has its own copies, and an assignment must not look as if it worked.
    for (const [property, value] of Object.entries({
      tableName: native.name,
      hashKey: native.hashKey,
      readCapacityUnits: native.readCapacityUnits,
      writeCapacityUnits: native.writeCapacityUnits,
      useTtlExpired,
      autoCreateTable: autoCreate,
    })) {
      Object.defineProperty(this, property, { value, enumerable: true });
    }
    // koa-session 7 takes the methods off the store.
    this.get = this.get.bind(this);
    this.set = this.set.bind(this);
    this.destroy = this.destroy.bind(this);
    // A server must not fail to start because of a table that the next request may find.
    const report = callback ?? ((/** @type {any} */ error) => error && warn(this, error));
    if (autoCreate) this.createTableIfDontExists(report);
  }

  /** The client that was passed, or one that is made when it is first asked for. */
  get client() {
    return this.#sessions.client;
  }

  set client(client) {
    this.#sessions.client = client;
  }

  /** Whether requests go out from the addon or through the client. */
  get transport() {
    return this.#sessions.transport;
  }

  /** The client under its name in koa-session-dynamodb-store. */
  get dynamoService() {
    return this.#sessions.client;
  }

  set dynamoService(client) {
    this.#sessions.client = client;
  }

  /** A document client around `dynamoService`, made when it is first asked for. */
  get documentClient() {
    return this.#sessions.documentClient;
  }

  set documentClient(client) {
    this.#sessions.documentClient = client;
  }

  /** The attribute that the end of a session is written to. */
  get ttlKey() {
    return this.#table.ttlKey;
  }

  /** @param {string} key @param {number | 'session'} [_maxAge] @param {KoaRequest} [request] */
  get(key, _maxAge, request) {
    return deliver(this.#get(key, request), undefined);
  }

  /**
   * @param {string} key
   * @param {any} session
   * @param {number | 'session'} [maxAge] milliseconds
   * @param {KoaRequest} [request]
   */
  set(key, session, maxAge, request) {
    return deliver(
      attempt(() => this.#set(key, session, maxAge, request).then(nothing)),
      undefined,
    );
  }

  /** @param {string} key @param {KoaRequest} [request] */
  destroy(key, request) {
    // From here on the request knows of no session: one that it saves under the same key is a new one.
    const { ctx } = requestOf(request);
    if (ctx) this.#notes.remove(ctx);
    return deliver(
      attempt(() => this.#sessions.destroy(sessionId(key))),
      undefined,
    );
  }

  /** @param {Callback} [callback] */
  createTableIfDontExists(callback) {
    return deliver(this.#table.prepare(), callback);
  }

  /** The table as aws-sdk v2 describes it; `null` if it does not exist. */
  isTableCreated() {
    return deliver(this.#table.description(), undefined);
  }

  /** Creates the table, and waits until it can be used. */
  createTable() {
    return deliver(this.#sessions.table.create().then(nothing), undefined);
  }

  /** Gives a provisioned table the capacity units of the options; whether it had others. */
  updateTable() {
    return deliver(this.#table.setCapacity(), undefined);
  }

  /** Turns the table's time to live on `ttlKey` on or off, as `useTtlExpired` says. */
  setTtlField() {
    return deliver(this.#table.setTimeToLive(), undefined);
  }

  /**
   * When a session ends.
   *
   * @param {number | 'session'} [maxAge] milliseconds; the option `ttl` counts if it is no number
   * @param {any} [session]
   * @returns {Date}
   */
  getExpirationDate(maxAge, session) {
    const isNumber = typeof maxAge === 'number' && Number.isFinite(maxAge);
    const lifetime = isNumber ? maxAge : lifetimeOf(this.#settings.ttl, session);
    return new Date(Date.now() + lifetime);
  }

  /** @param {Callback} [callback] */
  close(callback) {
    this.#table.stop();
    return deliver(this.#sessions.close(), callback);
  }

  /** @param {string} given the id @param {KoaRequest | undefined} request */
  async #get(given, request) {
    const { ctx } = requestOf(request);
    const loaded = await this.#sessions.load(sessionId(given));
    if (!loaded) return undefined;
    const { data } = loaded;
    const session = parse(data, reviverFor(data)) ?? undefined;
    if (session) {
      const { known } = loaded;
      known.expires = endOf(session, known.expires);
      this.#notes.put(ctx ?? session, known);
    }
    return session;
  }

  /**
   * Writes a session if that changes anything. All of it is read before the first wait: the caller may change
   * the session after that.
   *
   * @param {string} given the id
   * @param {any} session
   * @param {number | 'session'} [maxAge]
   * @param {KoaRequest} [request]
   * @returns {Promise<unknown>}
   */
  #set(given, session, maxAge, request) {
    const { ctx, changed } = requestOf(request);
    const sid = sessionId(given);
    const data = stringify(session, replacer);
    const expires = expiresAt(this.getExpirationDate(maxAge, session).getTime());
    const record = { sid, data, expires };
    const known = ctx && this.#knownOf(sid, ctx);
    if (!known) {
      const read = this.#notes.of(session);
      return this.#sessions.saveByHand(record, read?.sid === sid ? read : undefined);
    }
    const end = endOf(session, expires);
    // koa-session says that nothing was changed of a session that is saved by hand, too. After a save, it
    // still says what was changed since the session was read.
    const mayBeSame = changed === false || known.saves > 0;
    const base = mayBeSame ? known.inTable : undefined;
    if (base === undefined || !isSame(base, data)) {
      return this.#sessions.save(record, known, { expires: end });
    }
    return this.#sessions.touch(sid, { expires, ...clockOf(session), known: end }, known);
  }

  /** @param {string} sid @param {object} ctx @returns {Known} */
  #knownOf(sid, ctx) {
    const known = this.#notes.of(ctx);
    if (known?.sid === sid) return known;
    const made = new Known(sid);
    this.#notes.put(ctx, made);
    return made;
  }
}

module.exports = DynamoDBStore;
