'use strict';

/**
 * The store interface of express-session. Connect, `@fastify/session` and NestJS use the same interface.
 */

const { expiresAt, openConnectStore, sessionOf } = require('./native');
const { readConnection } = require('./aws/config');
const { attempt, callWithOptions, deliver, nothing } = require('./callback');
const { endOf, endOfSaved, setEnd } = require('./cookie');
const { closedError, invalidArgument, storeError } = require('./errors');
const { readOptions } = require('./express.options');
const { isSameLifetime } = require('./known');
const { optionsObject, typeName } = require('./options');
const { reapEvery } = require('./reaping');
const { Recognition } = require('./recognition');
const { parse, sessionId, specialValue, stringify } = require('./session');
const { SessionStore } = require('./store');
const { lifetimeOf } = require('./store.options');

/** @import { ExpressTracking } from './express.tracking' */
/** @typedef {(error: any, value?: any) => void} Callback */

/** @param {new (options?: any) => import('node:events').EventEmitter} Store */
function storeClass(Store) {
  return class DynamoDBStore extends Store {
    #settings;
    /** @type {SessionStore} */
    #sessions;
    #recognition;
    /** The cookies and the beginnings of sessions, with the options for them. @type {ExpressTracking | undefined} */
    #tracking;
    /** @type {(() => void) | undefined} */
    #stopReaping;

    /** @param {any} [given] */
    constructor(given) {
      const options = optionsObject(given, 'the options of DynamoDBStore');
      super(options);
      const settings = readOptions(options);
      const { codecs, createTable, hashIds, native, reapInterval, touchInterval, conflict } =
        settings;
      this.#settings = settings;
      this.#recognition = new Recognition(
        this,
        typeof Store.prototype.createSession === 'function',
      );
      /** Whether the table is known to exist. `true` in the options: the application creates it. */
      this.initialized = settings.initialized;
      this.#sessions = new SessionStore(
        (...args) =>
          openConnectStore({ ...native, createTable, hashIds, codecs: codecs?.native }, ...args),
        readConnection(options, settings.operationTimeout),
        settings,
        {
          events: this,
          table: native.table,
          readiness: readinessOf(this),
          prefix: native.prefix,
          parse,
          prepare: (isLost) => {
            if (isLost) this.initialized = false;
            return this.initialize();
          },
        },
      );
      if (settings.tracking) {
        const { ExpressTracking } = require('./express.tracking');
        this.#tracking = new ExpressTracking(settings.tracking, this.#recognition);
        this.#tracking.watchNewSessions(this);
      }
      // Read only: the addon has its own copies of the options, so an assignment would have no effect.
      const { tracking: _, ...shown } = native;
      const properties = { ...shown, reapInterval, touchInterval, conflict };
      for (const [name, value] of Object.entries(properties)) {
        Object.defineProperty(this, name, { value, enumerable: true });
      }
      /** @type {NodeJS.Timeout | undefined} */
      this._reap = undefined;
      if (reapInterval > 0) {
        const { timer, stop } = reapEvery(this, reapInterval);
        this._reap = timer;
        this.#stopReaping = stop;
      }
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

    /** @param {Callback} [callback] */
    initialize(callback) {
      return deliver(this.#initialize(), callback);
    }

    /** @param {Callback} [callback] */
    describeSessionsTable(callback) {
      return deliver(this.#sessions.table.describe().then(nothing), callback);
    }

    /** @param {Callback} [callback] */
    createSessionsTable(callback) {
      return deliver(this.#sessions.table.create(), callback);
    }

    /** @param {string} sid @param {Callback} [callback] */
    get(sid, callback) {
      return deliver(this.#get(sid), callback);
    }

    /** @param {string} sid @param {any} session @param {Callback} [callback] */
    set(sid, session, callback) {
      return deliver(
        attempt(() => this.#set(sid, session).then(nothing)),
        callback,
      );
    }

    /** @param {string} sid @param {any} session @param {Callback} [callback] */
    touch(sid, session, callback) {
      return deliver(this.#touch(sid, session), callback);
    }

    /** @param {string} sid @param {Callback} [callback] */
    destroy(sid, callback) {
      return deliver(this.#destroy(sid), callback);
    }

    /**
     * Makes the `Session` of a request from the object that `get` has returned, and notes on it what was read.
     *
     * @param {any} request
     * @param {any} read
     */
    createSession(request, read) {
      const maxAge = read.cookie?.originalMaxAge;
      const known = this.#recognition.loadedOf(read)?.known;
      // @ts-expect-error: the type of `Store` is only EventEmitter here.
      const session = super.createSession(request, read);
      if (known) known.maxAge = maxAge;
      this.#recognition.noteCreated(session, known);
      if (known) this.#tracking?.limitCookie(session, known);
      return session;
    }

    /**
     * Destroys the session of a request, and makes a new one. A method of express-session's Store.
     *
     * @param {any} request
     * @param {Callback} callback
     */
    regenerate(request, callback) {
      this.#tracking?.keepBeginning(request);
      // @ts-expect-error: the type of `Store` is only EventEmitter here.
      return super.regenerate(request, callback);
    }

    /** @param {string} name @param {unknown} value @param {any} [options] @param {Callback} [callback] */
    sessionsOf(name, value, options, callback) {
      const call = (/** @type {any} */ given) =>
        this.#sessions.indexes.sessionsOf(name, value, given);
      return callWithOptions(call, options, callback);
    }

    /** @param {string} name @param {unknown} value @param {any} [options] @param {Callback} [callback] */
    destroyOf(name, value, options, callback) {
      const call = (/** @type {any} */ given) =>
        this.#sessions.indexes.destroyOf(name, value, given);
      return callWithOptions(call, options, callback);
    }

    /** @param {Callback} [callback] */
    ensureIndexes(callback) {
      return deliver(
        attempt(() => this.#sessions.indexes.ensureIndexes()),
        callback,
      );
    }

    /** @param {Callback} [callback] */
    all(callback) {
      return deliver(this.#all(), callback);
    }

    /** @param {any} [options] @param {Callback} [callback] */
    length(options, callback) {
      const call = (/** @type {any} */ given) => this.#sessions.all.count(given);
      return callWithOptions(call, options, callback);
    }

    /** @param {any} [options] @param {Callback} [callback] */
    ids(options, callback) {
      const call = (/** @type {any} */ given) => this.#sessions.all.ids(given);
      return callWithOptions(call, options, callback);
    }

    /** @param {any} [options] @param {Callback} [callback] */
    clear(options, callback) {
      const call = (/** @type {any} */ given) => this.#sessions.all.clear(given);
      return callWithOptions(call, options, callback);
    }

    /** @param {any} [options] @param {Callback} [callback] */
    reap(options, callback) {
      const call = (/** @type {any} */ given) => this.#sessions.all.reap(given);
      return callWithOptions(call, options, callback);
    }

    /** @param {any} [options] */
    sessions(options) {
      return this.#sessions.all.sessions(options, toSession);
    }

    /** @param {string} sid @param {any} options @param {any} [task] */
    async withLock(sid, options, task) {
      return this.#sessions.withLock(sessionId(sid), options, task);
    }

    /**
     * Parses the session in the answer to a GetItem. A method of connect-dynamodb.
     *
     * @param {{ Item?: any }} result
     * @throws {SessionStoreError} `ERR_SESSION_DECODE` if the session is compressed or encrypted
     */
    getParsedSession(result) {
      const { sess, expires } = result?.Item ?? {};
      if (sess?.B) throw encodedError();
      const data = sessionOf(sess?.S?.toString(), expires?.N?.toString(), Date.now());
      return typeof data === 'string' ? parse(data) : null;
    }

    /**
     * Returns the end of a session that is saved now. A method of connect-dynamodb.
     *
     * @param {any} session
     * @returns {number} whole seconds since the Unix epoch
     */
    getExpiresValue(session) {
      const now = Date.now();
      const end = endOfSaved(session?.cookie, now);
      return expiresAt(Number.isFinite(end) ? end : now + lifetimeOf(this.#settings.ttl, session));
    }

    /** Stops the timer of `reapInterval`. */
    clearInterval() {
      this.#stopReaping?.();
      this._reap = undefined;
    }

    /** @param {Callback} [callback] */
    close(callback) {
      this.clearInterval();
      return deliver(this.#sessions.close(), callback);
    }

    #initialize() {
      const { isClosed, table } = this.#sessions;
      if (this.initialized) return isClosed ? Promise.reject(closedError()) : Promise.resolve();
      return table.prepare({
        describe: () => this.describeSessionsTable(),
        create: () => this.createSessionsTable(),
      });
    }

    /** @param {string} sid */
    async #get(sid) {
      const loaded = await this.#sessions.load(sessionId(sid));
      const session = loaded ? toSession(loaded.data, loaded.end) : null;
      if (!loaded || session === null) return null;
      this.#tracking?.limitRead(session, loaded);
      this.#recognition.noteRead(session, loaded);
      return session;
    }

    /**
     * Writes a session if it has changed. Reads the whole session before the first wait, because the caller may
     * change the session afterwards.
     *
     * @param {string} id
     * @param {any} session
     * @returns {Promise<boolean>} whether the session exists afterwards
     */
    #set(id, session) {
      const sid = sessionId(id);
      this.#tracking?.beforeSave(sid, session);
      const data = stringify(session);
      const expires = this.#expires(session);
      const special = this.#settings.native.specialKeys.map(({ name }) =>
        specialValue(session[name]),
      );
      const marked = this.#tracking && { session, request: this.#tracking.requestOf(session) };
      const record = { sid, data, expires, special, ...marked };
      const known = this.#recognition.knownOf(sid, session);
      if (!known) {
        const read = this.#recognition.knownWithoutRequest(sid, session);
        return this.#sessions.saveUnconditionally(record, read);
      }
      const maxAge = session.cookie?.originalMaxAge;
      if (!known.isUnchanged(data, maxAge) || this.#sessions.hasNewValues(session, known))
        return this.#sessions.save(record, known, { expires, maxAge });
      const end = { expires, exact: endOf(session, expires), lifetime: 0 };
      return this.#sessions.touch(sid, end, known).then(Boolean);
    }

    /** @param {string} id @param {any} session */
    async #touch(id, session) {
      const sid = sessionId(id);
      this.#tracking?.beforeSave(sid, session);
      const expires = this.#expires(session);
      const known = this.#recognition.knownOf(sid, session);
      // If the application has changed the lifetime of the cookie, the session must be saved, not only touched.
      const hasBase = known?.base !== undefined;
      const mustSave =
        hasBase &&
        (!isSameLifetime(session.cookie?.originalMaxAge, known.maxAge) ||
          this.#sessions.hasNewValues(session, known));
      if (mustSave) {
        return (await this.#set(sid, session)) ? { expires } : undefined;
      }
      const end = { expires, exact: endOf(session, expires), lifetime: 0 };
      return this.#sessions.touch(sid, end, known);
    }

    /** @param {string} id */
    async #destroy(id) {
      const sid = sessionId(id);
      this.#recognition.forget(sid);
      await this.#sessions.destroy(sid);
    }

    async #all() {
      const entries = await this.#sessions.all.list();
      return entries.flatMap(({ sid, data, end }) => {
        const session = toSession(data, end);
        return session ? [{ ...session, id: sid }] : [];
      });
    }

    /** @param {any} session */
    #expires(session) {
      const expires = this.getExpiresValue(session);
      if (Number.isFinite(expires)) return expires;
      throw invalidArgument(
        `getExpiresValue() must return a number of seconds, but returned ${typeName(expires)}`,
      );
    }
  };
}

/**
 * Makes a session from its JSON. `null` if the text is no JSON object.
 *
 * @param {string} data
 * @param {number | undefined} end the exact end in milliseconds, if a touch has moved it
 */
function toSession(data, end) {
  const session = parse(data);
  if (session && end !== undefined) setEnd(session, end);
  return session;
}

/**
 * Whether a store is ready for calls: its public property says so, which applications set and override.
 *
 * @param {{ initialized: boolean }} store
 */
function readinessOf(store) {
  return {
    get isReady() {
      return store.initialized;
    },
    set isReady(isReady) {
      store.initialized = isReady;
    },
  };
}

/** The error of `getParsedSession` for a session that only `get` can decode. */
function encodedError() {
  const message = 'the session of this item is compressed or encrypted: read it with get()';
  return storeError('ERR_SESSION_DECODE', message);
}

module.exports = { storeClass };
