'use strict';

/** Sessions that are no JSON: the error names the place of the first value that is to blame. */

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { storesOf } = require('./support/stores');

const { keep } = storesOf(DynamoDBStore);

const fails = () => {
  throw new Error('the words of the application');
};

/** A session in which an object refers to one that it is in. */
function cycle() {
  const session = { user: { name: 'Ada', friends: [{ name: 'Bob' }] } };
  session.user.friends.push({ of: session.user });
  return session;
}

function deep() {
  let inner = {};
  for (let level = 0; level < 50_000; level += 1) inner = { inner };
  return { inner };
}

const cases = [
  [
    'a BigInt',
    () => ({ cart: [{}, {}, {}, { price: 5n }] }),
    'session.cart[3].price is a BigInt: store a number or text',
  ],
  ['a key that may be data', () => ({ 'ann@a.b': { last: 5n } }), 'session[…].last is a BigInt'],
  ['a long key', () => ({ last: { ['a'.repeat(41)]: 5n } }), 'session.last[…] is a BigInt'],
  [
    'a BigInt in typed numbers',
    () => ({ ids: new BigInt64Array(2) }),
    'session.ids[…] is a BigInt',
  ],
  ['a cycle', cycle, 'session.user.friends[1].of refers back to session.user, which makes a cycle'],
  [
    'a cycle around all of it',
    () => {
      const session = { a: {} };
      session.a.all = session;
      return session;
    },
    'session.a.all refers back to session, which makes a cycle',
  ],
  [
    'a toJSON that throws',
    () => ({ fine: 1, user: { toJSON: fails } }),
    'session.user has a "toJSON" that throws',
  ],
  [
    'a date that is none',
    () => ({ at: { last: Object.assign(new Date(0), { toJSON: fails }) } }),
    'session.at.last has a "toJSON" that throws',
  ],
  [
    'a getter that throws',
    () => ({ user: Object.defineProperty({}, 'name', { get: fails, enumerable: true }) }),
    'session.user.name has a getter that throws',
  ],
  [
    'a BigInt that a toJSON gives',
    () => ({ user: { toJSON: () => 5n } }),
    'session.user is a BigInt',
  ],
  [
    'a toJSON of its own',
    () => ({ toJSON: () => 'text' }),
    'its "toJSON" does not return an object',
  ],
  ['an array', () => [1], 'it is an array'],
];

/** A `set` that sends nothing. */
const setting = (session) => keep(new DynamoDBStore({ initialized: true })).set('sid', session);

test.each(cases)('%s', async (_what, session, place) => {
  await expect(setting(session())).rejects.toThrow(
    expect.objectContaining({
      code: 'ERR_SESSION_SERIALIZE',
      message: expect.stringContaining(`the session cannot be written as JSON: ${place}`),
    }),
  );
});

test.each([
  ['nested too deeply', deep],
  ['a Proxy that throws', () => new Proxy({}, { ownKeys: fails, get: () => undefined })],
])('%s has no place', async (_what, session) => {
  await expect(setting(session())).rejects.toThrow(
    expect.objectContaining({ message: 'the session cannot be written as JSON' }),
  );
});

test('an object that is there twice is no cycle', async () => {
  const both = { a: 1 };
  const session = { one: both, other: both, last: 5n };
  await expect(setting(session)).rejects.toThrow('session.last is a BigInt');
});

test('a store says so, and what the application throws is the cause alone', async () => {
  const store = keep(new DynamoDBStore({ initialized: true }));
  const error = await store
    .set('sid', { cookie: {}, user: { toJSON: fails } })
    .catch((each) => each);
  expect(error.message).toBe(
    'the session cannot be written as JSON: session.user has a "toJSON" that throws',
  );
  expect(error.cause.message).toBe('the words of the application');
});

test('so does the store of Koa', async () => {
  const store = keep(new KoaStore({ table: { name: 'sessions' } }));
  await expect(store.set('sid', cycle(), 1000)).rejects.toThrow(
    'friends[1].of refers back to session.user, which makes a cycle',
  );
});
