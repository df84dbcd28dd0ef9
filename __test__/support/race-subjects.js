'use strict';

/** The stores of each framework, as `races.js` uses them. */

const { EventEmitter } = require('node:events');
const connect = require('../..');
const KoaStore = require('../../koa');
const { dynamoConfig, plain } = require('./dynamodb');
const { expressApp, fastifyApp, koaApp } = require('./race-apps');

const { DynamoDBStore } = connect;

/**
 * express-session.
 *
 * @param {() => object} [connection] the options of a store that say where DynamoDB is
 * @returns {import('./races').Subject}
 */
const expressSubject = (connection = () => ({ dynamoConfig: dynamoConfig() })) => ({
  hashKey: 'id',
  newStore: (table, options) =>
    new DynamoDBStore({ table, initialized: true, ...connection(), ...options }),
  newApp: expressApp,
  sidOf: ({ body }) => body.sid,
  id: (sid) => `sess:${sid}`,
  sessionIn({ sess }) {
    const { cookie, ...session } = JSON.parse(sess.S);
    return session;
  },
  isText: true,
  savingOptions: [{}, { resave: true }, { rolling: true }],
  touchingOptions: {},
  lasting: (maxAge) => ({ cookie: { maxAge } }),
  withId: (id) => ({ genid: () => id }),
  setByHand(store, sid, keys) {
    const { Cookie } = require('express-session');
    return store.set(sid, { cookie: new Cookie(), ...keys });
  },
  setLifetime({ session }, milliseconds) {
    session.cookie.maxAge = milliseconds;
  },
  clockIn({ sess, _e: exact }) {
    const { cookie } = JSON.parse(sess.S);
    const end = exact ? Number(exact.N) : Date.parse(cookie.expires);
    // express-session looks at the clock twice for the lifetime.
    return { lifetime: Math.round(cookie.originalMaxAge / 1000), end, lag: 0 };
  },
});

/**
 * koa-session.
 *
 * @param {new () => any} Koa
 * @param {any} module koa-session
 * @param {() => object} [connection] the options of a store that say where DynamoDB is
 * @returns {import('./races').Subject}
 */
const koaSubject = (Koa, module, connection = () => ({ dynamoConfig: dynamoConfig() })) => ({
  hashKey: 'sessionId',
  newStore: (name, options) => new KoaStore({ table: { name }, ...connection(), ...options }),
  newApp: (store, options) =>
    koaApp(Koa, module.createSession ?? module.default ?? module, store, options),
  sidOf: ({ headers }) => headers['set-cookie'].join().match(/koa[.:]sess=([^;]+)/)[1],
  id: (sid) => sid,
  sessionIn(item) {
    const { _expire, _maxAge, ...session } = plain(item.session);
    return session;
  },
  savingOptions: [{}, { rolling: true }, { renew: true }],
  touchingOptions: { rolling: true },
  lasting: (maxAge = 'session') => ({ maxAge }),
  withId: (id) => ({ genid: () => id }),
  setByHand: (store, sid, keys) => store.set(sid, keys, 3_600_000),
  setLifetime({ session }, milliseconds) {
    session.maxAge = milliseconds;
  },
  clockIn({ session, expires }) {
    const { _expire, _maxAge } = plain(session);
    // koa-session 6 has the table keep a session for 10 seconds more.
    const lag = Number(expires.N) - Math.floor(_expire / 1000) === 10 ? 10 : 0;
    return { lifetime: _maxAge / 1000, end: _expire, lag };
  },
});

/**
 * @fastify/session.
 *
 * @param {() => object} [connection] the options of a store that say where DynamoDB is
 * @param {any} [Store] that the class is made on
 * @returns {import('./races').Subject}
 */
const fastifySubject = (
  connection = () => ({ dynamoConfig: dynamoConfig() }),
  Store = EventEmitter,
) => ({
  ...expressSubject(connection),
  newStore: (table, options) => {
    const StoreOfFastify = connect({ Store });
    return new StoreOfFastify({ table, initialized: true, ...connection(), ...options });
  },
  newApp: fastifyApp,
  savingOptions: [{}, { rolling: false }],
  withId: (id) => ({ idGenerator: () => id }),
});

module.exports = { expressSubject, fastifySubject, koaSubject };
