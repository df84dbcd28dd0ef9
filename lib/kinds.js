'use strict';

/** The kinds of stores, opened without a framework: for the command and for the diagnosis. No store loads this file. */

const { openConnectStore, openKoaStore, openShopifyStore } = require('./native');
const { readClientConfig, readConnection } = require('./aws/config');
const { V2, V3 } = require('./aws/sdk');
const { reviverFor } = require('./bytes');
const { invalidArgument } = require('./errors');
const { readOptions: readExpress } = require('./express.options');
const { readOptions: readKoa } = require('./koa.options');
const { parse } = require('./session');
const { readOptions: readShopify } = require('./shopify.options');
const { SessionStore } = require('./store');

/** @import { EventEmitter } from 'node:events' */
/** @import { Connection } from './aws/config' */
/** @import { Open } from './aws/dynamodb' */

/**
 * @typedef {'express' | 'koa' | 'shopify'} Kind
 *
 * The names in the items of a store.
 *
 * @typedef {object} Names
 * @property {string} table the name of the table, or its ARN
 * @property {string} hashKey the attribute of the table's key
 * @property {string | undefined} prefix the prefix of the table's keys, if the store has this option
 * @property {string | undefined} expires the attribute that holds the end of sessions
 *
 * A kind of store.
 *
 * @typedef {object} Parts
 * @property {(options: Record<string, any>) => any} read reads the options
 * @property {(native: any) => Names} names
 * @property {(options: Record<string, any>, timeout: number) => Connection} connection
 * @property {(options: any, ...rest: Parameters<Open>) => ReturnType<Open>} open opens the store in the addon
 * @property {(data: string) => any} parse makes the session of an application from its JSON
 */

/** @type {Record<Kind, Parts>} */
const KINDS = {
  express: {
    read: readExpress,
    names: ({ table, hashKey, prefix }) => ({ table, hashKey, prefix, expires: 'expires' }),
    connection: readConnection,
    open: openConnectStore,
    parse: (data) => parse(data),
  },
  koa: {
    read: readKoa,
    names: ({ name: table, hashKey, ttlKey: expires }) => ({
      table,
      hashKey,
      prefix: undefined,
      expires,
    }),
    connection: (options, timeout) => readConnection(options, timeout, [V2, V3]),
    open: openKoaStore,
    parse: parseWithBytes,
  },
  shopify: {
    read: readShopify,
    names: ({ sessionTableName: table, expiresTtl: expires }) => ({
      table,
      hashKey: 'id',
      prefix: undefined,
      expires,
    }),
    connection: readClientConfig,
    open: openShopifyStore,
    parse: parseWithBytes,
  },
};

/** @param {Kind} kind */
function partsOf(kind) {
  if (Object.hasOwn(KINDS, kind)) return KINDS[kind];
  throw invalidArgument('the kind of the store must be "express", "koa" or "shopify"');
}

/** @param {string} data JSON */
function parseWithBytes(data) {
  return parse(data, reviverFor(data));
}

/**
 * Reads the options of a store. Opens nothing.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} options
 * @returns {{ settings: any, names: Names }}
 */
function readSettings(kind, options) {
  const { names, read } = partsOf(kind);
  const settings = read(options);
  return { settings, names: names(settings.native) };
}

/**
 * Opens a store whose table must exist. It sends nothing before its first call.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} options
 * @param {EventEmitter} events
 * @param {{ conflict?: 'error' | 'overwrite', keepsExcept?: string[] }} [own] settings that replace those of the
 *   options. `keepsExcept`: saves of sessions that were read keep the attributes that the options do not know, except
 *   these
 */
function openSessions(kind, options, events, own = {}) {
  const { connection, open, parse } = partsOf(kind);
  const { names, settings: read } = readSettings(kind, options);
  const settings = { ...read, ...own };
  const { codecs, createTable, hashIds, keepsExcept, native, operationTimeout } = settings;
  const found = connection(options, operationTimeout);
  const inFormat = { ...native, createTable, hashIds, keepsExcept, codecs: codecs?.native };
  const sessions = new SessionStore((...args) => open(inFormat, ...args), found, settings, {
    events,
    table: names.table,
    prefix: names.prefix,
    parse,
    readiness: { isReady: true },
    prepare: () => {},
  });
  return { sessions, settings, names, parse, hasClient: found.client !== undefined };
}

module.exports = { openSessions, readSettings };
