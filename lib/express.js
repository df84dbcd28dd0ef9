'use strict';

/**
 * The store interface of express-session, and of all that take its stores: Connect,
 * `@fastify/session`, NestJS.
 */

const { expiresAt, openConnectStore, sessionOf } = require('./native');
const { readConnection } = require('./aws/config');
const { DynamoDB } = require('./aws/dynamodb');
const { attempt, deliver, nothing } = require('./callback');
const { endOf, endOfCookie, setEnd } = require('./cookie');
const { SessionStoreError, closedError, invalidArgument, settle, toError } = require('./errors');
const { readOptions } = require('./express.options');
const { Gate } = require('./gate');
const { Loaded, Saving, isSameLifetime, unconditional } = require('./known');
const { lifetimeOf, optionsObject, typeName } = require('./options');
const { outageEvents } = require('./outages');
const { Recognition } = require('./recognition');
const { Pending } = require('./pending');
const { parse, sessionId, specialValue, stringify } = require('./session');
const { tellOnce, warn, warnOfTable } = require('./warning');

/** @import { Save } from './calls' */
/** @import { Known } from './known' */
/** @typedef {(error: any, value?: any) => void} Callback */

/** @type {WeakMap<Function, Function>} */
const classes = new WeakMap();

/**
 * The class `DynamoDBStore` as a subclass of a session module's `Store`.
 *
 * @param {any} module express-session; or an object that has it, or a `Store`, as a property:
 *   `{ session }`, Connect, Express 3
 * @returns {any} the same class for the same `Store`
 */
function connect(module) {
  const Store = module?.Store ?? module?.session?.Store;
  if (typeof Store !== 'function') {
    throw invalidArgument(
      'the argument of connect() must be express-session, or an object with express-session as "session"',
    );
  }
  const known = classes.get(Store);
  if (known) return known;
  const made = storeClass(Store);
  classes.set(Store, made);
  return made;
}

/** @param {new (options?: any) => import('node:events').EventEmitter} Store */
function storeClass(Store) {
  return class DynamoDBStore extends Store {
    /** @type {DynamoDB} */
    #dynamodb;
    /** @type {Gate} */
    #gate;
    /** @type {Promise<void> | undefined} */
    #initializing;
    /** What is done for the table. */
    #step = 'looking for the table';
    /** @type {ReturnType<typeof readOptions>} */
    #settings;
    /** @type {(() => void) | undefined} */
    #stopReaping;
    /** Which request a session belongs to. */
    #recognition;

    /** @param {any} [given] */
    constructor(given) {
      const options = optionsObject(given, 'the options of DynamoDBStore');
      super(options);
      const settings = readOptions(options);
      this.#settings = settings;
      const hasRequests = typeof Store.prototype.createSession === 'function';
      this.#recognition = new Recognition(this, hasRequests);
      const pending = new Pending(settings.maxPendingCalls);
      this.#gate = new Gate(settings.native.table, pending, () => ({
        step: this.#step,
        place: this.#dynamodb.place,
      }));
      this.#dynamodb = new DynamoDB(
        (...how) =>
          openConnectStore({ ...settings.native, createTable: settings.createTable }, ...how),
        readConnection(options),
        {
          // Somebody who says that the table is there has it made elsewhere.
          ensureTable: settings.initialized ? undefined : () => this.#ensureTable(),
          tellOfOutages: outageEvents(this, settings.disconnectEvents),
          tellOfWarnings: tellOnce(this),
          pending,
        },
      );
      // Read only: the addon has its own copies, and an assignment must not look as if it worked.
      const { native, reapInterval, touchInterval, conflict } = settings;
      const shown = { ...native, reapInterval, touchInterval, conflict };
      for (const [name, value] of Object.entries(shown)) {
        Object.defineProperty(this, name, { value, enumerable: true });
      }
      /** Whether the table is known to be there. */
      this.initialized = settings.initialized;
      /** @type {NodeJS.Timeout | undefined} */
      this._reap = undefined;
      if (reapInterval > 0) this.#reapEvery(reapInterval);
    }

    /** The client that was passed, or one that is made when it is first asked for. */
    get client() {
      return this.#dynamodb.client;
    }

    set client(client) {
      this.#dynamodb.client = client;
    }

    /** Whether requests go out from the addon or through the client. */
    get transport() {
      return this.#dynamodb.transport;
    }

    /** @param {Callback} [callback] */
    initialize(callback) {
      return deliver(this.#initialize(), callback);
    }

    /** @param {Callback} [callback] */
    describeSessionsTable(callback) {
      return deliver(this.#describeTable(), callback);
    }

    /** @param {Callback} [callback] */
    createSessionsTable(callback) {
      return deliver(this.#createTable(), callback);
    }

    /**
     * @param {string} sid
     * @param {Callback} [callback]
     */
    get(sid, callback) {
      return deliver(this.#get(sid), callback);
    }

    /**
     * @param {string} sid
     * @param {any} session
     * @param {Callback} [callback]
     */
    set(sid, session, callback) {
      return deliver(
        attempt(() => this.#write(sid, session).then(nothing)),
        callback,
      );
    }

    /**
     * @param {string} sid
     * @param {any} session
     * @param {Callback} [callback]
     */
    touch(sid, session, callback) {
      return deliver(this.#touch(sid, session), callback);
    }

    /**
     * @param {string} sid
     * @param {Callback} [callback]
     */
    destroy(sid, callback) {
      return deliver(this.#destroy(sid), callback);
    }

    /**
     * The session of a request, made of what `get` gave. What was read travels with it.
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
      return deliver(
        this.#call(undefined, async (limit) => settle(await this.#native.count(Date.now(), limit))),
        callback,
      );
    }

    /** @param {Callback} [callback] */
    ids(callback) {
      return deliver(
        this.#call(undefined, async (limit) => settle(await this.#native.ids(Date.now(), limit))),
        callback,
      );
    }

    /** @param {Callback} [callback] */
    clear(callback) {
      return deliver(
        this.#call(undefined, async (limit) => settle(await this.#native.clear(Date.now(), limit))),
        callback,
      );
    }

    /** @param {Callback} [callback] */
    reap(callback) {
      return deliver(
        this.#call(undefined, async (limit) => settle(await this.#native.reap(Date.now(), limit))),
        callback,
      );
    }

    /**
     * The session in the answer to a GetItem, as in connect-dynamodb.
     *
     * @param {{ Item?: any }} result
     */
    getParsedSession(result) {
      const sess = result?.Item?.sess?.S?.toString();
      const data = sessionOf(sess, result?.Item?.expires?.N?.toString(), Date.now());
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
      const cookie = session?.cookie;
      const cookieEnd = endOfCookie(cookie);
      if (Number.isFinite(cookie?.maxAge)) {
        const end = now + cookie.maxAge;
        // The cookie of express-session makes one of the other, and looks at the clock for it.
        return expiresAt(Math.abs(end - cookieEnd) < 1000 ? cookieEnd : end);
      }
      if (Number.isFinite(cookieEnd)) return expiresAt(cookieEnd);
      return expiresAt(now + lifetimeOf(this.#settings.ttl, session));
    }

    /** Stops the timer of `reapInterval`. */
    clearInterval() {
      this.#stopReaping?.();
      this._reap = undefined;
    }

    /** @param {Callback} [callback] */
    close(callback) {
      this.clearInterval();
      // Calls that wait for the table end as they would have; those that are made now do not.
      const closed = this.#gate.close(() => this.#dynamodb.close());
      return deliver(closed, callback);
    }

    get #calls() {
      return this.#dynamodb.calls;
    }

    get #native() {
      return this.#dynamodb.native;
    }

    #initialize() {
      if (this.initialized) {
        return this.#gate.isClosed ? Promise.reject(closedError()) : Promise.resolve();
      }
      this.#initializing ??= this.#gate.holding(this.#findOrCreateTable()).finally(() => {
        this.#initializing = undefined;
      });
      return this.#initializing;
    }

    /** Where a request has missed the table. */
    async #ensureTable() {
      this.initialized = false;
      await this.initialize();
      return true;
    }

    async #findOrCreateTable() {
      this.#step = 'looking for the table';
      try {
        await this.describeSessionsTable();
      } catch (error) {
        if (/** @type {any} */ (error)?.name !== 'ResourceNotFoundException') throw error;
        this.#step = 'creating the table';
        await this.createSessionsTable();
      }
      this.initialized = true;
    }

    async #describeTable() {
      settle(await this.#native.describeTable(this.#settings.tableTimeout));
    }

    async #createTable() {
      const { native, createTable, tableTimeout } = this.#settings;
      const { created, timeToLiveFailure } = settle(await this.#native.createTable(tableTimeout));
      if (created && createTable) this.#enableRecovery();
      if (!timeToLiveFailure) return;
      const cause = toError(timeToLiveFailure);
      warnOfTable(this, native.table, 'was created without time to live', cause);
    }

    #enableRecovery() {
      const { enableRecovery } = require('./creation');
      const { table } = this.#settings.native;
      enableRecovery(this, this.#settings, table, this.#gate, () => this.#native);
    }

    /** @param {string} sid */
    async #get(sid) {
      const id = sessionId(sid);
      const text = await this.#call(id, (limit) => this.#calls.load(id, Date.now(), limit));
      if (typeof text !== 'string') return null;
      const loaded = new Loaded(id, text);
      const session = parse(loaded.data);
      if (session === null) return null;
      const { end } = loaded;
      if (end !== undefined) setEnd(session, end);
      this.#recognition.give(session, loaded);
      return session;
    }

    /**
     * Writes a session where that changes anything. All of it is read before the first wait: the caller
     * may change the session after that.
     *
     * @param {string} sid
     * @param {any} session
     * @returns {Promise<boolean>} whether it is there then
     */
    #write(sid, session) {
      const id = sessionId(sid);
      const data = stringify(session);
      const expires = this.#expires(session);
      const special = this.#settings.native.specialKeys.map(({ name }) =>
        specialValue(session[name]),
      );
      const known = this.#recognition.knownOf(id, session);
      if (!known) {
        const save = unconditional(this.#recognition.readByHand(id, session));
        return this.#save(id, data, expires, special, save);
      }
      const maxAge = session.cookie?.originalMaxAge;
      if (known.isSame(data, maxAge)) {
        return this.#moveEnd(id, endOf(session, expires), known, expires).then(Boolean);
      }
      const save = new Saving(known, this.#settings.conflict, { data, expires, maxAge });
      return save.during(() => this.#save(id, data, expires, special, save));
    }

    /**
     * @param {string} id
     * @param {string} data the session as JSON
     * @param {number} expires
     * @param {ReturnType<typeof specialValue>[]} special the values of the special keys
     * @param {Save} save
     * @returns {Promise<boolean>} whether the session is there then
     */
    #save(id, data, expires, special, save) {
      const saved = this.#call(id, (limit) =>
        this.#calls.save(id, data, expires, special, save, limit),
      );
      return saved.then(isThere);
    }

    /**
     * Moves the end of a session whose content is in the table, where that is to be written.
     *
     * @param {string} id
     * @param {number | undefined} end to the millisecond
     * @param {Known | undefined} known
     * @param {number} expires
     * @returns {Promise<{ expires: number | undefined } | undefined>} the end that holds; nothing where
     *   the session is gone
     */
    async #moveEnd(id, end, known, expires) {
      if (known && !known.isDue(expires, this.#settings.touchInterval)) {
        return { expires: known.expires };
      }
      const { conflict } = this.#settings;
      const touched = await this.#call(id, (limit) =>
        this.#calls.touch(id, expires, end, 0, known?.expected(conflict, false), limit),
      );
      known?.hasTouched(touched, expires);
      return touched === false ? undefined : { expires: known ? known.expires : expires };
    }

    /**
     * @param {string} sid
     * @param {any} session
     */
    async #touch(sid, session) {
      const id = sessionId(sid);
      const expires = this.#expires(session);
      const known = this.#recognition.knownOf(id, session);
      // A cookie that lives longer or shorter than the one in the table is a change to be kept.
      const isInTable = known?.base !== undefined;
      if (isInTable && !isSameLifetime(session.cookie?.originalMaxAge, known.maxAge)) {
        return (await this.#write(sid, session)) ? { expires } : undefined;
      }
      return this.#moveEnd(id, endOf(session, expires), known, expires);
    }

    /** @param {string} sid */
    async #destroy(sid) {
      const id = sessionId(sid);
      this.#recognition.forget(id);
      await this.#call(id, (limit) => this.#calls.destroy(id, limit));
    }

    async #all() {
      const entries = await this.#call(undefined, async (limit) =>
        settle(await this.#native.list(Date.now(), limit)),
      );
      return entries.flatMap(({ sid, data, end }) => {
        const session = parse(data);
        if (session && end !== undefined) setEnd(session, end);
        return session ? [{ ...session, id: sid }] : [];
      });
    }

    /**
     * A call into the addon, once the table is there. Its limit is what waiting for the table has
     * left of `operationTimeout`.
     *
     * @template T
     * @param {string | undefined} id the session's, where the call is about one
     * @param {(limit: number) => Promise<T>} call
     * @returns {Promise<T>}
     */
    #call(id, call) {
      // A call that was let in before `close` goes on after it.
      const ready = this.initialized ? undefined : () => this.initialized || this.initialize();
      const key = id === undefined ? undefined : this.#settings.native.prefix + id;
      return this.#gate.pass(key, ready, this.#settings.operationTimeout, call);
    }

    /** @param {any} session */
    #expires(session) {
      const expires = this.getExpiresValue(session);
      if (Number.isFinite(expires)) return expires;
      throw invalidArgument(
        `getExpiresValue() must return a number of seconds, but returned ${typeName(expires)}`,
      );
    }

    /** @param {number} interval in milliseconds */
    #reapEvery(interval) {
      // The timers of this moment: a test moves reaping with its fake clock, as with connect-dynamodb,
      // and another clock could not stop it.
      const { clearInterval, setInterval } = globalThis;
      let reaping = false;
      // The timer must not hold a store that nobody refers to any more.
      const self = new WeakRef(this);
      const timer = setInterval(() => {
        const store = self.deref();
        if (!store) return clearInterval(timer);
        if (reaping) return;
        reaping = true;
        store.reap((error) => {
          reaping = false;
          if (error) warn(store, error);
        });
      }, interval);
      // A number in jsdom.
      timer.unref?.();
      this._reap = timer;
      this.#stopReaping = () => clearInterval(timer);
    }
  };
}

/**
 * Whether a session is there after a save.
 *
 * @param {string | false | null} saved see `Calls.save`
 */
function isThere(saved) {
  return saved !== false;
}

/** The store on the express-session of the application; made when it is first asked for. */
function storeOnExpressSession() {
  let session;
  try {
    session = require('express-session');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'MODULE_NOT_FOUND') throw error;
    return storeWithoutExpressSession(error);
  }
  return connect(session);
}

/**
 * What stands for the store where there is no express-session. The error comes when a store is made
 * of it: in an ES module, one that comes earlier would be lost, and leave `undefined` to the user.
 *
 * @param {unknown} cause
 */
function storeWithoutExpressSession(cause) {
  const message =
    'DynamoDBStore needs express-session, but dynamo-session-store cannot find it: install it. ' +
    'If it is in a bundle, or if the application uses another session package, pass that package: ' +
    "const DynamoDBStore = require('dynamo-session-store')(require('express-session'))";
  return class DynamoDBStore {
    constructor() {
      throw Object.assign(new Error(message, { cause }), { code: 'MODULE_NOT_FOUND' });
    }
  };
}

module.exports = {
  SessionStoreError,
  connect,
  get DynamoDBStore() {
    return storeOnExpressSession();
  },
};
