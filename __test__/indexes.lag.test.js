'use strict';

/** The option `indexes`, with an index that is behind the table: each index is eventually consistent. */

const { once } = require('node:events');
const { DynamoDBStore } = require('..');
const { Cookie } = require('express-session');
const { dynamoConfig, getItem } = require('./support/dynamodb');
const { newIndexedTable } = require('./support/indexes');
const { startProxy } = require('./support/proxy-dynamodb');

let proxy;
let table;
/** The answers of the index, changed by the test. */
let view = (items) => items;
beforeAll(async () => {
  proxy = await startProxy();
  table = await newIndexedTable({ hashKey: 'id' });
});
afterAll(() => proxy.stop());

const stores = [];
beforeEach(() => {
  view = (items) => items;
  proxy.hooks.before = () => {};
  proxy.hooks.changes = ({ operation }, answer) =>
    operation === 'Query' ? { ...answer, Items: view(answer.Items) } : answer;
});
afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));

function newStore(options) {
  const store = new DynamoDBStore({
    table,
    initialized: true,
    dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint },
    indexes: { user: { value: 'user', ...options } },
  });
  stores.push(store);
  return store;
}

let users = 0;
const newUser = () => `user-${++users}`;
const session = (user, maxAge = 60_000) => {
  const cookie = new Cookie();
  cookie.maxAge = maxAge;
  return { cookie, user };
};
const exists = async (sid) => (await getItem(table, `sess:${sid}`)) !== undefined;
const hide =
  (...sids) =>
  (items) =>
    items.filter(({ id }) => !sids.some((sid) => id.S === `sess:${sid}`));

test('destroyOf() looks again, and finds the login of a moment before', async () => {
  const [store, ann] = [newStore(), newUser()];
  await store.set('a1', session(ann));
  await store.set('a2', session(ann));
  view = hide('a2');
  proxy.hooks.before = ({ operation }) => {
    // The index has caught up while the first session is destroyed.
    if (operation === 'DeleteItem') view = (items) => items;
  };
  expect(await store.destroyOf('user', ann)).toBe(2);
  expect([await exists('a1'), await exists('a2')]).toEqual([false, false]);
});

test('a login that the index does not show by then stays', async () => {
  const [store, ann] = [newStore(), newUser()];
  await store.set('b1', session(ann));
  await store.set('b2', session(ann));
  view = hide('b2');
  expect(await store.destroyOf('user', ann)).toBe(1);
  expect([await exists('b1'), await exists('b2')]).toEqual([false, true]);
});

test('destroyOf() ends, also if the index never forgets what it has destroyed', async () => {
  const [store, ann] = [newStore(), newUser()];
  await store.set('c1', session(ann));
  let stale;
  view = (items) => {
    stale ??= items;
    return stale;
  };
  expect(await store.destroyOf('user', ann)).toBe(1);
  expect(await store.destroyOf('user', ann)).toBe(0);
});

test('destroyOf() ends with an index that shows more sessions each time', async () => {
  const [store, ann] = [newStore(), newUser()];
  let reads = 0;
  view = () => {
    reads += 1;
    return [{ id: { S: `sess:none-${reads}` }, _c: { N: '1' } }];
  };
  expect(await store.destroyOf('user', ann)).toBe(0);
  expect(reads).toBe(10);
});

test('a session that has another user meanwhile is not destroyed', async () => {
  const [store, ann, bob] = [newStore(), newUser(), newUser()];
  await store.set('d1', session(ann));
  let stale;
  view = (items) => {
    stale = items;
    return items;
  };
  await store.sessionsOf('user', ann);
  await store.set('d1', session(bob));
  view = () => stale;
  expect(await store.destroyOf('user', ann)).toBe(0);
  expect(await store.get('d1')).toMatchObject({ user: bob });
});

test('a session whose end the index does not know yet is destroyed', async () => {
  const [store, ann] = [newStore(), newUser()];
  await store.set('e1', session(ann));
  view = (items) => items.map((item) => ({ ...item, expires: { N: '1' }, _e: undefined }));
  expect(await store.sessionsOf('user', ann)).toEqual([]);
  await store.destroyOf('user', ann);
  expect(await exists('e1')).toBe(false);
});

test('max counts the saved session, also if the index does not show it', async () => {
  const [store, ann] = [newStore({ max: 1 }), newUser()];
  await store.set('f1', session(ann));
  view = hide('f2');
  await store.set('f2', session(ann));
  expect([await exists('f1'), await exists('f2')]).toEqual([false, true]);
});

test('max holds up to the delay of the index, and again with the next login', async () => {
  const [store, ann] = [newStore({ max: 1 }), newUser()];
  view = hide('g1', 'g2');
  await Promise.all([store.set('g1', session(ann)), store.set('g2', session(ann))]);
  expect([await exists('g1'), await exists('g2')]).toEqual([true, true]);
  view = (items) => items;
  await store.set('g3', session(ann));
  expect([await exists('g1'), await exists('g2'), await exists('g3')]).toEqual([
    false,
    false,
    true,
  ]);
});

test('a failure to end the oldest session is a warning: the session was saved', async () => {
  const [store, ann] = [newStore({ max: 1 }), newUser()];
  await store.set('h1', session(ann));
  proxy.hooks.before = ({ operation }) => {
    if (operation === 'Query') view = () => 'no list';
  };
  const warned = once(store, 'warning');
  await store.set('h2', session(ann));
  expect(await warned).toMatchObject([{ code: expect.any(String) }]);
});

test('close() waits for destroyOf() and for the end of the oldest session', async () => {
  const [store, ann] = [newStore({ max: 1 }), newUser()];
  await store.set('i1', session(ann));
  const saved = store.set('i2', session(ann));
  const closed = store.close();
  await Promise.all([saved, closed]);
  expect([await exists('i1'), await exists('i2')]).toEqual([false, true]);
  const other = newStore();
  const destroyed = other.destroyOf('user', ann);
  await other.close();
  expect(await destroyed).toBe(1);
  await expect(other.destroyOf('user', ann)).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
  await expect(other.sessionsOf('user', ann)).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
});
