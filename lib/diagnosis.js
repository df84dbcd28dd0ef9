'use strict';

/**
 * The parts of a store that its diagnosis looks at: its settings, requests in any form, and the store itself. No store
 * loads this file.
 */

const { EventEmitter } = require('node:events');
const { expiresAt } = require('./native');
const { placeOf } = require('./aws/place');
const { invalidArgument, resultOf } = require('./errors');
const { movesIds } = require('./host');
const { openSessions, readSettings } = require('./kinds');
const { optionsObject } = require('./options');
const { parse, stringify } = require('./session');

/** @import { Failure, RequestWays } from '../native/binding' */
/** @import { Kind, Names } from './kinds' */

/**
 * The settings of a store that decide about its table and its permissions.
 *
 * @typedef {Names & OwnFacts} Facts
 *
 * @typedef {object} OwnFacts
 * @property {Kind} kind
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
 */

/**
 * For each kind of store: its settings as facts, and a session in it with the text `mark`.
 *
 * @type {Record<Kind, {
 *   facts: (settings: any) => Omit<OwnFacts, 'kind'>,
 *   session: (mark: string) => Record<string, any>,
 * }>}
 */
const KINDS = {
  express: {
    facts: ({ native, initialized, reapInterval, ...rest }) => ({
      wantsTimeToLive: native.timeToLive,
      createsTable: !initialized,
      setsCapacity: false,
      reaps: reapInterval > 0,
      ...factsOfWeb({ native, ...rest }),
    }),
    session: (mark) => ({ cookie: { expires: new Date(Date.now() + LIFETIME) }, [MARK]: mark }),
  },
  koa: {
    facts: ({ native, autoCreate, capacity, useTtlExpired, ...rest }) => ({
      wantsTimeToLive: useTtlExpired,
      createsTable: autoCreate,
      setsCapacity: capacity.read !== undefined || capacity.write !== undefined,
      reaps: false,
      ...factsOfWeb({ native, ...rest }),
    }),
    session: (mark) => ({ [MARK]: mark }),
  },
  shopify: {
    facts: ({ native, ...rest }) => ({
      wantsTimeToLive: native.expiresTtl !== undefined,
      indexes: [{ name: native.shopIndexName, attribute: 'shop' }],
      createsTable: false,
      setsCapacity: false,
      reaps: false,
      moves: false,
      ...factsOfAll({ native, ...rest }),
    }),
    session: (mark) => ({ shop: 'doctor.invalid', state: '', isOnline: false, [MARK]: mark }),
  },
};

/** The attribute of a session with its mark. */
const MARK = 'dynamoSessionStoreDoctor';

/** The lifetime of a session that a diagnosis writes, in milliseconds. */
const LIFETIME = 600_000;

/** Values for the special keys of a session, by their type. @type {Record<string, any>} */
const SPECIAL = { S: '-', N: 0, B: Buffer.from('-') };

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
    moves: movesIds(hashIds),
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
  const { names, settings } = readSettings(kind, checked(options));
  return { kind, ...names, ...KINDS[kind].facts(settings) };
}

/** @param {unknown} options @returns {Record<string, any>} */
function checked(options) {
  return optionsObject(options, 'the options of the store');
}

/** An open store, and requests in any form that go the ways of its own requests. */
class Subject {
  /** Where the settings of its connection are. @type {'client' | 'options'} */
  origin;
  #session;
  #special;
  #sessions;

  /**
   * Opens a store as an application does. It creates no table, and reads and sends nothing before its first call.
   *
   * @param {Kind} kind
   * @param {Record<string, any>} [options]
   */
  constructor(kind, options) {
    // Warnings are kept away from the process: the diagnosis has findings of its own.
    const events = new EventEmitter().on('warning', () => {});
    const store = openSessions(kind, checked(options), events);
    const { hasClient, names, sessions, settings } = store;
    const { facts, session } = KINDS[kind];
    this.facts = /** @type {Facts} */ ({ kind, ...names, ...facts(settings) });
    this.origin = hasClient ? 'client' : 'options';
    this.#session = session;
    this.#special = (settings.native.specialKeys ?? []).map(
      (/** @type {any} */ { type }) => SPECIAL[type] ?? SPECIAL.S,
    );
    this.#sessions = sessions;
  }

  /** @returns {Promise<RequestWays>} */
  async ways() {
    return resultOf(await this.#connection.native.ways(this.facts.limit));
  }

  /** If a client sends the requests: its endpoint and region, as far as they can be read. */
  async placeOfClient() {
    return this.#sessions.transport === 'client' ? placeOf(this.#sessions.client) : {};
  }

  /**
   * Sends a request.
   *
   * @param {string} operation such as `GetItem`
   * @param {object} input its parameters, as DynamoDB's JSON
   * @returns {Promise<Answer>}
   */
  async request(operation, input) {
    const { native } = this.#connection;
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
    return this.#connection.native.keysOf(sid)[0] ?? sid;
  }

  /** The error about the store's index with this number in the table, and its state. @param {number} index */
  async index(index) {
    const { native } = this.#connection;
    if (this.facts.kind !== 'shopify') return native.indexState(index, this.facts.limit);
    const table = await native.describeTable(this.facts.limit);
    if ('failed' in table) return table;
    return table.indexFailure ?? /** @type {const} */ ('active');
  }

  /**
   * Writes a session as the application does.
   *
   * @param {string} sid
   * @param {string} mark a text in the session
   */
  save(sid, mark) {
    const session = this.#session(mark);
    const expires = expiresAt(Date.now() + LIFETIME);
    const record = { sid, data: stringify(session), expires, special: this.#special, session };
    return this.#sessions.saveUnconditionally(record);
  }

  /**
   * Reads a session.
   *
   * @param {string} sid
   * @returns {Promise<string | undefined>} its mark; `undefined` if it does not exist
   */
  async load(sid) {
    const loaded = await this.#sessions.load(sid);
    return loaded && parse(loaded.data)?.[MARK];
  }

  /** @param {string} sid */
  destroy(sid) {
    return this.#sessions.destroy(sid);
  }

  close() {
    return this.#sessions.close();
  }

  get #connection() {
    return this.#sessions.connection;
  }
}

module.exports = { Subject, invalidArgument, readFacts };
