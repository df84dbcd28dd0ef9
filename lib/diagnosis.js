'use strict';

/**
 * The parts of a store that its diagnosis looks at: its settings, requests in any form, and the store itself. No store
 * loads this file.
 */

const { EventEmitter } = require('node:events');
const { openConnectStore, openKoaStore, openShopifyStore } = require('./native');
const { readClientConfig, readConnection } = require('./aws/config');
const { DynamoDB } = require('./aws/dynamodb');
const { placeOf } = require('./aws/place');
const { V2, V3 } = require('./aws/sdk');
const { connect } = require('./connect');
const { SessionStoreError, invalidArgument, resultOf, toError } = require('./errors');
const { readOptions: readExpress } = require('./express.options');
const KoaStore = require('./koa');
const { readOptions: readKoa } = require('./koa.options');
const { optionsObject } = require('./options');
const { Pending } = require('./pending');
const { storageClass } = require('./shopify');
const { readOptions: readShopify } = require('./shopify.options');

/** @import { Failure, RequestWays } from '../native/binding' */
/** @import { Connection } from './aws/config' */
/** @import { Open } from './aws/dynamodb' */

/**
 * @typedef {'express' | 'koa' | 'shopify'} Kind
 *
 * The settings of a store that decide about its table and its permissions.
 *
 * @typedef {object} Facts
 * @property {Kind} kind
 * @property {string} table the name of the table, or its ARN
 * @property {string} hashKey the attribute of the table's key
 * @property {string | undefined} prefix the prefix of the table's keys, if the store has this option
 * @property {string | undefined} expires the attribute that holds the end of sessions
 * @property {boolean} wantsTimeToLive whether DynamoDB is to delete ended sessions
 * @property {{ name: string, attribute: string }[]} indexes the indexes of the table
 * @property {boolean} createsTable whether the store creates a missing table by itself
 * @property {boolean} setsCapacity whether the store changes the capacity units of a table that exists
 * @property {boolean} tags whether a new table gets tags
 * @property {boolean} recovery whether a new table gets point-in-time recovery
 * @property {boolean} reaps whether the store reads the whole table from time to time
 * @property {boolean} batches whether the store sends batches
 * @property {boolean} consistentRead
 * @property {boolean} compresses whether a session of a kilobyte is compressed
 * @property {boolean} moves whether sessions move between keys, in transactions
 * @property {number} limit the milliseconds that a call may take
 *
 * The outcome of a request.
 *
 * @typedef {object} Answer
 * @property {any} [body] DynamoDB's answer, if the request has succeeded
 * @property {Failure} [failure] the error, if it has failed
 * @property {number} [clockAhead] how many seconds DynamoDB's clock is ahead of this machine's
 *
 * Calls of the store's public methods, for one session.
 *
 * @typedef {object} Calls
 * @property {(sid: string, mark: string) => Promise<unknown>} save
 * @property {(sid: string) => Promise<string | undefined>} load resolves to the mark of the session
 * @property {(sid: string) => Promise<unknown>} destroy
 *
 * @typedef {{ calls: Calls, close(): Promise<unknown> }} OpenCalls
 */

/**
 * For each kind of store: its options, its settings as facts, its connection, its format, and its public methods.
 *
 * @type {Record<Kind, {
 *   read: (options: Record<string, any>) => any,
 *   facts: (settings: any) => Omit<Facts, 'kind'>,
 *   connection: (options: Record<string, any>, timeout: number) => Connection,
 *   open: (options: any, ...rest: Parameters<Open>) => ReturnType<Open>,
 *   openCalls: (options: Record<string, any>) => OpenCalls,
 * }>}
 */
const KINDS = {
  express: {
    read: readExpress,
    facts: ({ native, initialized, reapInterval, ...rest }) => ({
      table: native.table,
      hashKey: native.hashKey,
      prefix: native.prefix,
      expires: 'expires',
      wantsTimeToLive: native.timeToLive,
      createsTable: !initialized,
      setsCapacity: false,
      reaps: reapInterval > 0,
      ...factsOfWeb({ native, ...rest }),
    }),
    connection: readConnection,
    open: openConnectStore,
    openCalls: callsOfExpress,
  },
  koa: {
    read: readKoa,
    facts: ({ native, autoCreate, capacity, useTtlExpired, ...rest }) => ({
      table: native.name,
      hashKey: native.hashKey,
      prefix: undefined,
      expires: native.ttlKey,
      wantsTimeToLive: useTtlExpired,
      createsTable: autoCreate,
      setsCapacity: capacity.read !== undefined || capacity.write !== undefined,
      reaps: false,
      ...factsOfWeb({ native, ...rest }),
    }),
    connection: (options, timeout) => readConnection(options, timeout, [V2, V3]),
    open: openKoaStore,
    openCalls: callsOfKoa,
  },
  shopify: {
    read: readShopify,
    facts: ({ native, ...rest }) => ({
      table: native.sessionTableName,
      hashKey: 'id',
      prefix: undefined,
      expires: native.expiresTtl,
      wantsTimeToLive: native.expiresTtl !== undefined,
      indexes: [{ name: native.shopIndexName, attribute: 'shop' }],
      createsTable: false,
      setsCapacity: false,
      reaps: false,
      moves: false,
      ...factsOfAll({ native, ...rest }),
    }),
    connection: readClientConfig,
    open: openShopifyStore,
    openCalls: callsOfShopify,
  },
};

/** The size of the sessions whose costs are known, in bytes of JSON. */
const KILOBYTE = 1000;

/** @param {any} settings */
function factsOfAll({ native, codecs, createTable, operationTimeout }) {
  const recovery = createTable?.PointInTimeRecoverySpecification;
  return {
    tags: (createTable?.Tags?.length ?? 0) > 0,
    recovery: recovery?.PointInTimeRecoveryEnabled === true,
    batches: native.batch,
    consistentRead: native.consistentRead,
    compresses: codecs?.native.compressThreshold <= KILOBYTE,
    limit: operationTimeout,
  };
}

/** @param {any} settings */
function factsOfWeb({ hashIds, tracking, ...rest }) {
  const indexes = tracking?.indexes ?? [];
  return {
    ...factsOfAll(rest),
    indexes: indexes.map((/** @type {any} */ { index, attribute }) => ({ name: index, attribute })),
    moves: hashIds !== undefined && (hashIds.secrets.length > 1 || hashIds.plain !== 'ignore'),
  };
}

/**
 * Reads the facts in the options of a store. Opens nothing.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} [options]
 * @returns {Facts}
 */
function readFacts(kind, options) {
  const { read, facts } = partsOf(kind);
  return { kind, ...facts(read(checked(options))) };
}

/** @param {Kind} kind */
function partsOf(kind) {
  if (Object.hasOwn(KINDS, kind)) return KINDS[kind];
  throw invalidArgument('the kind of the store must be "express", "koa" or "shopify"');
}

/** @param {unknown} options @returns {Record<string, any>} */
function checked(options) {
  return optionsObject(options, 'the options of the store');
}

/** A store, and requests in any form that go the ways of its own requests. */
class Subject {
  /** Where the settings of its connection are. @type {'client' | 'options'} */
  origin;
  #dynamodb;
  #openCalls;
  /** @type {OpenCalls | undefined} */
  #store;

  /**
   * Opens a store as an application does. It creates no table, and reads and sends nothing before its first call.
   *
   * @param {Kind} kind
   * @param {Record<string, any>} [options]
   */
  constructor(kind, options) {
    const given = checked(options);
    const { connection, facts, open, openCalls, read } = partsOf(kind);
    const settings = read(given);
    const { codecs, createTable, hashIds, native, operationTimeout } = settings;
    /** @type {Facts} */
    this.facts = { kind, ...facts(settings) };
    const found = connection(given, operationTimeout);
    this.origin = found.client ? 'client' : 'options';
    const inFormat = { ...native, createTable, hashIds, codecs: codecs?.native };
    this.#dynamodb = new DynamoDB((...args) => open(inFormat, ...args), found, {
      ensureTable: async () => false,
      onOutages: () => {},
      onWarnings: () => {},
      pending: new Pending(Number.MAX_SAFE_INTEGER),
    });
    const secrets = [...(hashIds?.secrets ?? []), ...(codecs?.native.encryption?.keys ?? [])];
    // The addon has its own copies.
    for (const secret of secrets) secret.fill(0);
    this.#openCalls = () => openCalls(given);
  }

  /** @returns {Promise<RequestWays>} */
  async ways() {
    return resultOf(await this.#dynamodb.native.ways(this.facts.limit));
  }

  /** If a client sends the requests: its endpoint and region, as far as they can be read. */
  async placeOfClient() {
    return this.#dynamodb.transport === 'client' ? placeOf(this.#dynamodb.client) : {};
  }

  /**
   * Sends a request.
   *
   * @param {string} operation such as `GetItem`
   * @param {object} input its parameters, as DynamoDB's JSON
   * @returns {Promise<Answer>}
   */
  async request(operation, input) {
    const { native } = this.#dynamodb;
    const sent = await native.request(operation, JSON.stringify(input), this.facts.limit);
    if ('failed' in sent) return { failure: sent };
    const { body, failure, clockAhead } = sent;
    return { body: body === undefined ? undefined : JSON.parse(body), failure, clockAhead };
  }

  /**
   * Returns the key of a session in the table.
   *
   * @param {string} sid
   * @returns {string}
   */
  keyOf(sid) {
    return this.#dynamodb.native.keysOf(sid)[0] ?? sid;
  }

  /** The error about the store's index with this number in the table, and its state. @param {number} index */
  async index(index) {
    const { native } = this.#dynamodb;
    if (this.facts.kind !== 'shopify') return native.indexState(index, this.facts.limit);
    const table = await native.describeTable(this.facts.limit);
    if ('failed' in table) return table;
    return table.indexFailure ?? /** @type {const} */ ('active');
  }

  /** The calls of the store's public methods. */
  get calls() {
    this.#store ??= this.#openCalls();
    return this.#store.calls;
  }

  async close() {
    await Promise.all([this.#dynamodb.close(), this.#store?.close()]);
  }
}

/** The attribute of a session that a diagnosis writes. */
const MARK = 'dynamoSessionStoreDoctor';

/**
 * Keeps warnings of a store away from the process: the diagnosis has findings of its own.
 *
 * @template {EventEmitter} T
 * @param {T} store
 */
function quiet(store) {
  return store.on('warning', () => {});
}

/** @param {Record<string, any>} options @returns {OpenCalls} */
function callsOfExpress(options) {
  const Store = connect({ Store: EventEmitter });
  /** @type {any} */
  const store = quiet(new Store({ ...options, initialized: true, reapInterval: 0 }));
  const special = Object.fromEntries(
    store.specialKeys.map((/** @type {any} */ { name, type }) => [name, SPECIAL[type] ?? '']),
  );
  const end = () => new Date(Date.now() + LIFETIME);
  return {
    calls: {
      save: (sid, mark) => store.set(sid, { cookie: { expires: end() }, ...special, [MARK]: mark }),
      load: async (sid) => (await store.get(sid))?.[MARK],
      destroy: (sid) => store.destroy(sid),
    },
    close: () => store.close(),
  };
}

/** The lifetime of a session that a diagnosis writes, in milliseconds. */
const LIFETIME = 600_000;

/** Values for the special keys of a session, by their type. @type {Record<string, any>} */
const SPECIAL = { S: '-', N: 0, B: Buffer.from('-') };

/** @param {Record<string, any>} options @returns {OpenCalls} */
function callsOfKoa(options) {
  /** @type {any} */
  const store = quiet(new KoaStore({ ...options, table: { ...options.table, autoCreate: false } }));
  return {
    calls: {
      save: (sid, mark) => store.set(sid, { [MARK]: mark }, LIFETIME),
      load: async (sid) => (await store.get(sid))?.[MARK],
      destroy: (sid) => store.destroy(sid),
    },
    close: () => store.close(),
  };
}

/** A session in place of the class `Session` of `@shopify/shopify-api`, which needs not be installed. */
class ShopifySession {
  /** @param {Record<string, any>} properties */
  constructor(properties) {
    Object.assign(this, properties);
  }
}

/** @param {Record<string, any>} options @returns {OpenCalls} */
function callsOfShopify(options) {
  const Storage = storageClass(() => ShopifySession);
  /** @type {any} */
  const store = quiet(new Storage(options));
  return {
    calls: {
      save: (id, mark) =>
        store.storeSession({
          id,
          shop: `${MARK}.invalid`,
          state: mark,
          isOnline: false,
          expires: new Date(Date.now() + LIFETIME),
        }),
      load: async (sid) => (await store.loadSession(sid))?.state,
      destroy: (sid) => store.deleteSession(sid),
    },
    close: () => store.close(),
  };
}

module.exports = { SessionStoreError, Subject, invalidArgument, readFacts, toError };
