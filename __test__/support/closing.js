'use strict';

/** Many calls on a store that is about to be closed, and all calls on one that is: for each store. */

const assert = require('node:assert');
const { promisify } = require('node:util');
const { DynamoDBStore } = require('../..');
const KoaStore = require('../../koa');
const { DynamoDBSessionStorage } = require('../../shopify');

/** What `calls` gives for each number below `count`, all in one. */
const forMany = (count, calls) =>
  Array.from({ length: count }, (_, number) => calls(number)).flat();

/** Each makes four times `count` calls by `calls`, and checks their outcomes. */
const subjects = {
  Express: {
    open: async (table, options) => new DynamoDBStore({ table, ...options }),
    calls: (store, count) =>
      forMany(count, (number) => {
        const sid = `sid${number}`;
        const session = { number, cookie: { maxAge: 60_000 } };
        // With a callback, the methods give no promise.
        const get = promisify((callback) => store.get(sid, callback));
        return [
          promisify((callback) => store.set(sid, session, callback))(),
          get().then((found) => assert.equal(found.number, number)),
          store.touch(sid, session).then((found) => assert.ok(found.expires)),
          store.destroy(sid),
        ];
      }),
    closed: (store) => [
      store.get('sid'),
      promisify((callback) => store.get('sid', callback))(),
      store.set('sid', {}),
      store.touch('sid', {}),
      store.destroy('sid'),
      store.all(),
      store.length(),
      store.ids(),
      store.clear(),
      store.reap(),
      store.describeSessionsTable(),
      store.createSessionsTable(),
      store.initialize(),
    ],
    creating: (store) => store.initialize(),
  },
  Koa: {
    open: async (name, options) =>
      new KoaStore({ table: { name, autoCreate: true, useTtlExpired: false }, ...options }),
    calls: (store, count) =>
      forMany(count, (number) => {
        const sid = `sid${number}`;
        const check = (found) => assert.equal(found.number, number);
        return [
          store.set(sid, { number }, 60_000),
          store.get(sid).then(check),
          store.get(sid).then(check),
          store.destroy(sid),
        ];
      }),
    closed: (store) => [
      store.get('sid'),
      store.set('sid', {}, 60_000),
      store.destroy('sid'),
      store.createTable(),
      store.createTableIfDontExists(),
      promisify((callback) => store.createTableIfDontExists(callback))(),
      store.isTableCreated(),
      store.setTtlField(),
    ],
    creating: (store) => store.createTableIfDontExists(),
  },
  Shopify: {
    open: async (sessionTableName, { dynamoConfig: config, ...options }) => {
      const storage = new DynamoDBSessionStorage({ sessionTableName, config, ...options });
      await storage.createTableIfNotExists();
      return storage;
    },
    calls: (storage, count) =>
      forMany(count, (number) => {
        const id = `sid${number}`;
        const shop = `shop${number}`;
        return [
          storage.storeSession({ id, shop, state: 'state', isOnline: false }),
          storage.loadSession(id).then((found) => assert.equal(found.shop, shop)),
          storage
            .findSessionsByShop(`none${number}`)
            .then((found) => assert.equal(found.length, 0)),
          storage.deleteSessions([id]),
        ];
      }),
    closed: (storage) => [
      storage.storeSession({ id: 'sid' }),
      storage.loadSession('sid'),
      storage.findSessionsByShop('shop'),
      storage.deleteSession('sid'),
      storage.deleteSessions(['sid']),
      storage.createTableIfNotExists(),
    ],
    creating: (storage) => storage.createTableIfNotExists(),
  },
};

module.exports = { subjects };
