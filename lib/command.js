'use strict';

/**
 * The stores as the command `dynamo-session-store` opens them: without a framework, and without creating the table.
 * No store loads this file.
 */

const { placeOf: placeOfClient } = require('./aws/place');
const { setEnd } = require('./cookie');
const { resultOf, toError } = require('./errors');
const { openSessions } = require('./kinds');
const { Known } = require('./known');
const { specialValue } = require('./session');
const { endOf } = require('./shopify.session');
const { isTableMissing } = require('./table');

/** @import { EventEmitter } from 'node:events' */
/** @import { Kind } from './kinds' */
/** @import { SessionStore } from './store' */

/**
 * @typedef {Pick<Opened, 'isHashed' | 'identityKeys' | 'indexes' | 'special' | 'setEnd' | 'endOf' | 'isTracked'>} OfKind
 */

/**
 * An open store.
 *
 * @typedef {object} Opened
 * @property {Kind} kind
 * @property {SessionStore} sessions
 * @property {EventEmitter} events
 * @property {Record<string, any>} options those that it was opened with
 * @property {string} table
 * @property {number} tableTimeout milliseconds
 * @property {string} hashKey
 * @property {string} prefix of the keys
 * @property {string | undefined} expires the attribute that holds the end of sessions
 * @property {boolean} isHashed whether hashes stand in the table in place of ids
 * @property {readonly string[]} identityKeys
 * @property {{ name: string, value: (session: any) => unknown }[]} indexes
 * @property {(session: any) => any[]} special the values of the special keys
 * @property {(session: any, end: number) => void} setEnd sets the end inside a session, in milliseconds
 * @property {(data: string) => number | undefined} endOf the end of a session of Shopify, in milliseconds, by its JSON
 * @property {boolean} isTracked whether sessions have marks: their beginning, and their values in indexes
 * @property {(data: string) => any} parse makes the session of an application from its JSON
 * @property {(sid: string) => Known} newKnown
 * @property {Opened} [plain] with hashed ids: the same table as a store without them, for which the ids in the table are
 *   the ids of its sessions
 * @property {Opened[]} [readers] with hashed ids: the same table as stores that find a session under one key each. So
 *   their reads move no session
 *
 * A table, as DynamoDB names it.
 *
 * @typedef {object} Place
 * @property {string} [arn] of the table
 * @property {string} [id] of the table, which no other table has. Some services with DynamoDB's API lack it
 * @property {number} [created] the time of its creation, in seconds since the Unix epoch
 * @property {string} [endpoint] of the requests
 * @property {string} [region] of the requests
 */

/**
 * Opens a store.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} options those of the store for Express, Koa or Shopify
 * @param {EventEmitter} events
 * @param {{ conflict?: 'error' | 'overwrite', keepsExcept?: string[] }} [own] what the command needs otherwise than the application
 * @returns {Opened}
 */
function open(kind, options, events, own = {}) {
  const { names, parse, sessions, settings } = openSessions(kind, options, events, own);
  return {
    ...OF_KIND[kind](settings),
    ...names,
    prefix: names.prefix ?? '',
    tableTimeout: settings.tableTimeout,
    sessions,
    parse,
    newKnown,
    kind,
    events,
    options,
  };
}

/**
 * The parts of an open store that only its kind has.
 *
 * @type {Record<Kind, (settings: any) => OfKind>}
 */
const OF_KIND = {
  express: ({ native, ...settings }) => ({
    ...ofWeb({ native, ...settings }),
    special: (session) =>
      native.specialKeys.map((/** @type {any} */ { name }) => specialValue(session[name])),
    setEnd,
  }),
  koa: (settings) => ({
    ...ofWeb(settings),
    special: () => [],
    setEnd: (session, end) => {
      if (Number.isFinite(session._expire)) session._expire = end;
    },
  }),
  shopify: () => ({
    isHashed: false,
    identityKeys: ['userId', 'shop'],
    indexes: [],
    special: () => [],
    setEnd: () => {},
    endOf: endOfShopify,
    isTracked: false,
  }),
};

/** @param {any} settings */
function ofWeb({ hashIds, native, tracking }) {
  return {
    isHashed: hashIds !== undefined && hashIds.plain !== 'write',
    identityKeys: native.identityKeys,
    indexes: indexesOf(tracking),
    endOf: () => undefined,
    isTracked: tracking !== undefined,
  };
}

/** @param {string} data JSON */
function endOfShopify(data) {
  const { expires, refreshTokenExpires, ...session } = JSON.parse(data);
  const date = (/** @type {string | undefined} */ text) => (text ? new Date(text) : undefined);
  const dates = { expires: date(expires), refreshTokenExpires: date(refreshTokenExpires) };
  const end = endOf({ ...session, ...dates });
  return end === undefined ? undefined : end * 1000;
}

/**
 * Asks DynamoDB which table a store has.
 *
 * @param {Opened} opened
 * @returns {Promise<Place>}
 */
async function locate({ sessions, table, tableTimeout }) {
  const { native } = sessions.connection;
  const input = JSON.stringify({ TableName: table });
  const { body, failure } = resultOf(await native.request('DescribeTable', input, tableTimeout));
  if (failure) throw toError(failure);
  const described = JSON.parse(body ?? '{}').Table ?? {};
  const { CreationDateTime: created, TableArn: arn, TableId: id } = described;
  const { endpoint, region } =
    sessions.transport === 'client'
      ? await placeOfClient(sessions.client)
      : resultOf(await native.ways(tableTimeout));
  return { arn, id, created, endpoint, region };
}

/** @param {string} sid */
function newKnown(sid) {
  return new Known(sid);
}

/** @param {import('./tracking').Tracking | undefined} tracking */
function indexesOf(tracking) {
  return (tracking?.indexes ?? []).map((index) => ({ name: index.name, value: index.valueOf }));
}

module.exports = { isTableMissing, locate, open };
