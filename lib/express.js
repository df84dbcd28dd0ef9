'use strict';

/**
 * The store interface of express-session, and of all that take its stores: Connect,
 * `@fastify/session`, NestJS.
 */

const { expiresAt, openConnectStore, sessionOf } = require('./native');
const { readConnection } = require('./aws/config');
const { attempt, deliver, nothing } = require('./callback');
const { endOf, endOfSaved, setEnd } = require('./cookie');
const { closedError, invalidArgument } = require('./errors');
const { readOptions } = require('./express.options');
const { isSameLifetime } = require('./known');
const { optionsObject, typeName } = require('./options');
const { reapEvery } = require('./reaping');
const { Recognition } = require('./recognition');
const { parse, sessionId, specialValue, stringify } = require('./session');
const { SessionStore } = require('./store');
const { lifetimeOf } = require('./store.options');

/** @typedef {(error: any, value?: any) => void} Callback */

/** @param {new (options?: any) => import('node:events').EventEmitter} Store */
function storeClass(Store) {
  return class DynamoDBStore extends Store {
    #settings;
    /** @type {SessionStore} */
    #sessions;
    /** Finds out which request a session belongs to. */
    #recognition;
    /** @type {(() => void) | undefined} */
    #stopReaping;

    /** @param {any} [given] */
    constructor(given) {
      const options = optionsObject(given, 'the options of DynamoDBStore');
      super(options);
      const settings = readOptions(options);
      const { createTable, native, reapInterval, touchInterval, conflict } = settings;
      this.#settings = settings;
      this.#recognition = new Recognition(
        this,
        typeof Store.prototype.createSession === 'function',
      );
      this.#sessions = new SessionStore(
        (...how) => openConnectStore({ ...native, createTable }, ...how),
        readConnection(options, settings.operationTimeout),
        settings,
        {
          events: this,
          table: native.table,
          // `initialized` says that somebody else makes the table.
          isTableAwaited: !settings.initialized,
          prefix: native.prefix,
          prepare: () => this.initialize(),
        },
      );
      // Read only: the addon has its own copies, and an assignment must not look as if it worked.
      const shown = { ...native, reapInterval, touchInterval, conflict };
      for (const [name, value] of Object.entries(shown)) {
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

    /** Whether the table is known to exist. */
    get initialized() {
      return this.#sessions.table.isReady;
    }

    set initialized(isInitialized) {
      this.#sessions.table.isReady = isInitialized;
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
      return deliver(this.#sessions.table.create().then(nothing), callback);
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
     * The session of a request, made of the session that `get` gave. What was read travels with it.
     *
     * @param {any} request
     * @param {any} read
     */
    createSession(request, read) {
      const maxAge = read.cookie?.originalMaxAge;
      const known = this.#recognition.readOf(read)?.known;
      // @ts-expect-error: what a session module calls `Store` is an EventEmitter here.
      const session = super.createSession(request, read);
      if (known) known.maxAge = maxAge;
      this.#recognition.make(session, known);
      return session;
    }

    /** @param {Callback} [callback] */
    all(callback) {
      return deliver(this.#all(), callback);
    }

    /** @param {Callback} [callback] */
    length(callback) {
      return deliver(this.#sessions.count(), callback);
    }

    /** @param {Callback} [callback] */
    ids(callback) {
      return deliver(this.#sessions.ids(), callback);
    }

    /** @param {Callback} [callback] */
    clear(callback) {
      return deliver(this.#sessions.clear(), callback);
    }

    /** @param {Callback} [callback] */
    reap(callback) {
      return deliver(this.#sessions.reap(), callback);
    }

    /**
     * The session in the answer to a GetItem, as in connect-dynamodb.
     *
     * @param {{ Item?: any }} result
     */
    getParsedSession(result) {
      const { sess, expires } = result?.Item ?? {};
      const data = sessionOf(sess?.S?.toString(), expires?.N?.toString(), Date.now());
      return typeof data === 'string' ? parse(data) : null;
    }

    /**
     * When a session ends, in whole seconds since the Unix epoch.
     *
     * @param {any} session
     * @returns {number}
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
      if (table.isReady) return isClosed ? Promise.reject(closedError()) : Promise.resolve();
      return table.prepare({
        describe: () => this.describeSessionsTable(),
        create: () => this.createSessionsTable(),
      });
    }

    /** @param {string} sid */
    async #get(sid) {
      const loaded = await this.#sessions.load(sessionId(sid));
      const session = loaded ? parse(loaded.data) : null;
      if (!loaded || session === null) return null;
      if (loaded.end !== undefined) setEnd(session, loaded.end);
      this.#recognition.give(session, loaded);
      return session;
    }

    /**
     * Writes a session if that changes anything. All of it is read before the first wait: the caller may
     * change the session after that.
     *
     * @param {string} given the id
     * @param {any} session
     * @returns {Promise<boolean>} whether it exists then
     */
    #set(given, session) {
      const sid = sessionId(given);
      const data = stringify(session);
      const expires = this.#expires(session);
      const special = this.#settings.native.specialKeys.map(({ name }) =>
        specialValue(session[name]),
      );
      const record = { sid, data, expires, special };
      const known = this.#recognition.knownOf(sid, session);
      if (!known) {
        return this.#sessions.saveByHand(record, this.#recognition.readByHand(sid, session));
      }
      const maxAge = session.cookie?.originalMaxAge;
      if (!known.isSame(data, maxAge))
        return this.#sessions.save(record, known, { expires, maxAge });
      const end = { expires, exact: endOf(session, expires), lifetime: 0 };
      return this.#sessions.touch(sid, end, known).then(Boolean);
    }

    /** @param {string} given the id @param {any} session */
    async #touch(given, session) {
      const sid = sessionId(given);
      const expires = this.#expires(session);
      const known = this.#recognition.knownOf(sid, session);
      // A cookie that lives longer or shorter than the one in the table is a change to be kept.
      const isInTable = known?.base !== undefined;
      if (isInTable && !isSameLifetime(session.cookie?.originalMaxAge, known.maxAge)) {
        return (await this.#set(sid, session)) ? { expires } : undefined;
      }
      const end = { expires, exact: endOf(session, expires), lifetime: 0 };
      return this.#sessions.touch(sid, end, known);
    }

    /** @param {string} given the id */
    async #destroy(given) {
      const sid = sessionId(given);
      this.#recognition.forget(sid);
      await this.#sessions.destroy(sid);
    }

    async #all() {
      const entries = await this.#sessions.list();
      return entries.flatMap(({ sid, data, end }) => {
        const session = parse(data);
        if (session && end !== undefined) setEnd(session, end);
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

module.exports = { storeClass };
