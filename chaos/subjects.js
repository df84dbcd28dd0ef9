'use strict';

/**
 * The stores under test, each with the operations that a lane can ask of it: sessions by hand, as any
 * code may use a store, and sessions of requests, as express-session and koa-session use one.
 */

// Their declarations have no constructors that an application could call.
const { Cookie, Session: RequestSession } = /** @type {any} */ (require('express-session'));
require('@shopify/shopify-api/adapters/node');
const { Session } = require('@shopify/shopify-api');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { handleOf } = require('../lib/handle');
const { hashOf, newSecret } = require('../__test__/support/hashed-ids');
const { KEY, openCoded } = require('./coded');
const { ENDED_BEFORE, sorted } = require('./model/session');

/** Milliseconds: thirty days, which no jump of a clock comes near. */
const LONG = 30 * 86_400_000;

/** Milliseconds. */
const MINUTE = 60_000;

/** The keys of a session that are no part of what the model looks at. */
const BESIDE = new Set(['cookie', 'sid', 'fill', '_expire', '_maxAge']);

/**
 * The options of every store. `guarded`: with the options for secrets and for users. `isAhead`: in a rotation of the
 * secrets of ids.
 *
 * @typedef {{ dynamoConfig: object, guarded?: boolean, isAhead?: boolean, [option: string]: any }} Connection
 */

/** The options for secrets, of all stores. */
const SECRETS = { compress: true, encryption: { keys: [KEY.toString('base64')] } };

/** The secrets of the option for ids. A process that is ahead in a rotation writes with the last one. */
const ID_SECRETS = [newSecret(), newSecret('n')];

/** The options for users. No session of a run lives as long as the absolute lifetime. */
const USERS = { absoluteTtl: 1000 * LONG, indexes: { sid: { value: 'sid' } } };

/** The options of a store for Express or Koa. @param {Connection} connection */
const web = ({ guarded, isAhead, ...connection }) => ({
  ...connection,
  ...(guarded && { ...SECRETS, ...USERS, hashIds: hashIds(isAhead) }),
});

/** @param {boolean | undefined} isAhead */
const hashIds = (isAhead) => ({
  secret: isAhead ? ID_SECRETS.toReversed() : ID_SECRETS,
  migrate: true,
});

/**
 * What a lane works on.
 *
 * @typedef {object} Subject
 * @property {string} table one of `TABLES`
 * @property {boolean} [ends] whether a session that has ended is none; one of Shopify's is still read
 * @property {Record<string, number>} mix its operations, each as often as the number says
 * @property {(table: string, connection: Connection) => any} open
 * @property {Record<string, (store: any, sid: string, input?: any) => Promise<any>>} operations
 */

/** The attribute that is the key of each table. @type {Record<string, string>} */
const TABLES = { byhand: 'id', requests: 'id', koa: 'sessionId', shopify: 'id' };

/** A session that tells whose it is. @param {string} sid @param {object} keys @param {number} size */
const filled = (sid, keys, size) => ({ ...keys, sid, fill: 'x'.repeat(size) });

/**
 * What a session holds, for the model.
 *
 * @param {string} sid
 * @param {any} session
 * @returns {any} no value of the model where it is the session of another id
 */
function contents(sid, session) {
  if (session === null || session === undefined) return null;
  if (session.sid !== sid) return { foreign: session.sid ?? null };
  return sorted(Object.fromEntries(Object.entries(session).filter(([key]) => !BESIDE.has(key))));
}

/**
 * Calls a method with a callback, and counts how often that is called.
 *
 * @param {any} store
 * @param {string} method
 * @param {any[]} args
 */
function called(store, method, ...args) {
  return new Promise((resolve, reject) => {
    let calls = 0;
    store[method](...args, (/** @type {any} */ error, /** @type {any} */ result) => {
      calls += 1;
      if (calls > 1) /** @type {import('node:events')} */ (process).emit('doubled', method);
      if (error) reject(error);
      else resolve(result);
    });
  });
}

/** @type {Subject} */
const express = {
  table: 'byhand',
  ends: true,
  mix: { read: 40, write: 26, touch: 14, destroy: 8, all: 4, length: 3, reap: 4, clear: 1 },
  open: (table, connection) => new DynamoDBStore({ table, prefix: '', ...web(connection) }),
  operations: {
    read: async (store, sid) => contents(sid, await called(store, 'get', sid)),
    write: (store, sid, { value, end, size }) =>
      called(store, 'set', sid, { cookie: cookieUntil(end), ...filled(sid, value, size) }),
    touch: async (store, sid, { end }) =>
      (await called(store, 'touch', sid, { cookie: cookieUntil(end) })) !== undefined,
    destroy: (store, sid) => called(store, 'destroy', sid),
    all: async (store) => {
      const sessions = await called(store, 'all');
      return Object.fromEntries(
        sessions.map((/** @type {any} */ { id, ...session }) => {
          const handles = keysOf('express', session.sid, true).map(handleOf);
          const sid = handles.includes(id) ? session.sid : id;
          return [sid, contents(sid, session)];
        }),
      );
    },
    length: (store) => called(store, 'length'),
    reap: (store) => called(store, 'reap'),
    clear: (store) => called(store, 'clear'),
  },
};

/** @param {number} end */
const cookieUntil = (end) => ({ path: '/', expires: new Date(end * 1000) });

/** What requests do, each as often as the number says. */
const REQUESTS = { look: 25, request: 40, twice: 20, again: 4, unchanged: 8, destroy: 7 };

/**
 * What a session of a request holds, for the model, with its lifetime in minutes.
 *
 * @param {string} sid
 * @param {any} session
 * @param {number} lifetime milliseconds
 */
function withLifetime(sid, session, lifetime) {
  const value = contents(sid, session);
  if (value === null || 'foreign' in value) return value;
  return sorted({ ...value, lifetime: Math.round(lifetime / MINUTE) });
}

/** Requests of express-session. @param {'merge' | 'overwrite' | 'error'} conflict @returns {Subject} */
function expressRequests(conflict) {
  /**
   * What express-session does with a session that a request has.
   *
   * @param {any} store
   * @param {string} sid
   * @returns {any}
   */
  const requestOf = (store, sid) => ({ sessionStore: store, sessionID: sid });
  const kept = (/** @type {any} */ session) => JSON.parse(JSON.stringify(session));
  return {
    table: 'requests',
    mix: REQUESTS,
    open: (table, connection) =>
      new DynamoDBStore({ table, prefix: '', conflict, touchInterval: 0, ...web(connection) }),
    operations: {
      begin: async (store, sid) => {
        const found = await called(store, 'get', sid);
        if (!found) return { found: null, session: null };
        const session = store.createSession(requestOf(store, sid), found);
        const { originalMaxAge } = session.cookie;
        return { found: withLifetime(sid, kept(session), originalMaxAge), session };
      },
      create: async (store, sid, { keys, lifetime, size }) => {
        const request = requestOf(store, sid);
        const cookie = new Cookie({ maxAge: lifetime * MINUTE });
        request.session = new RequestSession(request, { cookie });
        return Object.assign(request.session, filled(sid, keys, size));
      },
      save: (store, sid, { session, keys, lifetime }) => {
        if (lifetime !== undefined) session.cookie.maxAge = lifetime * MINUTE;
        return called(store, 'set', sid, Object.assign(session, keys));
      },
      destroy: (store, sid) => called(store, 'destroy', sid),
    },
  };
}

/** @param {string} table @param {Connection} connection @param {object} [more] */
const newKoaStore = (table, connection, more = {}) =>
  new KoaStore({ table: { name: table }, ...web(connection), ...more });

/** @type {Subject} */
const koa = {
  table: 'koa',
  ends: true,
  mix: { read: 45, write: 40, destroy: 15 },
  open: newKoaStore,
  operations: {
    read: async (store, sid) => contents(sid, await store.get(sid)),
    write: (store, sid, { value, end, size }) =>
      store.set(sid, filled(sid, value, size), end < ENDED_BEFORE ? -LONG : LONG),
    destroy: (store, sid) => store.destroy(sid),
  },
};

/** Requests of koa-session 7. A session of one has the `ctx` of the request. @type {Subject} */
const koaRequests = {
  table: 'koa',
  mix: REQUESTS,
  open: (table, connection) =>
    newKoaStore(table, connection, { conflict: 'merge', touchInterval: 0 }),
  operations: {
    begin: async (store, sid) => {
      const ctx = {};
      const session = (await store.get(sid, LONG, { ctx })) ?? null;
      const found = withLifetime(sid, session, session?._maxAge);
      return { found, session: session && { session, ctx } };
    },
    create: async (_store, sid, { keys, lifetime, size, of }) => ({
      session: { ...filled(sid, keys, size), _maxAge: lifetime * MINUTE },
      ctx: of?.ctx ?? {},
    }),
    save: (store, sid, { session: { session, ctx }, keys, lifetime }) => {
      if (lifetime !== undefined) session._maxAge = lifetime * MINUTE;
      Object.assign(session, keys, { _expire: Date.now() + session._maxAge });
      return store.set(sid, session, session._maxAge, { ctx, changed: keys !== undefined });
    },
    destroy: (store, sid, { of } = {}) => store.destroy(sid, of && { ctx: of.ctx }),
  },
};

/** @type {Subject} */
const shopify = {
  table: 'shopify',
  mix: { read: 45, write: 38, destroy: 12, destroyMany: 5 },
  open: (sessionTableName, { dynamoConfig: config, guarded, isAhead, ...connection }) =>
    new DynamoDBSessionStorage({
      sessionTableName,
      config,
      ...connection,
      ...(guarded && SECRETS),
    }),
  operations: {
    async read(storage, sid) {
      const session = await storage.loadSession(sid);
      return session ? contents(sid, { sid: session.id, ...JSON.parse(session.state) }) : null;
    },
    write: (storage, sid, { value, size }) =>
      storage.storeSession(
        new Session({
          id: sid,
          shop: 'one.myshopify.com',
          state: JSON.stringify(value),
          isOnline: false,
          accessToken: 'x'.repeat(size),
        }),
      ),
    destroy: (storage, sid) => storage.deleteSession(sid),
    destroyMany: (storage, _sid, { sids }) => storage.deleteSessions(sids),
  },
};

/** @type {Record<string, Subject>} */
const SUBJECTS = {
  express,
  merge: expressRequests('merge'),
  overwrite: expressRequests('overwrite'),
  error: expressRequests('error'),
  koa,
  koaRequests,
  shopify,
};

/**
 * The session in an item, for the model; `null` for none.
 *
 * @param {string} name of a subject
 * @param {string} sid
 * @param {any} item in DynamoDB's JSON
 * @param {string} table the name of the table
 */
function inspect(name, sid, item, table) {
  if (!item) return null;
  const key = item[TABLES[SUBJECTS[name].table]].S;
  const open = (/** @type {string} */ layout, /** @type {{ B: Uint8Array }} */ { B }) =>
    openCoded(Buffer.from(B), layout, table, key);
  if (name === 'shopify') {
    const session = item._s ? open('shopify', item._s) : { state: item.state.S };
    return contents(sid, { sid, ...JSON.parse(session.state) });
  }
  const isKoa = SUBJECTS[name].table === 'koa';
  const end = Number(item.expires?.N);
  if (isKoa) {
    const read = () => (item.session.B ? open('koa', item.session) : plain(item.session));
    const session = end * 1000 < Date.now() ? null : read();
    return name === 'koa' ? contents(sid, session) : withLifetime(sid, session, session?._maxAge);
  }
  const session = item.sess.B ? open('connect', item.sess) : JSON.parse(item.sess.S);
  if (name === 'express') return { value: contents(sid, session), end };
  return withLifetime(sid, session, session.cookie.originalMaxAge);
}

/** @param {any} attribute a map with texts and numbers in it */
function plain(attribute) {
  const entries = Object.entries(/** @type {Record<string, any>} */ (attribute.M));
  return Object.fromEntries(entries.map(([key, { S, N }]) => [key, S ?? Number(N)]));
}

/**
 * The keys under which a session may be.
 *
 * @param {string} name of the subject
 * @param {string} sid
 * @param {boolean} guarded
 */
function keysOf(name, sid, guarded) {
  if (!guarded || name === 'shopify') return [sid];
  return ID_SECRETS.map((secret) => hashOf(sid, secret));
}

module.exports = { SUBJECTS, TABLES, inspect, keysOf };
