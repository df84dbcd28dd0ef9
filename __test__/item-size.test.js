'use strict';

/** DynamoDB takes 400 KB for an item: a session that makes a larger one is refused before it is sent. */

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { getItem, newTable, putItem } = require('./support/dynamodb');
const { newStorage, newStorageAndTable, newStubbed, offline } = require('./support/shopify');
const { storesOf } = require('./support/stores');

const LIMIT = 400 * 1024;

const express = storesOf(DynamoDBStore, { initialized: true });
const koa = storesOf(KoaStore);

/** Values of every type that a session can have in Koa's format. */
const values = {
  numbers: [0, 1, -1, 12.345, 1.25, 1_700_000_000_123, 1e100, -0.5, 120],
  texts: ['', 'äöü€😀'],
  nothing: null,
  flags: [true, false],
  bytes: Buffer.from('bytes'),
  nested: { list: [[], {}, { a: [1] }] },
};

/** For each store: a session of any size, saving one, reading it, and the table it is in. */
const subjects = {
  async Express() {
    const table = await newTable();
    const specialKeys = [{ name: 'copied', type: 'N' }];
    const store = express.newStore({ table, specialKeys });
    const session = (size) => ({ copied: -12.5, text: 'x'.repeat(size) });
    return {
      save: (size) => store.set('sid', session(size)),
      read: async () => (await store.get('sid')).text.length,
      item: () => getItem(table, 'sess:sid'),
      put: (item) => putItem(table, item),
    };
  },
  async Koa() {
    const table = await newTable({ hashKey: 'sessionId' });
    const store = koa.newStore({ table: { name: table } });
    return {
      save: (size) => store.set('sid', { ...values, text: 'x'.repeat(size) }, 60_000),
      read: async () => (await store.get('sid')).text.length,
      item: () => getItem(table, 'sid', 'sessionId'),
      put: (item) => putItem(table, item),
    };
  },
  async Shopify() {
    const { storage, table } = await newStorageAndTable();
    const session = (size) =>
      Object.assign(offline({ id: 'sid' }), { accessToken: 'x'.repeat(size) });
    return {
      save: (size) => storage.storeSession(session(size)),
      read: async () => (await storage.loadSession('sid')).accessToken.length,
      item: () => getItem(table, 'sid'),
      put: (item) => putItem(table, item),
    };
  },
};

describe.each(Object.entries(subjects))('%s', (_name, open) => {
  test('refuses what is a byte too large, as DynamoDB does', async () => {
    const { save, read, item, put } = await open();
    await save(10);
    const error = await save(LIMIT).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_SESSION_TOO_LARGE', retryable: false });
    const size = Number(
      /the item of the session has (\d+) bytes, .* at most 409600: store less in the session$/.exec(
        error.message,
      )[1],
    );
    // The stored session is as it was.
    expect(await read()).toBe(10);

    const most = LIMIT - (size - LIMIT);
    await save(most);
    expect(await read()).toBe(most);
    const message = expect.stringContaining('409601 bytes');
    await expect(save(most + 1)).rejects.toMatchObject({ code: 'ERR_SESSION_TOO_LARGE', message });
    expect(await read()).toBe(most);
    // DynamoDB counts the same.
    const stored = await item();
    await put(stored);
    await expect(put({ ...stored, a: { S: '' } })).rejects.toThrow('Item size has exceeded');
  });
});

test('nothing is sent', async () => {
  const { stub, store } = await newStubbed(() => ({}));
  const session = Object.assign(offline(), { accessToken: 'x'.repeat(LIMIT) });
  await expect(store.storeSession(session)).rejects.toMatchObject({
    code: 'ERR_SESSION_TOO_LARGE',
  });
  expect(stub.calls).toEqual([]);
});

test('many at a time, of which one is too large, are each for themselves', async () => {
  const storage = await newStorage();
  const sessions = Array.from({ length: 100 }, (_, index) => offline({ id: `sid${index}` }));
  sessions[50].accessToken = 'x'.repeat(LIMIT);
  const saved = await Promise.allSettled(sessions.map((each) => storage.storeSession(each)));
  const failed = saved.flatMap(({ reason }, index) => (reason ? [[index, reason.code]] : []));
  expect(failed).toEqual([[50, 'ERR_SESSION_TOO_LARGE']]);
});

test('two changes that are too large together: the second is refused, the first stays', async () => {
  const store = express.newStore({ table: await newTable() });
  const cookie = { maxAge: 60_000 };
  await store.set('sid', { cookie });
  const request = async () =>
    store.createSession({ sessionID: 'sid', sessionStore: store }, await store.get('sid'));
  const [one, two] = [await request(), await request()];
  one.first = 'x'.repeat(300_000);
  two.second = 'x'.repeat(300_000);
  await store.set('sid', one);
  await expect(store.set('sid', two)).rejects.toMatchObject({ code: 'ERR_SESSION_TOO_LARGE' });
  const stored = await store.get('sid');
  expect(stored.first).toHaveLength(300_000);
  expect(stored.second).toBeUndefined();
});
