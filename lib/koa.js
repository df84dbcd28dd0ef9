'use strict';

/** The store interface of koa-session and koa-generic-session. */

const { EventEmitter } = require('node:events');
const { isDeepStrictEqual } = require('node:util');
const { expiresAt, openKoaStore } = require('./native');
const { readConnection } = require('./aws/config');
const { DynamoDB } = require('./aws/dynamodb');
const { V2, V3 } = require('./aws/sdk');
const { replacer, reviverFor } = require('./bytes');
const { attempt, deliver, nothing } = require('./callback');
const { invalidArgument, settle } = require('./errors');
const { Gate } = require('./gate');
const { Known, Loaded, Saving, unconditional } = require('./known');
const { readOptions } = require('./koa.options');
const { lifetimeOf, optionsObject } = require('./options');
const { outageEvents } = require('./outages');
const { Pending } = require('./pending');
const { parse, sessionId, stringify } = require('./session');
const { tellOnce, warn, warnOfTable } = require('./warning');

/** @import { Save } from './calls' */
/** @typedef {(error: any, value?: any) => void} Callback */

/** The pauses before a change of time to live is tried again, in milliseconds: first, longest. */
const TIME_TO_LIVE_PAUSES = /** @type {const} */ ([60_000, 3_600_000]);

/** What DynamoDB answers while the time to live of a table must not change. */
const PASSING = new Set([
  'ValidationException',
  'ResourceInUseException',
  'LimitExceededException',
]);

class DynamoDBStore extends EventEmitter {
  /** @type {DynamoDB} */
  #dynamodb;
  /** @type {ReturnType<typeof readOptions>} */
  #settings;
  /** @type {Gate} */
  #gate;
  /**
   * What is known of the session of a request, by its `ctx`; of a session that was read by hand, by the
   * session.
   *
   * @type {WeakMap<object, Known>}
   */
  #known = new WeakMap();
  /** @type {Promise<void> | undefined} */
  #creating;
  /** What is done for the table. */
  #step = 'looking for the table';
  /** Whether there is no need to create the table: it is there, or nobody asked for it. */
  #ready;
  /** Whether somebody has asked for the table to be made where it is missing. */
  #makesTable = false;
  /** @type {string} the attribute that the end of a session is written to */
  #ttlKey;
  /** @type {(() => void) | undefined} */
  #stopRetrying;
  #closed = false;

  /**
   * @param {any} [given]
   * @param {Callback} [callback]
   */
  constructor(given, callback) {
    super();
    const options = optionsObject(given, 'the options of DynamoDBStore');
    if (callback !== undefined && callback !== null && typeof callback !== 'function') {
      throw invalidArgument('the callback of DynamoDBStore must be a function');
    }
    const settings = readOptions(options);
    this.#settings = settings;
    const pending = new Pending(settings.maxPendingCalls);
    this.#gate = new Gate(settings.native.name, pending, () => ({
      step: this.#step,
      place: this.#dynamodb.place,
    }));
    this.#dynamodb = new DynamoDB(
      (...how) => openKoaStore({ ...settings.native, createTable: settings.createTable }, ...how),
      // koa-session-dynamodb-store is made on v2.
      readConnection(options, [V2, V3]),
      {
        ensureTable: () => this.#ensureTable(),
        tellOfOutages: outageEvents(this, settings.disconnectEvents),
        tellOfWarnings: tellOnce(this),
        pending,
      },
    );
    this.#ttlKey = settings.native.ttlKey;
    this.#ready = !settings.autoCreate;
    const { name, hashKey, readCapacityUnits, writeCapacityUnits } = settings.native;
    // Read only: the addon has its own copies, and an assignment must not look as if it worked.
    for (const [property, value] of Object.entries({
      tableName: name,
      hashKey,
      readCapacityUnits,
      writeCapacityUnits,
      useTtlExpired: settings.useTtlExpired,
      autoCreateTable: settings.autoCreate,
    })) {
      Object.defineProperty(this, property, { value, enumerable: true });
    }
    // koa-session 7 takes the methods off the store.
    this.get = this.get.bind(this);
    this.set = this.set.bind(this);
    this.destroy = this.destroy.bind(this);
    if (settings.autoCreate) this.#createAtStart(callback);
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

  /** The same under its name in koa-session-dynamodb-store. */
  get dynamoService() {
    return this.#dynamodb.client;
  }

  set dynamoService(client) {
    this.#dynamodb.client = client;
  }

  /** A document client around `dynamoService`, made when it is first asked for. */
  get documentClient() {
    return this.#dynamodb.documentClient;
  }

  set documentClient(client) {
    this.#dynamodb.documentClient = client;
  }

  /** The attribute that the end of a session is written to. */
  get ttlKey() {
    return this.#ttlKey;
  }

  /**
   * @param {string} key
   * @param {number | 'session'} [_maxAge]
   * @param {{ ctx?: object }} [data] what koa-session tells of the request
   */
  get(key, _maxAge, data) {
    return deliver(this.#get(key, data), undefined);
  }

  /**
   * @param {string} key
   * @param {any} session
   * @param {number | 'session'} [maxAge]
   * @param {{ ctx?: object, changed?: boolean }} [data] what koa-session tells of the request
   */
  set(key, session, maxAge, data) {
    return deliver(
      attempt(() => this.#set(key, session, maxAge, data)),
      undefined,
    );
  }

  /**
   * @param {string} key
   * @param {{ ctx?: object }} [data] what koa-session tells of the request
   */
  destroy(key, data) {
    // From here on the request knows of no session: one that it saves under the same key is a new one.
    if (data?.ctx) this.#known.delete(data.ctx);
    return deliver(this.#destroy(key), undefined);
  }

  /** @param {Callback} [callback] */
  createTableIfDontExists(callback) {
    this.#makesTable = true;
    this.#creating ??= this.#gate.holding(this.#createIfMissing()).finally(() => {
      this.#creating = undefined;
    });
    return deliver(this.#creating, callback);
  }

  /** What is known of the table, in the shape of aws-sdk v2; `null` where there is none. */
  isTableCreated() {
    return deliver(this.#isTableCreated(), undefined);
  }

  async #isTableCreated() {
    const { tableTimeout } = this.#settings;
    try {
      const table = settle(await this.#native.describeTable(tableTimeout));
      const timeToLive = settle(await this.#native.timeToLive(tableTimeout));
      return {
        describeTable: {
          Table: {
            TableName: this.#settings.native.name,
            TableStatus: 'ACTIVE',
            BillingModeSummary: {
              BillingMode: table.onDemand ? 'PAY_PER_REQUEST' : 'PROVISIONED',
            },
            ProvisionedThroughput: {
              ReadCapacityUnits: table.readCapacityUnits,
              WriteCapacityUnits: table.writeCapacityUnits,
            },
          },
        },
        describeTimeToLive: {
          TimeToLiveDescription: {
            TimeToLiveStatus: timeToLive.status,
            ...(timeToLive.attribute && { AttributeName: timeToLive.attribute }),
          },
        },
      };
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** Creates the table and waits until it can be used. */
  createTable() {
    return deliver(this.#createTable(), undefined);
  }

  async #createTable() {
    const { native, createTable, tableTimeout } = this.#settings;
    const { created } = settle(await this.#native.createTable(tableTimeout));
    if (!created || !createTable) return;
    const { enableRecovery } = require('./creation');
    enableRecovery(this, this.#settings, native.name, this.#gate, () => this.#native);
  }

  /** Gives a provisioned table the capacity units of the options; whether it had others. */
  updateTable() {
    return deliver(this.#updateTable(), undefined);
  }

  async #updateTable() {
    const { read, write } = this.#settings.capacity;
    if (read === undefined && write === undefined) return false;
    return settle(await this.#native.setCapacity(read, write, this.#settings.tableTimeout));
  }

  /** Turns the table's time to live on `ttlKey` on or off, as `useTtlExpired` says. */
  setTtlField() {
    return deliver(this.#setTtlField(), undefined);
  }

  async #setTtlField() {
    const { useTtlExpired, tableTimeout } = this.#settings;
    settle(await this.#native.setTimeToLive(this.#ttlKey, useTtlExpired, tableTimeout));
  }

  /**
   * When a session ends.
   *
   * @param {number | 'session'} [maxAge] in milliseconds; the option `ttl` where it is no number
   * @param {any} [session]
   * @returns {Date}
   */
  getExpirationDate(maxAge, session) {
    const lifetime =
      typeof maxAge === 'number' && Number.isFinite(maxAge)
        ? maxAge
        : lifetimeOf(this.#settings.ttl, session);
    return new Date(Date.now() + lifetime);
  }

  /** @param {Callback} [callback] */
  close(callback) {
    this.#closed = true;
    this.#stopRetrying?.();
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

  /**
   * @param {string} key
   * @param {object | undefined} request what koa-session tells of it
   */
  async #get(key, request) {
    const id = sessionId(key);
    const { ctx } = requestOf(request);
    const text = await this.#call(id, (limit) => this.#calls.load(id, Date.now(), limit));
    if (typeof text !== 'string') return undefined;
    const loaded = new Loaded(id, text);
    const { data } = loaded;
    const session = parse(data, reviverFor(data)) ?? undefined;
    if (session) {
      const { known } = loaded;
      known.expires = endOf(session, known.expires);
      this.#known.set(ctx ?? session, known);
    }
    return session;
  }

  /**
   * Writes a session where that changes anything. All of it is read before the first wait: the caller may
   * change the session after that.
   *
   * @param {string} key
   * @param {any} session
   * @param {number | 'session'} [maxAge]
   * @param {object} [request] what koa-session tells of it
   * @returns {Promise<void>}
   */
  #set(key, session, maxAge, request) {
    const { ctx, changed } = requestOf(request);
    const id = sessionId(key);
    const data = stringify(session, replacer);
    const expires = expiresAt(this.getExpirationDate(maxAge, session).getTime());
    const known = ctx && this.#knownOf(id, ctx);
    const end = endOf(session, expires);
    // koa-session says that nothing was changed of a session that is saved by hand, too. After a save, it
    // still says what was changed since the session was read.
    const mayBeSame = changed === false || (known?.saves ?? 0) > 0;
    const base = mayBeSame ? known?.inTable : undefined;
    if (known && base !== undefined && isSame(base, data)) {
      const clock = { end: finite(session._expire), lifetime: finite(session._maxAge) };
      return this.#moveEnd(id, known, expires, end, clock);
    }
    if (!known) {
      const read = this.#known.get(session);
      return this.#save(id, data, expires, unconditional(read?.sid === id ? read : undefined));
    }
    const save = new Saving(known, this.#settings.conflict, { data, expires: end });
    return save.during(() => this.#save(id, data, expires, save));
  }

  /**
   * @param {string} id
   * @param {string} data the session as JSON
   * @param {number} expires
   * @param {Save} save
   * @returns {Promise<void>}
   */
  #save(id, data, expires, save) {
    const saved = this.#call(id, (limit) => this.#calls.save(id, data, expires, [], save, limit));
    return saved.then(nothing);
  }

  /**
   * @param {string} id
   * @param {object} ctx the request
   * @returns {Known}
   */
  #knownOf(id, ctx) {
    const known = this.#known.get(ctx);
    if (known?.sid === id) return known;
    const made = new Known(id);
    this.#known.set(ctx, made);
    return made;
  }

  /**
   * Moves the end of a session that nobody has changed, where that is to be written.
   *
   * @param {string} id
   * @param {Known} known
   * @param {number} expires what the table is to say
   * @param {number} to when the session ends
   * @param {{ end: number | undefined, lifetime: number | undefined }} clock koa-session's own
   */
  async #moveEnd(id, known, expires, to, { end, lifetime }) {
    if (!known.isDue(to, this.#settings.touchInterval)) return;
    const expected = known.expected(this.#settings.conflict, false);
    const touched = await this.#call(id, (limit) =>
      this.#calls.touch(id, expires, end, lifetime, expected, limit),
    );
    known.hasTouched(touched, to);
  }

  /** @param {string} key */
  async #destroy(key) {
    const id = sessionId(key);
    await this.#call(id, (limit) => this.#calls.destroy(id, limit));
  }

  /**
   * @template T
   * @param {string} id
   * @param {(limit: number) => Promise<T>} call
   * @returns {Promise<T>}
   */
  #call(id, call) {
    const ready = this.#ready ? undefined : () => this.createTableIfDontExists();
    return this.#gate.pass(id, ready, this.#settings.operationTimeout, call);
  }

  /**
   * A server must not fail to start because of a table that the next request may find: without a
   * callback, a failure is a warning.
   *
   * @param {Callback | undefined} callback
   */
  #createAtStart(callback) {
    this.createTableIfDontExists(callback ?? ((error) => error && warn(this, error)));
  }

  /** Where a request has missed the table, and somebody has had it made before. */
  async #ensureTable() {
    if (!this.#makesTable) return false;
    await this.createTableIfDontExists();
    return true;
  }

  async #createIfMissing() {
    let missing = false;
    this.#step = 'looking for the table';
    try {
      settle(await this.#native.describeTable(this.#settings.tableTimeout));
    } catch (error) {
      if (!isMissing(error)) throw error;
      missing = true;
    }
    if (missing) {
      this.#step = 'creating the table';
      await this.createTable();
      // Without waiting for it: the table can be used already.
      this.#followTimeToLive();
    } else {
      this.#step = 'setting up the table';
      await this.#followTimeToLive();
      await this.#updateTable().catch((error) => this.#warnOfTable(error, 'keeps its capacity'));
    }
    this.#ready = true;
  }

  /**
   * Finds where the table has its time to live, and has it changed where that is not as wanted,
   * without waiting for that. Does not fail: a table works without.
   */
  async #followTimeToLive() {
    try {
      if (await this.#timeToLiveIsToChange()) this.#changeTimeToLive(0);
    } catch (error) {
      this.#warnOfTable(error, 'has a time to live that cannot be read');
    }
  }

  async #timeToLiveIsToChange() {
    const { native, useTtlExpired, tableTimeout } = this.#settings;
    const plan = settle(
      await this.#native.planTimeToLive(native.ttlKey, useTtlExpired, tableTimeout),
    );
    this.#ttlKey = plan.attribute;
    this.#native.writeExpiresTo(plan.attribute);
    return typeof plan.change === 'boolean';
  }

  /** @param {number} tries how often it was tried before */
  async #changeTimeToLive(tries) {
    try {
      await this.setTtlField();
      return;
    } catch (error) {
      // Another process may have been faster.
      if (this.#closed || !(await this.#timeToLiveIsToChange().catch(() => true))) return;
      this.#warnOfTable(error, 'keeps its time to live as it is');
      const { retryable, code } = /** @type {import('./errors').SessionStoreError} */ (error);
      if (this.#closed || !(retryable || PASSING.has(code))) return;
    }
    const [first, longest] = TIME_TO_LIVE_PAUSES;
    const pause = Math.min(first * 2 ** tries, longest);
    // The timers of this moment, as with `reapInterval`: a test may move its clock to the next try.
    const { clearTimeout, setTimeout } = globalThis;
    const timer = setTimeout(() => this.#changeTimeToLive(tries + 1), pause);
    // A number in jsdom.
    timer.unref?.();
    this.#stopRetrying = () => clearTimeout(timer);
  }

  /**
   * @param {unknown} cause
   * @param {string} what follows the table's name in the warning
   */
  #warnOfTable(cause, what) {
    if (!this.#closed) warnOfTable(this, this.#settings.native.name, what, cause);
  }
}

/**
 * When a session ends, in seconds: by koa-session's own clock, which stops it before the table does. A
 * session that ends with the browser has none.
 *
 * @template {number | undefined} T
 * @param {any} session
 * @param {T} expires what the table says, in seconds
 */
function endOf({ _expire }, expires) {
  return Number.isFinite(_expire) ? Math.floor(_expire / 1000) : expires;
}

/**
 * What koa-session tells of a request. Whatever is no object cannot be a request.
 *
 * @param {any} data
 * @returns {{ ctx?: object, changed?: boolean }}
 */
function requestOf(data) {
  const { ctx, changed } = data ?? {};
  return { ctx: typeof ctx === 'object' && ctx !== null ? ctx : undefined, changed };
}

/**
 * A number in a session; nothing where an application has put something else there.
 *
 * @param {unknown} value
 * @returns {number | undefined}
 */
function finite(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/**
 * Whether two sessions as JSON are the same but for the end in them, which moves with every save.
 *
 * @param {string} one
 * @param {string} other
 */
function isSame(one, other) {
  const [first, second] = [one, other].map((json) => ({ ...JSON.parse(json), _expire: 0 }));
  return isDeepStrictEqual(first, second);
}

/** @param {unknown} error */
function isMissing(error) {
  return /** @type {any} */ (error)?.code === 'ResourceNotFoundException';
}

module.exports = DynamoDBStore;
