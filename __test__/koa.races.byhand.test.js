'use strict';

/**
 * koa-session 5, koa-generic-session and calls by hand do not tell the store which request they
 * belong to: each of their writes is unconditional, unless a `ContextStore` tells it.
 */

const Koa2 = require('koa2');
const session5 = require('koa-session-5');
const genericSession = require('koa-generic-session');
const convert = require('koa-convert');
const DynamoDBStore = require('../koa');
const { during } = require('./support/browser');
const { dynamoConfig, getItem } = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');
const { koaSubject } = require('./support/race-subjects');
const { racesOn } = require('./support/races');

let proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => {
  proxy.answered.splice(0);
});

const connection = () => ({ dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint } });

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

/** Expects these requests, without any condition. */
function expectUnconditional(...operations) {
  const answered = proxy.answered.splice(0);
  expect(answered.map(({ operation }) => operation)).toEqual(operations);
  expect(answered.map(({ body }) => body.ConditionExpression).filter(Boolean)).toEqual([]);
}

const generic = (options) => convert(genericSession(options));

describe.each([
  ['koa-session 5', koaSubject(Koa2, session5, connection)],
  [
    'koa-generic-session',
    { ...koaSubject(Koa2, generic, connection), id: (sid) => `koa:sess:${sid}` },
  ],
])('%s', (name, subject) => {
  const isGeneric = name === 'koa-generic-session';
  const races = racesOn({
    ...subject,
    sidOf: isGeneric
      ? ({ headers }) => headers['set-cookie'].join().match(/koa\.sid=([^;]+)/)[1]
      : subject.sidOf,
  });

  /** What an application has stored. */
  async function stored(sid) {
    const { cookie, ...keys } = (await races.stored(sid)) ?? {};
    return keys;
  }

  test.each(['merge', 'overwrite', 'error'])('%s: the second to save wins', async (conflict) => {
    const { browser, sid } = await races.newSession({ user: 'ann' }, { conflict });
    await during(browser, set({ cart: 1 }), () => browser.visit(set({ token: 'abc' })));
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
    expect(browser.failures).toEqual([]);
    expectUnconditional('PutItem', 'GetItem', 'GetItem', 'PutItem', 'PutItem');
  });

  test('a save brings back a session that was logged out', async () => {
    const { browser, sid } = await races.newSession({ user: 'ann' });
    await during(browser, set({ cart: 1 }), () => browser.visit((visit) => visit.logOut()));
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
    expectUnconditional('PutItem', 'GetItem', 'GetItem', 'DeleteItem', 'PutItem');
  });
});

describe('koa-session 5, with a ContextStore that passes its ctx', () => {
  const subject = koaSubject(Koa2, session5);
  const races = racesOn(subject);
  const { stored } = races;

  /** As in docs/KOA.md. */
  const contextStoreOf = (store) =>
    class ContextStore {
      constructor(ctx) {
        this.ctx = ctx;
      }
      get(key, maxAge, data) {
        return store.get(key, maxAge, { ...data, ctx: this.ctx });
      }
      set(key, session, maxAge, data) {
        return store.set(key, session, maxAge, { ...data, ctx: this.ctx });
      }
      destroy(key) {
        return store.destroy(key, { ctx: this.ctx });
      }
    };

  function newSession(keys, options, appOptions) {
    const store = subject.newStore(races.table, options);
    const ContextStore = contextStoreOf(store);
    return races.newSession(keys, {}, { ...appOptions, ContextStore }, store);
  }

  test('two requests change different keys: both changes are there', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    await during(browser, set({ cart: 1 }), () => browser.visit(set({ token: 'abc' })));
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, token: 'abc' });
  });

  test('error: the second to save is told', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict: 'error' });
    await during(browser, set({ cart: 1 }), () => browser.visit(set({ token: 'abc' })));
    expect(browser.failures).toEqual([expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' })]);
    expect(await stored(sid)).toEqual({ user: 'ann', token: 'abc' });
  });

  test.each(['merge', 'overwrite', 'error'])(
    '%s: a save brings back no session that was logged out',
    async (conflict) => {
      const { browser, sid } = await newSession({ user: 'ann' }, { conflict });
      await during(browser, set({ cart: 1 }), () => browser.visit((visit) => visit.logOut()));
      expect(await stored(sid)).toBeNull();
      expect(browser.failures).toEqual([]);
    },
  );

  test('a rolling session that was only looked at is not written', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, {}, { rolling: true });
    const before = await races.itemOf(sid);
    await browser.visit();
    expect(await races.itemOf(sid)).toEqual(before);
  });
});

describe('a store that is called by hand', () => {
  const races = racesOn(koaSubject(Koa2, session5));
  const stored = async (key) => races.stored(key);
  const stores = [];
  afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));

  function open(options) {
    const store = new DynamoDBStore({ table: { name: races.table }, ...connection(), ...options });
    stores.push(store);
    return store;
  }

  test.each(['merge', 'overwrite', 'error'])('%s: the object that was read', async (conflict) => {
    const store = open({ conflict });
    await store.set('changed', { user: 'ann' }, 60_000);
    const read = await store.get('changed');
    await store.set('changed', { user: 'ben' }, 60_000);
    read.cart = 1;
    await store.set('changed', read, 60_000);
    expect(await stored('changed')).toEqual({ user: 'ann', cart: 1 });
    await store.destroy('changed');
    await store.set('changed', read, 60_000);
    await store.set('changed', read, 60_000);
    expect(await stored('changed')).toEqual({ user: 'ann', cart: 1 });
    const again = ['DeleteItem', 'PutItem', 'PutItem'];
    expectUnconditional('PutItem', 'GetItem', 'PutItem', 'PutItem', ...again);
  });

  test('what koa-session says of a change, without its ctx', async () => {
    const store = open({ touchInterval: 3_600_000 });
    await store.set('said', { user: 'ann' }, 60_000, { changed: true });
    const read = await store.get('said', 60_000, { rolling: true });
    await store.set('said', { ...read, cart: 1 }, 60_000, { changed: false, rolling: true });
    expect(await stored('said')).toEqual({ user: 'ann', cart: 1 });
    expectUnconditional('PutItem', 'GetItem', 'PutItem');
  });

  test('under another key than the one that was read, with its ctx', async () => {
    const store = open();
    const ctx = {};
    await store.set('one', { user: 'ann' }, 60_000);
    const read = await store.get('one', 60_000, { ctx });
    await store.set('another', read, 60_000, { ctx, changed: true });
    expect(await getItem(races.table, 'another', 'sessionId')).toHaveProperty('_v');
    expectUnconditional('PutItem', 'GetItem', 'PutItem');
  });
});
