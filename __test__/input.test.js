'use strict';

/** What a store is given: it keeps it, or refuses it and changes nothing. */

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { getItem, newTable, seconds } = require('./support/dynamodb');
const { newStorage, newStore: newShopify, offline } = require('./support/shopify');
const { storesOf } = require('./support/stores');

const express = storesOf(DynamoDBStore, { initialized: true });
const koa = storesOf(KoaStore);

const refused = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };

/** The methods of each store that take the id of a session, and what it has of sessions. */
const subjects = {
  async Express() {
    const store = express.newStore({ table: await newTable() });
    return {
      save: (sid, name) => store.set(sid, { name }),
      saveOwn: (session) => store.set(session.id, session),
      load: async (sid) => (await store.get(sid))?.name,
      methods: [
        (sid) => store.get(sid),
        (sid) => store.set(sid, {}),
        (sid) => store.touch(sid, {}),
        (sid) => store.destroy(sid),
      ],
      ids: () => store.ids(),
    };
  },
  async Koa() {
    const store = koa.newStore({ table: { name: await newTable({ hashKey: 'sessionId' }) } });
    return {
      save: (sid, name) => store.set(sid, { name }, 60_000),
      saveOwn: (session) => store.set(session.id, session, 60_000),
      load: async (sid) => (await store.get(sid))?.name,
      methods: [
        (sid) => store.get(sid),
        (sid) => store.set(sid, {}, 60_000),
        (sid) => store.destroy(sid),
      ],
    };
  },
  async Shopify() {
    const storage = await newStorage();
    return {
      save: (id, name) => storage.storeSession(offline({ id, scope: name })),
      saveOwn: (session) => storage.storeSession(session),
      load: async (id) => (await storage.loadSession(id))?.scope,
      methods: [
        (id) => storage.storeSession(offline({ id })),
        (id) => storage.loadSession(id),
        (id) => storage.deleteSession(id),
        (id) => storage.deleteSessions(['fine', id]),
        (id) => storage.findSessionsByShop(id),
      ],
    };
  },
};

/** All texts of one to three of these: halves of surrogate pairs, what stands for them, and others. */
const letters = ['a', 'é', '\ufffd', '\ud83d', '\ude00', '\ud83e'];
const pairs = letters.flatMap((one) => letters.map((other) => one + other));
const texts = [...letters, ...pairs, ...pairs.flatMap((pair) => letters.map((one) => pair + one))];

describe.each(Object.entries(subjects))('%s', (_name, open) => {
  test('no session opens another: each id is kept apart, or refused', async () => {
    const { save, load, methods, ids } = await open();
    const named = texts.map((text) => [text, Array.from(text, (c) => c.codePointAt(0)).join('-')]);
    const isKept = await Promise.all(
      named.map(([text, name]) =>
        save(text, name).then(
          () => true,
          (error) => {
            expect(error).toMatchObject(refused);
            return false;
          },
        ),
      ),
    );
    const kept = named.filter((_, index) => isKept[index]);
    expect(kept.map(([text]) => text)).toEqual(texts.filter((text) => text.isWellFormed()));
    expect(await Promise.all(kept.map(([text]) => load(text)))).toEqual(
      kept.map(([, name]) => name),
    );
    if (ids) expect((await ids()).sort()).toEqual(kept.map(([text]) => text).sort());
    for (const method of methods) {
      await expect(method('a\ud83d')).rejects.toMatchObject(refused);
    }
  });

  test.each([
    ['gives text', () => 'text'],
    ['gives a number', () => 7],
    ['gives null', () => null],
    ['gives nothing', () => undefined],
    ['gives an array', () => [1]],
    [
      'fails',
      () => {
        throw new Error('no');
      },
    ],
  ])('a toJSON that %s: the stored session stays as it was', async (_what, toJSON) => {
    const { save, load, saveOwn } = await open();
    await save('sid', 'before');
    await expect(saveOwn({ id: 'sid', toJSON })).rejects.toMatchObject({
      code: 'ERR_SESSION_SERIALIZE',
    });
    expect(await load('sid')).toBe('before');
  });
});

describe('half a surrogate pair', () => {
  const half = 'a\ud83d';

  test.each([
    ['prefix', { prefix: half }],
    ['hashKey', { hashKey: half }],
    ['table', { table: half }],
    ['specialKeys[0].name', { specialKeys: [{ name: half, type: 'S' }] }],
  ])('in the option %s is refused', (name, options) => {
    const message = `option "${name}" is not well-formed Unicode: it has half a surrogate pair`;
    expect(() => new DynamoDBStore(options)).toThrow(
      expect.objectContaining({ ...refused, message }),
    );
  });

  test.each([
    ['table.hashKey', () => new KoaStore({ table: { hashKey: half } })],
    ['table.ttlKey', () => new KoaStore({ table: { ttlKey: half } })],
    ['expiresTtl', () => newShopify({ expiresTtl: half })],
    ['shopIndexName', () => newShopify({ shopIndexName: half })],
  ])('in the option %s of another store is refused', (name, make) => {
    expect(make).toThrow(
      `option "${name}" is not well-formed Unicode: it has half a surrogate pair`,
    );
  });

  test('under a special key is refused, and kept in the session', async () => {
    const table = await newTable();
    const specialKeys = [{ name: 'user', type: 'S' }];
    const store = express.newStore({ table, specialKeys });
    await store.set('sid', { user: 'ann', text: half });
    await expect(store.set('sid', { user: half })).rejects.toMatchObject({
      code: 'ERR_SESSION_SPECIAL_KEY',
      message: expect.stringContaining('half a surrogate pair'),
    });
    expect(await store.get('sid')).toMatchObject({ user: 'ann', text: half });
    expect((await getItem(table, 'sess:sid')).user.S).toBe('ann');
  });

  test('does not keep the changes of two requests from being merged', async () => {
    const store = express.newStore({ table: await newTable() });
    await store.set('sid', { cookie: {}, text: half });
    const request = async () =>
      store.createSession({ sessionID: 'sid', sessionStore: store }, await store.get('sid'));
    const [one, two] = [await request(), await request()];
    one.one = half;
    two.two = half;
    await store.set('sid', one);
    await store.set('sid', two);
    expect(await store.get('sid')).toMatchObject({ text: half, one: half, two: half });
  });
});

test('a numeric cookie.expires is in milliseconds', async () => {
  const table = await newTable();
  const store = express.newStore({ table });
  const end = seconds() + 3600;
  await store.set('sid', { cookie: { expires: end * 1000 } });
  expect((await getItem(table, 'sess:sid')).expires.N).toBe(String(end));
  const later = end + 60;
  await store.touch('sid', { cookie: { expires: later * 1000 } });
  expect((await getItem(table, 'sess:sid')).expires.N).toBe(String(later));
  expect(await store.get('sid')).not.toBeNull();
  await store.set('sid', { cookie: { expires: Date.now() - 1000 } });
  expect(await store.get('sid')).toBeNull();
});
