'use strict';

/** The store interface of koa-session and koa-generic-session. */

const { EventEmitter } = require('node:events');
const { expiresAt, openKoaStore } = require('./native');
const { readConnection } = require('./aws/config');
const { V2, V3 } = require('./aws/sdk');
const { replacer, reviverFor } = require('./bytes');
const { attempt, deliver, nothing } = require('./callback');
const { CHANNELS } = require('./channels');
const { invalidArgument } = require('./errors');
const { Known } = require('./known');
const { readOptions } = require('./koa.options');
const { endAndLifetimeOf, endOf, isSameButExpiry, requestOf } = require('./koa.session');
const { KoaTable } = require('./koa.table');
const { newNotes } = require('./notes');
const { optionsObject } = require('./options');
const { parse, sessionId, stringify } = require('./session');
const { SessionStore } = require('./store');
const { lifetimeOf } = require('./store.options');
const { warn } = require('./warning');

/** @typedef {(error: any, value?: any) => void} Callback */
/** @import { KoaRequest } from './koa.session' */
/** @import { KoaTracking } from './koa.tracking' */
/** @import { Notes } from './notes' */

class DynamoDBStore extends EventEmitter {
  /** The names of the diagnostics channels. */
  static CHANNELS = CHANNELS;

  #settings;
  /** @type {SessionStore} */
  #sessions;
  /** @type {KoaTable} */
  #table;
  /**
   * The knowledge of a request is noted on its `ctx`. If an application has called `get` without a `ctx`, the
   * knowledge is noted on the session.
   *
   * @type {Notes<Known>}
   */
  #notes = newNotes();
  /** The beginnings of sessions, with the options for them. @type {KoaTracking | undefined} */
  #tracking;

  /**
   * @param {any} [given]
   * @param {Callback} [callback] with `autoCreate`: called once the table can be used
   */
  constructor(given, callback) {
    super();
    const options = optionsObject(given, 'the options of DynamoDBStore');
    if (callback !== undefined && callback !== null && typeof callback !== 'function') {
      throw invalidArgument('the callback of DynamoDBStore must be a function');
    }
    const settings = readOptions(options);
    const { autoCreate, codecs, createTable, hashIds, native, useTtlExpired } = settings;
    this.#settings = settings;
    this.#sessions = new SessionStore(
      (...args) =>
        openKoaStore({ ...native, createTable, hashIds, codecs: codecs?.native }, ...args),
      // koa-session-dynamodb-store uses v2, so a client of v2 is preferred.
      readConnection(options, settings.operationTimeout, [V2, V3]),
      settings,
      {
        events: this,
        table: native.name,
        readiness: { isReady: !autoCreate },
        parse: (data) => parse(data, reviverFor(data)),
        prepare: () => this.createTableIfDontExists(),
      },
    );
    if (settings.tracking) {
      const { KoaTracking } = require('./koa.tracking');
      this.#tracking = new KoaTracking(settings.tracking);
    }
    this.#table = new KoaTable(this.#sessions, settings, this);
    // Read only: the addon has its own copies of the options, so an assignment would have no effect.
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
    // koa-session 7 calls these methods without the store as `this`.
    this.get = this.get.bind(this);
    this.set = this.set.bind(this);
    this.destroy = this.destroy.bind(this);
    // A failure is only a warning: the server must start, because the next request looks for the table again.
    const report = callback ?? ((/** @type {any} */ error) => error && warn(this, error));
    if (autoCreate) this.createTableIfDontExists(report);
  }

  /** The user's client. Without one, the store makes a client on first access. */
  get client() {
    return this.#sessions.client;
  }

  set client(client) {
    this.#sessions.client = client;
  }

  /** `native`: the addon sends the requests. `client`: they go through the client. */
  get transport() {
    return this.#sessions.transport;
  }

  /** `client` under its name in koa-session-dynamodb-store. */
  get dynamoService() {
    return this.#sessions.client;
  }

  set dynamoService(client) {
    this.#sessions.client = client;
  }

  /** A document client around `dynamoService`. The store makes it on first access. */
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
    // The request forgets the session: if it saves a session under the same key afterwards, that session is new.
    const { ctx } = requestOf(request);
    if (ctx) {
      this.#tracking?.keepBeginning(ctx, this.#notes.of(ctx));
      this.#notes.remove(ctx);
    }
    return deliver(
      attempt(() => this.#sessions.destroy(sessionId(key))),
      undefined,
    );
  }

  /** The counters of the store since it was made. */
  stats() {
    return this.#sessions.stats();
  }

  /** @param {any} [options] */
  sessions(options) {
    return this.#sessions.all.sessions(options, toSession);
  }

  /** @param {string} key @param {any} options @param {any} [task] */
  async withLock(key, options, task) {
    return this.#sessions.withLock(sessionId(key), options, task);
  }

  /** @param {string} name @param {unknown} value @param {any} [options] */
  sessionsOf(name, value, options) {
    return deliver(
      attempt(() => this.#sessions.indexes.sessionsOf(name, value, options)),
      undefined,
    );
  }

  /** @param {string} name @param {unknown} value @param {any} [options] */
  destroyOf(name, value, options) {
    return deliver(
      attempt(() => this.#sessions.indexes.destroyOf(name, value, options)),
      undefined,
    );
  }

  ensureIndexes() {
    return deliver(
      attempt(() => this.#sessions.indexes.ensureIndexes()),
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
    return deliver(this.#sessions.table.create(), undefined);
  }

  /** Sets the capacity units of a provisioned table. Resolves to whether the table had others before. */
  updateTable() {
    return deliver(this.#table.setCapacity(), undefined);
  }

  /** Turns the time to live on `ttlKey` on or off, by `useTtlExpired`. */
  setTtlField() {
    return deliver(this.#table.setTimeToLive(), undefined);
  }

  /**
   * Returns the end of a session that is saved now.
   *
   * @param {number | 'session'} [maxAge] milliseconds; if it is no number, the option `ttl` applies
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

  /** @param {string} key @param {KoaRequest | undefined} request */
  async #get(key, request) {
    const { ctx } = requestOf(request);
    const loaded = await this.#sessions.load(sessionId(key));
    if (!loaded) return undefined;
    const { data, end, known } = loaded;
    const session = toSession(data, end) ?? undefined;
    if (session) {
      this.#tracking?.limitRead(session, known);
      known.expires = endOf(session, known.expires);
      this.#notes.put(ctx ?? session, known);
    }
    return session;
  }

  /**
   * Writes a session if it has changed. Reads the whole session before the first wait, because the caller may change
   * the session afterwards.
   *
   * @param {string} key
   * @param {any} given the session
   * @param {number | 'session'} [maxAge]
   * @param {KoaRequest} [request]
   * @returns {Promise<unknown>}
   */
  #set(key, given, maxAge, request) {
    const { ctx, changed } = requestOf(request);
    const sid = sessionId(key);
    const session = this.#tracking?.beforeSave(given, ctx, () => this.#knownOf(sid, ctx)) ?? given;
    const data = stringify(session, replacer);
    const expires = expiresAt(this.getExpirationDate(maxAge, session).getTime());
    const record = { sid, data, expires, ...(this.#tracking && { session, request: ctx }) };
    const known = ctx && this.#knownOf(sid, ctx);
    if (!known) {
      const read = this.#notes.of(session);
      return this.#sessions.saveUnconditionally(record, read?.sid === sid ? read : undefined);
    }
    const end = endOf(session, expires);
    // `changed` alone does not decide. It is also `false` for a save that the application asks for itself. And
    // after a save, it still compares with the session that was read.
    const mayBeUnchanged = changed === false || known.saveCount > 0;
    const base = mayBeUnchanged ? known.settledJson : undefined;
    const isSame = base !== undefined && isSameButExpiry(base, data);
    if (!isSame || this.#sessions.hasNewValues(session, known)) {
      return this.#sessions.save(record, known, { expires: end });
    }
    return this.#sessions.touch(sid, { expires, ...endAndLifetimeOf(session), known: end }, known);
  }

  /** @param {string} sid @param {any} ctx @returns {Known} */
  #knownOf(sid, ctx) {
    let known = this.#notes.of(ctx);
    if (known?.sid !== sid) {
      known = new Known(sid);
      this.#notes.put(ctx, known);
    }
    return known;
  }
}

/**
 * Makes a session from its JSON. `null` if the text is no JSON object.
 *
 * @param {string} data
 * @param {number | undefined} end the exact end in milliseconds, if a touch has moved it
 */
function toSession(data, end) {
  const session = parse(data, reviverFor(data));
  // A touch cannot change the end inside an encoded session.
  if (session && end !== undefined && Number.isFinite(session._expire)) session._expire = end;
  return session;
}

module.exports = DynamoDBStore;
