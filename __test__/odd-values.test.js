'use strict';

/** Whatever a store is given, each call ends, a failure has a stable code, and `close()` ends. */

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { dynamoConfig } = require('./support/dynamodb');
const { odd, wrongWith } = require('./support/odd');
const { startStub, table } = require('./support/stub-dynamodb');

const stored = { cookie: {}, name: 'ann' };

/** Has a session under each id. */
const answers = {
  DescribeTable: ({ TableName }) =>
    table('ACTIVE', { sessions: 'id', koa: 'sessionId', shopify: 'id' }[TableName]),
  GetItem: ({ Key, TableName }) => ({ body: { Item: { ...Key, ...sessions[TableName] } } }),
};
const sessions = {
  sessions: { sess: { S: JSON.stringify(stored) } },
  koa: { session: { M: { name: { S: 'ann' }, _maxAge: { S: 'long' } } } },
  shopify: { shop: { S: 'shop' } },
};

let stub;
beforeAll(async () => {
  stub = await startStub(({ operation, body }) => answers[operation]?.(body) ?? {});
});
afterAll(() => stub.stop());

/** The session of a request that has read it. */
async function readByExpress(store) {
  const sessionStore = store;
  const request = { sessionID: 'sid', sessionStore };
  const session = store.createSession(request, await store.get('sid'));
  return Object.defineProperty(session, 'req', { value: request });
}

/** Each makes a call, or several, with an odd value. */
const subjects = {
  Express: {
    open: (options) =>
      new DynamoDBStore({
        specialKeys: [{ name: 'user', type: 'S' }],
        skipThrowMissingSpecialKeys: true,
        ...options,
      }),
    calls: {
      'get(it)': (store, it) => store.get(it),
      'get(…, it)': (store, it) => store.get('sid', typeof it === 'function' ? undefined : it),
      'set(it)': (store, it) => store.set(it, {}),
      'set(…, it)': (store, it) => store.set('sid', it),
      'set with cookie': (store, it) => store.set('sid', { cookie: it }),
      'set with cookie.maxAge': (store, it) => store.set('sid', { cookie: { maxAge: it } }),
      'set with cookie.expires': (store, it) => store.set('sid', { cookie: { expires: it } }),
      'set with a key': (store, it) => store.set('sid', { cookie: {}, name: it }),
      'set with a special key': (store, it) => store.set('sid', { cookie: {}, user: it }),
      'set with req': (store, it) =>
        store.set('sid', Object.defineProperty({ cookie: {} }, 'req', { value: it })),
      'set of what was read': async (store, it) => {
        const session = await readByExpress(store);
        session.name = it;
        await store.set('sid', session);
      },
      'set of what was read, with cookie.originalMaxAge': async (store, it) => {
        const session = await readByExpress(store);
        session.cookie.originalMaxAge = it;
        await store.set('sid', session);
      },
      'touch(it)': (store, it) => store.touch(it, {}),
      'touch(…, it)': (store, it) => store.touch('sid', it),
      'touch with cookie': (store, it) => store.touch('sid', { cookie: it }),
      'touch with cookie.maxAge': (store, it) => store.touch('sid', { cookie: { maxAge: it } }),
      'touch with cookie.expires': (store, it) => store.touch('sid', { cookie: { expires: it } }),
      'touch of what was read': async (store, it) => {
        const session = await readByExpress(store);
        session.cookie.originalMaxAge = it;
        await store.touch('sid', session);
      },
      'destroy(it)': (store, it) => store.destroy(it),
    },
    /** Calls that look at the clock. */
    timed: [(store) => store.get('sid'), (store) => store.length(), (store) => store.reap()],
  },
  Koa: {
    open: (options) => new KoaStore({ ...options, table: { name: 'koa' } }),
    calls: {
      'get(it)': (store, it) => store.get(it),
      'get(…, it)': (store, it) => store.get('sid', it),
      'get(…, …, it)': (store, it) => store.get('sid', 1000, it),
      'get with ctx': (store, it) => store.get('sid', 1000, { ctx: it }),
      'set(it)': (store, it) => store.set(it, {}, 1000),
      'set(…, it)': (store, it) => store.set('sid', it, 1000),
      'set(…, …, it)': (store, it) => store.set('sid', {}, it),
      'set(…, …, …, it)': (store, it) => store.set('sid', {}, 1000, it),
      'set with ctx': (store, it) => store.set('sid', {}, 1000, { ctx: it }),
      'set with a key': (store, it) => store.set('sid', { name: it }, 1000),
      'set with _expire': (store, it) => store.set('sid', { _expire: it }, 1000),
      'set with _maxAge': (store, it) => store.set('sid', { _expire: 1e12, _maxAge: it }, 1000),
      'set of what was read, with _expire': async (store, _expire) => {
        const ctx = {};
        const session = await store.get('sid', 1000, { ctx });
        await store.set('sid', { ...session, _expire }, 1000, { ctx, changed: false });
      },
      'set of what was read, with changed': async (store, changed) => {
        const ctx = {};
        const session = await store.get('sid', 1000, { ctx });
        await store.set('sid', session, 1000, { ctx, changed });
      },
      'destroy(it)': (store, it) => store.destroy(it),
      'destroy(…, it)': (store, it) => store.destroy('sid', it),
    },
    timed: [(store) => store.get('sid')],
  },
  Shopify: {
    open: ({ dynamoConfig: config, ...options }) =>
      new DynamoDBSessionStorage({ sessionTableName: 'shopify', config, ...options }),
    calls: {
      'storeSession(it)': (storage, it) => storage.storeSession(it),
      'storeSession with id': (storage, it) => storage.storeSession({ id: it, shop: 'shop' }),
      'storeSession with shop': (storage, it) => storage.storeSession({ id: 'sid', shop: it }),
      'storeSession with expires': (storage, it) =>
        storage.storeSession({ id: 'sid', shop: 'shop', expires: it }),
      'storeSession with refreshTokenExpires': (storage, it) =>
        storage.storeSession({ id: 'sid', refreshToken: 'token', refreshTokenExpires: it }),
      'storeSession with toObject': (storage, it) =>
        storage.storeSession({ id: 'sid', shop: 'shop', toObject: () => it }),
      'loadSession(it)': (storage, it) => storage.loadSession(it),
      'deleteSession(it)': (storage, it) => storage.deleteSession(it),
      'deleteSessions(it)': (storage, it) => storage.deleteSessions(it),
      'deleteSessions([it])': (storage, it) => storage.deleteSessions(['sid', it]),
      'findSessionsByShop(it)': (storage, it) => storage.findSessionsByShop(it),
    },
    timed: [(storage) => storage.loadSession('sid'), (storage) => storage.findSessionsByShop('a')],
  },
};

const ways = { 'from the addon': {}, 'through a client': { transport: 'client' } };

describe.each(Object.entries(subjects))('%s', (_framework, { open, calls, timed }) => {
  describe.each(Object.entries(ways))('%s', (_way, options) => {
    let store;
    beforeEach(() => {
      store = open({ dynamoConfig: { ...dynamoConfig(), endpoint: stub.endpoint }, ...options });
    });
    // Fails where a call is taken for one that is under way.
    afterEach(() => store.close());

    test.each(Object.entries(calls))('%s ends with each odd value', async (_name, call) => {
      const wrong = {};
      for (const [name, make] of Object.entries(odd)) {
        const found = await wrongWith(() => call(store, make()));
        if (found) wrong[name] = found;
      }
      expect(wrong).toEqual({});
    });

    test('a clock that is odd fails the calls that look at it, and no other', async () => {
      await timed[0](store);
      const now = jest.spyOn(Date, 'now');
      try {
        for (const make of [odd.undefined, odd.text, odd['a symbol'], odd['a date']]) {
          now.mockReturnValue(make());
          for (const call of timed) {
            await expect(call(store)).rejects.toMatchObject({ code: 'ERR_SESSION_INTERNAL' });
          }
        }
      } finally {
        now.mockRestore();
      }
      await timed[0](store);
    });
  });
});
