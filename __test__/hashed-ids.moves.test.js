'use strict';

/**
 * A session that moves to its hashed id while another process uses it: the other process acts between any two
 * requests of the move.
 */

const { DynamoDBStore } = require('..');
const { Cookie } = require('express-session');
const {
  deleteItem,
  dynamoConfig,
  getItem,
  items,
  newTable,
  putItem,
} = require('./support/dynamodb');
const { hashOf, newSecret } = require('./support/hashed-ids');
const { startProxy } = require('./support/proxy-dynamodb');
const { storesOf } = require('./support/stores');

const { newStore } = storesOf(DynamoDBStore, { initialized: true });

/** The requests of a move: both keys are read, then the item is written under one and deleted under the other. */
const MOVE = ['GetItem', 'GetItem', 'PutItem', 'DeleteItem'];

const secret = newSecret();
const former = 'sess:sid';
const present = `sess:${hashOf('sid')}`;

let proxy;
let table;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(async () => {
  table = await newTable();
  proxy.operations();
});
afterEach(() => {
  proxy.hooks.before = () => {};
});

/** A store whose requests go through the proxy, which calls `act` before one of them. */
function interrupted(number, act) {
  let count = 0;
  proxy.hooks.before = async () => {
    if (count++ === number) await act();
  };
  return newStore({
    table,
    hashIds: { secret, migrate: true },
    dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint },
  });
}

const write = (session, options) =>
  newStore({ table, ...options }).set('sid', { cookie: new Cookie(), ...session });

test('a move is these requests', async () => {
  await write({ n: 1 });
  const store = interrupted(-1);
  expect(await store.get('sid')).toMatchObject({ n: 1 });
  expect(proxy.operations()).toEqual(MOVE);
  expect(Object.keys(await items(table))).toEqual([present]);
});

test.each([0, 1, 2, 3])('a logout before request %d of the move is not undone', async (number) => {
  await write({ n: 1 });
  const store = interrupted(number, async () => {
    await deleteItem(table, former);
    await deleteItem(table, present);
  });
  await store.get('sid');
  expect(await items(table)).toEqual({});
  expect(await store.get('sid')).toBeNull();
});

test.each([0, 1, 2, 3])(
  'a save before request %d, by a process without the option, is kept',
  async (number) => {
    await write({ n: 1 });
    const store = interrupted(number, () => write({ n: 2 }));
    expect(await store.get('sid')).toMatchObject({ n: 2 });
    expect(Object.keys(await items(table))).toEqual([present]);
  },
);

test.each([0, 1, 2, 3])(
  'a touch before request %d, by a process without the option, is kept',
  async (number) => {
    await write({ n: 1 });
    const expires = { N: String(Math.floor(Date.now() / 1000) + 5_000_000) };
    const store = interrupted(number, async () => {
      await putItem(table, { ...(await getItem(table, former)), expires });
    });
    await store.get('sid');
    expect(await items(table)).toEqual({ [present]: expect.objectContaining({ expires }) });
  },
);

test.each([0, 1, 2, 3])('another move before request %d is no loss', async (number) => {
  await write({ n: 1 });
  const store = interrupted(number, async () => {
    // By hand: a store of this process would wait for the move.
    const item = await getItem(table, former);
    if (await getItem(table, present)) return;
    await putItem(table, { ...item, id: { S: present } });
    await deleteItem(table, former);
  });
  expect(await store.get('sid')).toMatchObject({ n: 1 });
  expect(await newStore({ table, hashIds: { secret } }).get('sid')).toMatchObject({ n: 1 });
  expect(await getItem(table, former)).toBeUndefined();
});

test.each([2, 3])('a new session under the present key before request %d stays', async (number) => {
  await write({ n: 1 });
  const store = interrupted(number, () =>
    putItem(table, { id: { S: present }, sess: { S: '{"cookie":{},"n":2}' } }),
  );
  await store.get('sid');
  expect(await newStore({ table, hashIds: { secret } }).get('sid')).toMatchObject({ n: 2 });
});

test('a move whose process dies halfway is no loss, and the logout after it ends the session', async () => {
  await write({ n: 1 });
  const item = await getItem(table, former);
  await putItem(table, { ...item, id: { S: present } });
  const store = newStore({ table, hashIds: { secret, migrate: true } });
  expect(await store.get('sid')).toMatchObject({ n: 1 });
  await store.destroy('sid');
  expect(await items(table)).toEqual({});
});

test('without a former key there is one request', async () => {
  const store = interrupted(-1);
  await write({ n: 1 }, { hashIds: { secret } });
  expect(await store.get('sid')).toMatchObject({ n: 1 });
  expect(proxy.operations()).toEqual(['GetItem']);
});
