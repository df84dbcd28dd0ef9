'use strict';

/** The session storage interface of Shopify's app packages. */

const { EventEmitter } = require('node:events');
const { openShopifyStore } = require('./native');
const { readClientConfig } = require('./aws/config');
const { bigIntReplacer, reviverFor } = require('./bytes');
const { CHANNELS } = require('./channels');
const { attempt, deliver } = require('./callback');
const { invalidArgument, storeError } = require('./errors');
const { optionsObject, typeName } = require('./options');
const { keyText, parse, sessionId, stringify } = require('./session');
const { readOptions } = require('./shopify.options');
const { endOf } = require('./shopify.session');
const { SessionStore } = require('./store');

/** The properties of a session that are dates. */
const DATES = /** @type {const} */ (['expires', 'refreshTokenExpires']);

/**
 * Makes the class `DynamoDBSessionStorage`. CommonJS and ES modules each have their own class `Session`.
 *
 * @param {() => new (params: any) => any} getSession returns the class `Session` of `@shopify/shopify-api`; called
 *   when a session is loaded
 */
function storageClass(getSession) {
  return class DynamoDBSessionStorage extends EventEmitter {
    /** @type {SessionStore} */
    #sessions;
    #settings;

    /** @param {any} [given] */
    constructor(given) {
      super();
      const options = optionsObject(given, 'the options of DynamoDBSessionStorage');
      const settings = readOptions(options);
      const { codecs, createTable, native } = settings;
      this.#settings = settings;
      this.#sessions = new SessionStore(
        (...args) => openShopifyStore({ ...native, createTable, codecs: codecs?.native }, ...args),
        readClientConfig(options, settings.operationTimeout),
        settings,
        {
          events: this,
          table: native.sessionTableName,
          readiness: { isReady: true },
          prepare: () => this.createTableIfNotExists(),
        },
      );
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

    /** @param {any} [options] */
    sessions(options) {
      const sessions = this.#sessions.all.sessions(options, toSession);
      return (async function* () {
        for await (const { sid, session } of sessions) yield { sid, session };
      })();
    }

    createTableIfNotExists() {
      const { table } = this.#sessions;
      const prepared = table.prepare({
        describe: async () => {
          // Only `findSessionsByShop()` needs the index, so a missing index is only a warning. The replaced package
          // does not look at the table at all, and a server that starts with it must also start with this package.
          const { indexFailure } = await table.describe();
          if (indexFailure) table.warnOfIndex(indexFailure);
        },
        create: () => table.create(),
        setUp: () => this.#enableTimeToLive(this.#settings.native.expiresTtl),
      });
      return this.#promise(prepared);
    }

    /** The counters of the storage since it was made. */
    stats() {
      return this.#sessions.stats();
    }

    close() {
      return this.#promise(this.#sessions.close());
    }

    /**
     * @template T
     * @param {Promise<T>} promise
     */
    #promise(promise) {
      return deliver(promise, undefined);
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
      const data = stringify(properties, bigIntReplacer);
      const end = endOf(session);
      return this.#sessions.saveUnconditionally({ sid: id, data, expires: end });
    }

    /** @param {string} id */
    async #load(id) {
      if (!id) return undefined;
      const loaded = await this.#sessions.load(sessionId(id));
      return loaded && toSession(loaded.data);
    }

    /** @param {string} id */
    async #delete(id) {
      await this.#sessions.destroy(sessionId(id));
      return true;
    }

    /** @param {string[]} ids */
    async #deleteMany(ids) {
      if (!Array.isArray(ids)) {
        throw invalidArgument(`the ids must be an array, but are ${typeName(ids)}`);
      }
      await this.#sessions.destroyMany(ids.map(sessionId));
      return true;
    }

    /** @param {string} shop */
    async #find(shop) {
      const entries = await this.#sessions.all.find(keyText(shop, 'the shop'));
      return entries.map(({ data }) => toSession(data));
    }

    /** @param {string | undefined} attribute */
    async #enableTimeToLive(attribute) {
      if (attribute === undefined) return;
      const { table } = this.#sessions;
      try {
        const plan = await table.planTimeToLive(attribute, true);
        if (plan.attribute !== attribute) {
          const message = `the time to live of the table is on "${plan.attribute}", not on "${attribute}" (option "expiresTtl")`;
          throw storeError('ERR_SESSION_TIME_TO_LIVE', message);
        }
        if (plan.change) await table.setTimeToLive(attribute, true);
      } catch (error) {
        table.warn('has no time to live', error);
      }
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

/**
 * @param {unknown} date
 * @param {string} name
 */
function isoText(date, name) {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.toISOString();
  throw invalidArgument(`"${name}" of the session must be a valid Date`);
}

module.exports = { CHANNELS, storageClass };
