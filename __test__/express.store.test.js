'use strict';

/** What the Express store has beyond the contract, on a real table. */

const session = require('express-session');
const connect = require('..');
const {
  dynamoConfig,
  getItem,
  items,
  newTable,
  putItem,
  seconds,
  setExpires,
} = require('./support/dynamodb');
const { expectEnd } = require('./support/ends');
const { DAY } = require('./support/contract');
const { storesOf } = require('./support/stores');

const { DynamoDBStore } = connect;
const { keep, newStore } = storesOf(DynamoDBStore, { initialized: true });

describe('connect()', () => {
  test.each([
    ['connect(session)', session],
    ['connect({ session })', { session }],
    ['connect(connect), which has the Store itself', { Store: session.Store }],
    ['connect(express) of Express 3, where session has it', { session: { Store: session.Store } }],
  ])('%s gives a subclass of its Store', (_form, module) => {
    const Store = connect(module);
    const store = keep(new Store({ dynamoConfig: dynamoConfig() }));
    expect(store).toBeInstanceOf(session.Store);
    expect(store).toBeInstanceOf(Store);
    expect(Store.name).toBe('DynamoDBStore');
  });

  test('gives the same class for the same Store, which is the ready-made one', () => {
    expect(connect(session)).toBe(connect({ session }));
    expect(connect(session)).toBe(DynamoDBStore);
  });

  test.each([undefined, null, {}, { session: {} }, 'express-session'])(
    'of %p is a TypeError that says what it takes',
    (module) => {
      expect(() => connect(module)).toThrow(TypeError);
      expect(() => connect(module)).toThrow(/express-session/);
    },
  );

  test('the class can be extended', async () => {
    class Hourly extends connect(session) {
      getExpiresValue() {
        return seconds() + 3600.5;
      }
    }
    const table = await newTable();
    const store = keep(new Hourly({ table, initialized: true, dynamoConfig: dynamoConfig() }));
    await store.set('a', {});
    const { N } = (await getItem(table, 'sess:a')).expires;
    expect(N).toMatch(/^\d+$/);
    expect(Number(N)).toBeGreaterThan(seconds() + 3500);
  });
});

describe('a store', () => {
  let table;
  beforeEach(async () => {
    table = await newTable();
  });

  test('shows its options, which cannot be assigned', () => {
    const store = keep(new DynamoDBStore());
    expect(store).toMatchObject({
      table: 'sessions',
      hashKey: 'id',
      prefix: 'sess:',
      readCapacityUnits: 5,
      writeCapacityUnits: 5,
      specialKeys: [],
      skipThrowMissingSpecialKeys: false,
      reapInterval: 0,
      initialized: false,
    });
    expect(() => {
      store.table = 'other';
    }).toThrow(TypeError);
  });

  test('writes the item of connect-dynamodb', async () => {
    const store = newStore({ table });
    const expires = new Date(Date.now() + DAY);
    const cookie = new session.Cookie({ expires, httpOnly: true });
    await store.set('abc', { cookie, user: 'ann' });
    expect(await getItem(table, 'sess:abc')).toEqual({
      id: { S: 'sess:abc' },
      expires: { N: String(Math.floor(expires.getTime() / 1000)) },
      type: { S: 'connect-session' },
      sess: { S: JSON.stringify({ cookie, user: 'ann' }) },
      // Beside it: connect-dynamodb ignores it.
      _v: { S: expect.any(String) },
    });
  });

  test.each([
    ['prefix', { prefix: 'app1-' }, 'app1-abc'],
    ['an empty prefix', { prefix: '' }, 'abc'],
  ])('keeps to its %s', async (_what, options, id) => {
    const store = newStore({ table, ...options });
    await store.set('abc', {});
    expect(Object.keys(await items(table))).toEqual([id]);
    expect(await store.get('abc')).toEqual({});
    expect(await store.ids()).toEqual(['abc']);
  });

  test('keeps to its hash key', async () => {
    const keyed = await newTable({ hashKey: 'sid' });
    const store = newStore({ table: keyed, hashKey: 'sid' });
    await store.set('abc', { a: 1 });
    expect(await getItem(keyed, 'sess:abc', 'sid')).toMatchObject({ sid: { S: 'sess:abc' } });
    expect(await store.get('abc')).toEqual({ a: 1 });
    expect(await store.touch('abc', {})).toEqual({ expires: expect.any(Number) });
    expect(await store.ids()).toEqual(['abc']);
    await store.clear();
    expect(await items(keyed, 'sid')).toEqual({});
  });

  test('reads its session at the call, not later', async () => {
    const store = newStore({ table, initialized: false });
    const data = { step: 1 };
    const saved = store.set('abc', data);
    data.step = 2;
    await saved;
    expect(await store.get('abc')).toEqual({ step: 1 });
  });

  test('keeps what only JSON can hold', async () => {
    const store = newStore({ table });
    await store.set('abc', { half: '\ud800', '': 1e300 });
    expect(await store.get('abc')).toEqual({ half: '\ud800', '': 1e300 });
  });

  test('takes a number for a session id, as connect-dynamodb did', async () => {
    const store = newStore({ table });
    await store.set(0.5, { a: 1 });
    expect(await store.get('0.5')).toEqual({ a: 1 });
  });

  test.each([undefined, null, '', {}, Number.NaN])(
    'refuses %p as a session id or session',
    async (bad) => {
      const store = newStore({ table });
      const error = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
      if (!Number.isNaN(bad)) await expect(store.get(bad)).rejects.toMatchObject(error);
      if (typeof bad !== 'object' || bad === null) {
        await expect(store.set('abc', bad)).rejects.toMatchObject(error);
      }
      expect(await items(table)).toEqual({});
    },
  );

  test('takes a row that is not JSON, or no object, for none', async () => {
    const store = newStore({ table });
    for (const [id, S] of Object.entries({ broken: '{"a":', text: '"text"', nothing: 'null' })) {
      await putItem(table, {
        id: { S: `sess:${id}` },
        type: { S: 'connect-session' },
        sess: { S },
      });
      expect(await store.get(id)).toBeNull();
    }
    expect(await store.all()).toEqual([]);
  });

  describe('touch', () => {
    test('moves the end, gives it in seconds, and leaves the session as it was', async () => {
      const store = newStore({ table });
      await store.set('abc', { a: 1, cookie: { maxAge: 60_000 } });
      const before = await getItem(table, 'sess:abc');
      const { expires } = await store.touch('abc', { cookie: { maxAge: DAY } });
      expect(expires).toBeGreaterThan(Number(before.expires.N));
      expect(await getItem(table, 'sess:abc')).toEqual({ ...before, expires: { N: `${expires}` } });
    });
  });

  describe('all, length, ids and clear', () => {
    test('see the sessions of their prefix that are alive, through every page', async () => {
      const store = newStore({ table });
      const other = newStore({ table, prefix: 'other:' });
      // 2.4 MB: a page of a scan is 1 MB at most.
      const ids = Array.from({ length: 40 }, (_, index) => `sid-${index}`);
      const big = 'x'.repeat(60_000);
      await Promise.all(ids.map((id) => store.set(id, { id, big })));
      await other.set('other', { a: 1 });
      await store.set('ended', { cookie: { maxAge: -1000 } });
      await putItem(table, { id: { S: 'sess:foreign' }, sess: { M: {} }, expires: { N: '1' } });

      expect((await store.ids()).sort()).toEqual([...ids].sort());
      expect(await store.length()).toBe(40);
      const all = await store.all();
      expect(all).toHaveLength(40);
      expect(all.every(({ id }) => ids.includes(id))).toBe(true);

      await store.clear();
      expect(await store.length()).toBe(0);
      expect(Object.keys(await items(table)).sort()).toEqual([
        'other:other',
        'sess:ended',
        'sess:foreign',
      ]);
    });

    test('of an empty table find nothing', async () => {
      const store = newStore({ table });
      expect(await store.all()).toEqual([]);
      expect(await store.length()).toBe(0);
      expect(await store.ids()).toEqual([]);
      await expect(store.clear()).resolves.toBeUndefined();
    });
  });

  describe('the lifetime', () => {
    /**
     * Saves a session, and checks how long it lives from that moment on.
     *
     * @param {any} store
     * @param {() => object} makeSession is called when the session is saved
     * @param {number} expected seconds
     */
    async function expectLifetime(store, makeSession, expected) {
      const since = Date.now();
      await store.set('abc', makeSession());
      expectEnd(await getItem(table, 'sess:abc'), since, expected);
    }

    const inAnHour = () => new Date(Date.now() + 3_600_000);

    test.each([
      ['maxAge in milliseconds', () => ({ cookie: { maxAge: 3_600_000 } }), 3600],
      ['expires as a Date', () => ({ cookie: { expires: inAnHour() } }), 3600],
      ['expires as text', () => ({ cookie: { expires: inAnHour().toJSON() } }), 3600],
      ['a lifetime of 0', () => ({ cookie: { maxAge: 0 } }), 0],
      ['none for the browser session', () => ({ cookie: { expires: null, maxAge: null } }), 86_400],
      ['none, as there is no cookie', () => ({}), 86_400],
      ['one that is not finite', () => ({ cookie: { maxAge: Number.NaN } }), 86_400],
    ])('comes from the cookie: %s', async (_what, makeSession, expected) => {
      await expectLifetime(newStore({ table }), makeSession, expected);
    });

    test.each([
      ['a number', 60_000],
      ['a function of the session', (data) => (data.remember ? 60_000 : 0)],
    ])('of a cookie without one is the option ttl: %s', async (_what, ttl) => {
      const store = newStore({ table, ttl });
      await expectLifetime(store, () => ({ remember: true }), 60);
      await expectLifetime(store, () => ({ cookie: { maxAge: 120_000 } }), 120);
    });

    test('is an error where the function ttl gives none', async () => {
      const store = newStore({ table, ttl: () => undefined });
      await expect(store.set('abc', {})).rejects.toThrow(
        /"ttl" must return milliseconds, but returned undefined/,
      );
      expect(await items(table)).toEqual({});
    });

    test('can be asked for', () => {
      const before = Date.now() / 1000;
      const value = newStore({ table }).getExpiresValue({ cookie: { maxAge: 60_000 } });
      expect(Number.isInteger(value)).toBe(true);
      expect(value).toBeGreaterThanOrEqual(Math.floor(before + 60));
      expect(value).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000 + 60));
    });
  });

  describe('special keys', () => {
    const specialKeys = [
      { name: 'userId', type: 'S' },
      { name: 'level', type: 'N' },
      { name: 'photo', type: 'B' },
    ];

    test('are stored in attributes of their own, and stay in the session', async () => {
      const store = newStore({ table, specialKeys });
      const data = { userId: 'ann', level: '7', photo: Buffer.from([1, 2, 255]), other: true };
      await store.set('abc', data);
      expect(await getItem(table, 'sess:abc')).toMatchObject({
        userId: { S: 'ann' },
        level: { N: '7' },
        photo: { B: new Uint8Array([1, 2, 255]) },
      });
      expect(await store.get('abc')).toEqual(JSON.parse(JSON.stringify(data)));
    });

    test('survive being read and stored again', async () => {
      const store = newStore({ table, specialKeys });
      const photo = new Uint16Array([258]);
      await store.set('abc', { userId: 'ann', level: 7, photo: Buffer.from(photo.buffer) });
      await store.set('abc', await store.get('abc'));
      expect(await getItem(table, 'sess:abc')).toMatchObject({
        level: { N: '7' },
        photo: { B: new Uint8Array(photo.buffer) },
      });
    });

    test('that are missing are an error that names them all', async () => {
      const store = newStore({ table, specialKeys });
      await expect(store.set('abc', { level: 1 })).rejects.toMatchObject({
        code: 'ERR_SESSION_SPECIAL_KEY',
        message: 'Session missing special keys: userId, photo',
      });
      expect(await items(table)).toEqual({});
    });

    test('that are missing are left out where the option says so', async () => {
      const store = newStore({ table, specialKeys, skipThrowMissingSpecialKeys: true });
      await store.set('abc', { level: 1.5 });
      const item = await getItem(table, 'sess:abc');
      expect(item).toMatchObject({ level: { N: '1.5' } });
      expect(item).not.toHaveProperty('userId');
    });

    test.each([
      ['userId', 5],
      ['userId', null],
      ['userId', new Date(0)],
      ['level', 'SECRET'],
      ['level', true],
      ['photo', 'SECRET'],
    ])('%s of a wrong type is an error that names it and not its value', async (name, value) => {
      const store = newStore({ table, specialKeys, skipThrowMissingSpecialKeys: true });
      const error = await store.set('abc', { [name]: value }).catch((reason) => reason);
      expect(error).toMatchObject({ code: 'ERR_SESSION_SPECIAL_KEY' });
      expect(error.message).toContain(`special key ${name}`);
      expect(error.message).not.toContain('SECRET');
      expect(await items(table)).toEqual({});
    });
  });

  describe('getParsedSession', () => {
    test.each([
      ['a live item', { sess: { S: '{"a":1}' }, expires: { N: '99999999999' } }, { a: 1 }],
      ['one that never ends', { sess: { S: '{"a":1}' } }, { a: 1 }],
      ['one that has ended', { sess: { S: '{"a":1}' }, expires: { N: '1.5' } }, null],
      ['one without a session', { expires: { N: '99999999999' } }, null],
      ['one that is not JSON', { sess: { S: '{' } }, null],
      ['no item', undefined, null],
    ])('reads %s', (_what, Item, expected) => {
      expect(newStore({ table }).getParsedSession({ Item })).toEqual(expected);
    });
  });

  test('is closed in the middle of a call: the call ends as it would have', async () => {
    const store = newStore({ table });
    const saved = store.set('abc', { a: 1 });
    await store.close();
    await saved;
    expect(await newStore({ table }).get('abc')).toEqual({ a: 1 });
  });

  test('with consistentRead turned off reads all the same', async () => {
    const store = newStore({ table, consistentRead: false });
    await store.set('abc', { a: 1 });
    expect(await store.get('abc')).toEqual({ a: 1 });
    expect(await store.ids()).toEqual(['abc']);
  });

  test('sees the end of a session by the clock of Date', async () => {
    const store = newStore({ table });
    await store.set('abc', { cookie: { maxAge: 60_000 } });
    await setExpires(table, 'sess:abc', seconds() + 100);
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 200_000);
    expect(await store.get('abc')).toBeNull();
    clock.mockRestore();
    expect(await store.get('abc')).not.toBeNull();
  });
});
