'use strict';

/** The session storage interface of Shopify's app packages. */

const { EventEmitter } = require('node:events');
const { expiresAt, openShopifyStore } = require('./native');
const { readClientConfig } = require('./aws/config');
const { DynamoDB } = require('./aws/dynamodb');
const { bigReplacer, reviverFor } = require('./bytes');
const { attempt, deliver } = require('./callback');
const { invalidArgument, settle, storeError, toError } = require('./errors');
const { Gate } = require('./gate');
const { Loaded } = require('./known');
const { optionsObject, typeName } = require('./options');
const { keyText, parse, sessionId, stringify } = require('./session');
const { outageEvents } = require('./outages');
const { Pending } = require('./pending');
const { readOptions } = require('./shopify.options');
const { tellOnce, warnOfTable } = require('./warning');

/** @import { Failure } from '../native/binding' */

/** The properties of a session that are dates. */
const DATES = /** @type {const} */ (['expires', 'refreshTokenExpires']);

/**
 * The class `DynamoDBSessionStorage`, for a module system's own `Session`.
 *
 * @param {() => new (params: any) => any} getSession the class `Session` of `@shopify/shopify-api`;
 *   asked for when the first session is loaded
 */
function storageClass(getSession) {
  return class DynamoDBSessionStorage extends EventEmitter {
    /** @type {DynamoDB} */
    #dynamodb;
    /** @type {ReturnType<typeof readOptions>} */
    #settings;
    /** @type {Gate} */
    #gate;
    /** @type {Promise<void> | undefined} */
    #creating;
    /** Whether the application has asked for the table to be made where it is missing. */
    #makesTable = false;

    /** @param {any} [given] */
    constructor(given) {
      super();
      const options = optionsObject(given, 'the options of DynamoDBSessionStorage');
      const settings = readOptions(options);
      this.#settings = settings;
      const pending = new Pending(settings.maxPendingCalls);
      this.#gate = new Gate(settings.native.sessionTableName, pending, () => ({
        step: 'waiting for the table',
        place: this.#dynamodb.place,
      }));
      this.#dynamodb = new DynamoDB(
        (...how) =>
          openShopifyStore({ ...settings.native, createTable: settings.createTable }, ...how),
        readClientConfig(options),
        {
          ensureTable: () => this.#ensureTable(),
          tellOfOutages: outageEvents(this, false),
          tellOfWarnings: tellOnce(this),
          pending,
        },
      );
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

    /** @param {any} session */
    storeSession(session) {
      return this.#promise(attempt(() => this.#store(session)));
    }

    /** @param {string} id */
    loadSession(id) {
      return this.#promise(this.#load(id));
    }

    /** @param {string} id */
    deleteSession(id) {
      return this.#promise(this.#delete(id));
    }

    /** @param {string[]} ids */
    deleteSessions(ids) {
      return this.#promise(this.#deleteMany(ids));
    }

    /** @param {string} shop */
    findSessionsByShop(shop) {
      return this.#promise(this.#find(shop));
    }

    createTableIfNotExists() {
      this.#makesTable = true;
      this.#creating ??= this.#gate.holding(this.#createIfMissing()).finally(() => {
        this.#creating = undefined;
      });
      return this.#promise(this.#creating);
    }

    close() {
      return this.#promise(this.#gate.close(() => this.#dynamodb.close()));
    }

    get #calls() {
      return this.#dynamodb.calls;
    }

    get #native() {
      return this.#dynamodb.native;
    }

    /**
     * @template T
     * @param {Promise<T>} promise
     */
    #promise(promise) {
      return deliver(promise, undefined);
    }

    /**
     * @template T
     * @param {(limit: number) => Promise<T>} call
     * @returns {Promise<T>}
     */
    #call(call) {
      return this.#gate.pass(undefined, undefined, this.#settings.operationTimeout, call);
    }

    /**
     * @param {any} session
     * @returns {Promise<boolean>}
     */
    #store(session) {
      if (typeof session !== 'object' || session === null) {
        throw invalidArgument(`the session must be a Session, but is ${typeName(session)}`);
      }
      const id = sessionId(session.id);
      const properties = { ...(session.toObject?.() ?? session) };
      for (const name of DATES) {
        if (session[name]) properties[name] = isoText(session[name], name);
      }
      const data = stringify(properties, bigReplacer);
      const end = endOf(session);
      const saved = this.#call((limit) => this.#calls.save(id, data, end, [], undefined, limit));
      return saved.then(yes);
    }

    /** @param {string} id */
    async #load(id) {
      if (!id) return undefined;
      const sid = sessionId(id);
      const loaded = await this.#call((limit) => this.#calls.load(sid, Date.now(), limit));
      return typeof loaded === 'string' ? toSession(new Loaded(sid, loaded).data) : undefined;
    }

    /** @param {string} id */
    async #delete(id) {
      const sid = sessionId(id);
      await this.#call((limit) => this.#calls.destroy(sid, limit));
      return true;
    }

    /** @param {string[]} ids */
    async #deleteMany(ids) {
      if (!Array.isArray(ids)) {
        throw invalidArgument(`the ids must be an array, but are ${typeName(ids)}`);
      }
      const all = ids.map(sessionId);
      settle(await this.#call((limit) => this.#native.destroyMany(all, limit)));
      return true;
    }

    /** @param {string} shop */
    async #find(shop) {
      const value = keyText(shop, 'the shop');
      const found = this.#call((limit) => this.#native.find(value, Date.now(), limit));
      const entries = settle(await found);
      return entries.map(({ data }) => toSession(data));
    }

    /** Where a request has missed the table, and the application has had it made before. */
    async #ensureTable() {
      if (!this.#makesTable) return false;
      await this.createTableIfNotExists();
      return true;
    }

    async #createIfMissing() {
      const { native, createTable, tableTimeout } = this.#settings;
      try {
        const { indexFailure } = settle(await this.#native.describeTable(tableTimeout));
        this.#warnOfIndex(indexFailure);
      } catch (error) {
        if (/** @type {any} */ (error)?.code !== 'ResourceNotFoundException') throw error;
        const creation = settle(await this.#native.createTable(tableTimeout));
        this.#warnOfIndex(creation.indexFailure);
        const { created, timeToLiveFailure } = creation;
        if (created && createTable) this.#enableRecovery();
        if (timeToLiveFailure) this.#warnOfTimeToLive(toError(timeToLiveFailure));
        return;
      }
      if (native.expiresTtl !== undefined) await this.#enableTimeToLive(native.expiresTtl);
    }

    /**
     * A table without the index serves all calls but `findSessionsByShop()`. A server that has started
     * with the replaced package, which looks for no table, starts with it.
     *
     * @param {Failure | undefined} failure
     */
    #warnOfIndex(failure) {
      if (!failure) return;
      const { sessionTableName } = this.#settings.native;
      warnOfTable(this, sessionTableName, 'cannot be searched by shop', toError(failure));
    }

    #enableRecovery() {
      const { enableRecovery } = require('./creation');
      const { sessionTableName } = this.#settings.native;
      enableRecovery(this, this.#settings, sessionTableName, this.#gate, () => this.#native);
    }

    /** @param {string} attribute */
    async #enableTimeToLive(attribute) {
      const { tableTimeout } = this.#settings;
      try {
        const plan = settle(await this.#native.planTimeToLive(attribute, true, tableTimeout));
        if (plan.attribute !== attribute) {
          const message = `the time to live of the table is on "${plan.attribute}", not on "${attribute}" (option "expiresTtl")`;
          throw storeError('ERR_SESSION_TIME_TO_LIVE', message);
        }
        if (!plan.change) return;
        settle(await this.#native.setTimeToLive(attribute, true, tableTimeout));
      } catch (error) {
        this.#warnOfTimeToLive(error);
      }
    }

    /** @param {unknown} cause */
    #warnOfTimeToLive(cause) {
      const { sessionTableName } = this.#settings.native;
      warnOfTable(this, sessionTableName, 'has no time to live', cause);
    }
  };

  /** @param {string} data */
  function toSession(data) {
    const properties = parse(data, reviverFor(data));
    for (const name of DATES) {
      properties[name] = properties[name] ? new Date(properties[name]) : undefined;
    }
    return new (getSession())(properties);
  }
}

/** The result of Shopify's calls that have none. */
function yes() {
  return true;
}

/**
 * The time-to-live attribute of a session, in seconds: the last moment at which it can still
 * matter. One with a refresh token can be renewed until that ends.
 *
 * @param {any} session
 * @returns {number | undefined} nothing for a session that never ends
 */
function endOf({ expires, refreshToken, refreshTokenExpires }) {
  if (refreshToken && !refreshTokenExpires) return undefined;
  const ends = [expires, refreshTokenExpires].filter(Boolean).map(Number);
  return ends.length > 0 ? expiresAt(Math.max(...ends)) : undefined;
}

/**
 * @param {unknown} date
 * @param {string} name
 */
function isoText(date, name) {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.toISOString();
  throw invalidArgument(`"${name}" of the session must be a valid Date`);
}

module.exports = { storageClass };
