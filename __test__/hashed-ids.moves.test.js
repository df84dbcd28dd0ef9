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
const { refusal } = require('./support/stub-dynamodb');

const { newStore } = storesOf(DynamoDBStore, { initialized: true });

/** The requests of a move: both keys are read, then the item moves in one transaction. */
const MOVE = ['GetItem', 'GetItem', 'TransactWriteItems'];
const REQUESTS = MOVE.map((_operation, number) => number);

/** DynamoDB's answer to a transaction on an item that another one is writing. */
const CONFLICT = refusal(
  'TransactionCanceledException',
  'Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict, None]',
);

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
  proxy.hooks.loses = () => false;
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

test.each(REQUESTS)('a logout before request %d of the move is not undone', async (number) => {
  await write({ n: 1 });
  const store = interrupted(number, async () => {
    await deleteItem(table, former);
    await deleteItem(table, present);
  });
  await store.get('sid');
  expect(await items(table)).toEqual({});
  expect(await store.get('sid')).toBeNull();
});

test.each(REQUESTS)(
  'a save before request %d, by a process without the option, is kept',
  async (number) => {
    await write({ n: 1 });
    const store = interrupted(number, () => write({ n: 2 }));
    expect(await store.get('sid')).toMatchObject({ n: 2 });
    expect(Object.keys(await items(table))).toEqual([present]);
  },
);

test.each(REQUESTS)(
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

test.each(REQUESTS)('another move before request %d is no loss', async (number) => {
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

test('a new session under the present key before the transaction stays', async () => {
  await write({ n: 1 });
  const store = interrupted(2, () =>
    putItem(table, { id: { S: present }, sess: { S: '{"cookie":{},"n":2}' } }),
  );
  expect(await store.get('sid')).toMatchObject({ n: 2 });
  expect(await newStore({ table, hashIds: { secret } }).get('sid')).toMatchObject({ n: 2 });
});

test('if the answer to the transaction is lost, the session has moved', async () => {
  await write({ n: 1 });
  const store = interrupted(-1);
  let losses = 2;
  proxy.hooks.loses = ({ operation }) => operation === 'TransactWriteItems' && losses-- > 0;
  expect(await store.get('sid')).toMatchObject({ n: 1 });
  const sent = proxy.answered.filter(({ operation }) => operation === 'TransactWriteItems');
  expect(sent.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(sent.map(({ body }) => body.ClientRequestToken)).size).toBe(1);
  expect(Object.keys(await items(table))).toEqual([present]);
});

test('a transaction that meets another write is sent again', async () => {
  await write({ n: 1 });
  const store = interrupted(-1);
  let conflicts = 6;
  proxy.hooks.before = ({ operation }) => {
    if (operation === 'TransactWriteItems' && conflicts-- > 0) return CONFLICT;
  };
  expect(await store.get('sid')).toMatchObject({ n: 1 });
  expect(conflicts).toBe(-1);
});

test('a logout by a process in another step ends the session, wherever it moves meanwhile', async () => {
  await write({ n: 1 });
  const other = newStore({ table, hashIds: { secret, migrate: true } });
  proxy.hooks.before = ({ operation }) =>
    operation === 'GetItem' ? undefined : other.get('sid').then(() => undefined);
  const leaving = newStore({
    table,
    hashIds: { secret, write: false },
    dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint },
  });
  await leaving.destroy('sid');
  expect(await items(table)).toEqual({});
  expect(proxy.operations()).toEqual(['TransactWriteItems']);
});

test('without a former key there is one request', async () => {
  const store = interrupted(-1);
  await write({ n: 1 }, { hashIds: { secret } });
  expect(await store.get('sid')).toMatchObject({ n: 1 });
  expect(proxy.operations()).toEqual(['GetItem']);
});
