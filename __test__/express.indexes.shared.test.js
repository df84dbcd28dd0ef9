'use strict';

/** Indexes on a table that others use too: other stores with other prefixes, other applications. */

const { randomUUID } = require('node:crypto');
const { DynamoDBStore } = require('..');
const { items, newTable, putItem } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { startProxy } = require('./support/proxy-dynamodb');
const { dynamoConfig } = require('./support/dynamodb');

const { newStore } = storesOf(DynamoDBStore, { initialized: true });

const attribute = 'user';
const index = 'user-index';
const indexes = (more) => ({ user: { value: 'user', ...more } });
const session = (user = 'ann') => ({ cookie: { maxAge: 60_000 }, user });
const newSid = () => randomUUID();

/** A table with this index. */
function newIndexedTable(keySchema = [], kind = 'S') {
  return newTable({
    AttributeDefinitions: [
      { AttributeName: 'id', AttributeType: 'S' },
      { AttributeName: attribute, AttributeType: kind },
      ...keySchema.map(({ AttributeName }) => ({ AttributeName, AttributeType: 'S' })),
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: index,
        KeySchema: [{ AttributeName: attribute, KeyType: 'HASH' }, ...keySchema],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  });
}

/** Reads and saves a session as a request of express-session does. */
async function visit(store, sid, change) {
  const read = await store.get(sid);
  const found = store.createSession({ sessionID: sid, sessionStore: store }, read);
  change(found);
  await store.set(sid, found);
}

let table;
beforeAll(async () => {
  table = await newIndexedTable();
});

test('a store sees, limits and destroys the sessions with its own prefix', async () => {
  const [a, b] = ['a:', 'b:'].map((prefix) =>
    newStore({ table, prefix, indexes: indexes({ max: 1 }) }),
  );
  const user = newSid();
  await b.set(newSid(), session(user));
  await a.set(newSid(), session(user));
  expect(await b.sessionsOf('user', user)).toHaveLength(1);
  expect(await a.sessionsOf('user', user)).toHaveLength(1);
  expect(await a.destroyOf('user', user)).toBe(1);
  expect(await b.sessionsOf('user', user)).toHaveLength(1);
});

test('an item of another application is no session, and stays', async () => {
  const user = newSid();
  for (const number of [1, 2]) {
    await putItem(table, { id: { S: `order#${number}#${user}` }, user: { S: user } });
  }
  const store = newStore({ table, prefix: '', indexes: indexes({ max: 1 }) });
  await store.set(newSid(), session(user));
  expect(await store.sessionsOf('user', user)).toHaveLength(1);
  expect(await store.destroyOf('user', user)).toBe(1);
  const left = Object.values(await items(table)).filter((item) => item.user?.S === user);
  expect(left).toHaveLength(2);
});

test.each([
  [
    'a sort key',
    () => newIndexedTable([{ AttributeName: 'sort', KeyType: 'RANGE' }]),
    '"user" and a sort key',
  ],
  ['a number as key', () => newIndexedTable([], 'N'), '"user" (N)'],
])('an index with %s is refused', async (_name, newOdd, key) => {
  const store = newStore({ table: await newOdd(), indexes: indexes() });
  await expect(store.ensureIndexes()).rejects.toMatchObject({
    code: 'ERR_SESSION_TABLE_INDEX',
    message: expect.stringContaining(`has the partition key ${key}: name an index`),
  });
});

test.each([
  [{ exept: 'sid' }, 'the options of destroyOf are except, handle, but "exept" is set'],
  [{ except: undefined }, 'the option "except" must be a session id'],
  [{ handle: undefined }, 'the option "handle" must be a handle from sessionsOf()'],
  ['a-session-id', 'the options of destroyOf must be an object, but is string'],
])('wrong options end no session: %j', async (options, message) => {
  const store = newStore({ table, indexes: indexes() });
  const user = newSid();
  await store.set(newSid(), session(user));
  await expect(store.destroyOf('user', user, options)).rejects.toMatchObject({
    code: 'ERR_INVALID_ARG_VALUE',
    message,
  });
  expect(await store.sessionsOf('user', user)).toHaveLength(1);
});

test('if one deletion fails, the others are reported', async () => {
  const proxy = await startProxy();
  const config = { ...dynamoConfig(), endpoint: proxy.endpoint, maxAttempts: 1 };
  const store = newStore({ table, indexes: indexes(), breaker: false, dynamoConfig: config });
  const user = newSid();
  const sids = [newSid(), newSid(), newSid()];
  for (const sid of sids) await store.set(sid, session(user));
  const destroyed = [];
  store.on('destroy', ({ handle }) => destroyed.push(handle));
  proxy.hooks.before = ({ operation, body }) =>
    operation === 'DeleteItem' && body.Key.id.S.endsWith(sids[1]) ? 'tear' : undefined;
  await expect(store.destroyOf('user', user)).rejects.toMatchObject({
    code: 'ERR_SESSION_UNREACHABLE',
  });
  await new Promise(setImmediate);
  expect(destroyed).toHaveLength(2);
  await proxy.stop();
});

test('if the oldest sessions cannot be ended, the login that was saved succeeds, with a warning', async () => {
  const proxy = await startProxy();
  const config = { ...dynamoConfig(), endpoint: proxy.endpoint, maxAttempts: 1 };
  const store = newStore({
    table,
    indexes: indexes({ max: 1 }),
    breaker: false,
    dynamoConfig: config,
  });
  const warned = new Promise((resolve) => {
    store.once('warning', resolve);
  });
  proxy.hooks.before = ({ operation }) => (operation === 'Query' ? 'tear' : undefined);
  const sid = newSid();
  await store.set(sid, session(newSid()));
  expect(await store.get(sid)).not.toBeNull();
  expect(await warned).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE' });
  await proxy.stop();
});

test('a session from before the option counts as the oldest, also if it is used after a login', async () => {
  const plain = newStore({ table });
  const store = newStore({ table, indexes: indexes({ max: 2 }) });
  const user = newSid();
  const [old, second, third] = [newSid(), newSid(), newSid()];
  await plain.set(old, session(user));
  await store.set(second, session(user));
  await visit(store, old, () => {});
  expect((await store.sessionsOf('user', user)).map(({ since }) => since === undefined)).toEqual([
    false,
    true,
  ]);
  await store.set(third, session(user));
  expect([await store.get(old), await store.get(second)]).toEqual([null, expect.anything()]);
});

test('a session with a value that no index can have can be mended', async () => {
  const plain = newStore({ table });
  const store = newStore({ table, indexes: indexes({ max: 2 }) });
  const sid = newSid();
  await plain.set(sid, { ...session(), user: { id: 7 } });
  const user = newSid();
  await visit(store, sid, (found) => Object.assign(found, { user }));
  expect(await store.sessionsOf('user', user)).toHaveLength(1);
});

test('a toJSON that throws is an error of the index', async () => {
  const cause = new Error('secret');
  const value = () => ({
    toJSON() {
      throw cause;
    },
  });
  const store = newStore({ table, indexes: { user: { value } } });
  await expect(store.set(newSid(), session())).rejects.toMatchObject({
    code: 'ERR_SESSION_INDEX_VALUE',
    message: 'the value of the session in the index "user" has a "toJSON" that has failed',
    cause,
  });
});
