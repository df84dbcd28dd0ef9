'use strict';

/** What a test with fake timers does with each store: opens it, and makes calls of every kind. */

const { promisify } = require('node:util');

const shop = 'one.myshopify.com';

const subjects = {
  Express: {
    load: () => require('../..').DynamoDBStore,
    open: (Store, table, options) => new Store({ table, timeToLive: false, ...options }),
    async use(store) {
      await store.set('sid', { number: 1 });
      const { number } = await promisify((callback) => store.get('sid', callback))();
      await store.touch('sid', {});
      await Promise.all([store.destroy('sid'), store.get('other'), store.length()]);
      return number;
    },
  },
  Koa: {
    load: () => require('../../koa'),
    open: (Store, name, options) =>
      new Store({ table: { name, autoCreate: true, useTtlExpired: false }, ...options }),
    async use(store) {
      await store.set('sid', { number: 1 }, 60_000);
      const { number } = await store.get('sid');
      await Promise.all([store.destroy('sid'), store.get('other')]);
      await promisify((callback) => store.createTableIfDontExists(callback))();
      return number;
    },
  },
  Shopify: {
    load: () => require('../../shopify').DynamoDBSessionStorage,
    open: (Store, sessionTableName, { dynamoConfig: config, ...options }) =>
      new Store({ sessionTableName, ...(config ? { config } : {}), ...options }),
    async use(storage) {
      await storage.createTableIfNotExists();
      const session = { id: 'sid', shop, state: 'state', isOnline: false };
      await storage.storeSession(session);
      const [found] = await storage.findSessionsByShop(shop);
      await Promise.all([storage.deleteSessions(['sid']), storage.loadSession('other')]);
      return found.id === 'sid' ? 1 : 0;
    },
  },
};

module.exports = { subjects };
