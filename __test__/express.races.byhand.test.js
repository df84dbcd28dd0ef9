'use strict';

/** A store that is called by hand, as `@fastify/session` does it: each write is unconditional. */

const { promisify } = require('node:util');
const session = require('express-session');
const { DynamoDBStore } = require('..');
const { dynamoConfig, getItem, newTable } = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');
const { storesOf } = require('./support/stores');

const { newStore } = storesOf(DynamoDBStore, { initialized: true });

let table;
let proxy;
beforeAll(async () => {
  table = await newTable();
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => {
  proxy.answered.splice(0);
});

const open = (options) =>
  newStore({ table, dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint }, ...options });
const newCookie = () => new session.Cookie({ maxAge: 3_600_000 });

/** What the table has of a session; `undefined` where it is gone. */
async function stored(sid) {
  const item = await getItem(table, `sess:${sid}`);
  if (!item) return undefined;
  const { cookie, ...keys } = JSON.parse(item.sess.S);
  return keys;
}

/** Expects requests without any condition, but for that of a touch. */
function expectUnconditional(...operations) {
  const answered = proxy.answered.splice(0);
  expect(answered.map(({ operation }) => operation)).toEqual(operations);
  const conditions = answered
    .filter(({ operation }) => operation !== 'UpdateItem')
    .map(({ body }) => body.ConditionExpression);
  expect(conditions).toEqual(conditions.map(() => undefined));
}

describe.each(['merge', 'overwrite', 'error'])('%s:', (conflict) => {
  test('the very object that was read is written, whatever is there', async () => {
    const store = open({ conflict });
    await store.set('changed', { cookie: newCookie(), user: 'ann' });
    const read = await store.get('changed');
    await store.set('changed', { cookie: newCookie(), user: 'ben' });
    read.cart = 1;
    await store.set('changed', read);
    expect(await stored('changed')).toEqual({ user: 'ann', cart: 1 });
    expectUnconditional('PutItem', 'GetItem', 'PutItem', 'PutItem');
  });

  test('and written again after it was destroyed', async () => {
    const store = open({ conflict });
    await store.set('destroyed', { cookie: newCookie(), user: 'ann' });
    const read = await store.get('destroyed');
    await store.destroy('destroyed');
    read.cart = 1;
    await store.set('destroyed', read);
    expect(await stored('destroyed')).toEqual({ user: 'ann', cart: 1 });
    await store.destroy('destroyed');
    await store.set('destroyed', read);
    expect(await stored('destroyed')).toEqual({ user: 'ann', cart: 1 });
    expectUnconditional('PutItem', 'GetItem', 'DeleteItem', 'PutItem', 'DeleteItem', 'PutItem');
  });

  test('and written although nothing has changed', async () => {
    const store = open({ conflict });
    await store.set('same', { cookie: newCookie(), user: 'ann' });
    const read = await store.get('same');
    await store.set('same', read);
    await store.set('same', read);
    expectUnconditional('PutItem', 'GetItem', 'PutItem', 'PutItem');
  });

  test('under another id', async () => {
    const store = open({ conflict });
    await store.set('one', { cookie: newCookie(), user: 'ann' });
    const read = await store.get('one');
    await store.set('another', read);
    expect(await stored('another')).toEqual({ user: 'ann' });
    expectUnconditional('PutItem', 'GetItem', 'PutItem');
  });
});

test('each touch is written, whatever touchInterval says', async () => {
  const store = open({ touchInterval: 3_600_000 });
  await store.set('touched', { cookie: newCookie(), user: 'ann' });
  const read = await store.get('touched');
  const { expires } = await store.touch('touched', { ...read, cookie: newCookie() });
  await store.touch('touched', { ...read, cookie: newCookie() });
  expect(Number((await getItem(table, 'sess:touched')).expires.N)).toBeGreaterThanOrEqual(expires);
  expectUnconditional('PutItem', 'GetItem', 'UpdateItem', 'UpdateItem');
});

test('a touch of what is gone writes nothing, and has no end', async () => {
  const store = open();
  expect(await store.touch('gone', { cookie: newCookie() })).toBeUndefined();
  expect(await stored('gone')).toBeUndefined();
});

test('what store.load gives is a session that was read, as of a request', async () => {
  const store = open();
  await store.set('loaded', { cookie: newCookie(), user: 'ann' });
  const load = async () => promisify(store.load.bind(store))('loaded');
  const save = (loaded) => promisify(loaded.save.bind(loaded))();
  const [one, other, late] = [await load(), await load(), await load()];
  one.cart = 1;
  await save(one);
  other.token = 'abc';
  await save(other);
  expect(await stored('loaded')).toEqual({ user: 'ann', cart: 1, token: 'abc' });
  await store.destroy('loaded');
  late.cart = 2;
  await save(late);
  expect(await stored('loaded')).toBeUndefined();
});

/** The part of `@fastify/session` that uses a store: a session of its own around what was read. */
class OwnSession {
  constructor(store, sessionId, read) {
    Object.defineProperty(this, 'sessionStore', { value: store });
    Object.defineProperty(this, 'sessionId', { value: sessionId });
    Object.assign(this, read, { cookie: new session.Cookie(read.cookie) });
  }

  save() {
    return new Promise((resolve, reject) => {
      this.sessionStore.set(this.sessionId, this, (error) => (error ? reject(error) : resolve()));
    });
  }
}

test('a framework with sessions of its own: the second to save wins', async () => {
  const store = open();
  await new OwnSession(store, 'own', { cookie: newCookie(), user: 'ann' }).save();
  const read = async () => new OwnSession(store, 'own', await store.get('own'));
  const [one, other] = [await read(), await read()];
  one.cart = 1;
  await one.save();
  other.token = 'abc';
  await other.save();
  expect(await stored('own')).toEqual({ user: 'ann', token: 'abc' });
  await store.destroy('own');
  await one.save();
  expect(await stored('own')).toEqual({ user: 'ann', cart: 1 });
  expect(proxy.answered.map(({ body }) => body.ConditionExpression).filter(Boolean)).toEqual([]);
});
