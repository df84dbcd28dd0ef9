'use strict';

/** The stores of each framework, as `races.js` uses them. */

const { Converter } = require('aws-sdk').DynamoDB;
const { EventEmitter } = require('node:events');
const connect = require('../..');
const KoaStore = require('../../koa');
const { dynamoConfig } = require('./dynamodb');
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
  savingOptions: [{}, { resave: true }, { rolling: true }],
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
    const { _expire, _maxAge, ...session } = Converter.unmarshall(item.session.M);
    return session;
  },
  savingOptions: [{}, { rolling: true }, { renew: true }],
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
});

module.exports = { expressSubject, fastifySubject, koaSubject };
