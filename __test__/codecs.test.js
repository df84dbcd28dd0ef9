'use strict';

/** The options `compress` and `encryption`: what is in the table, and what reads it. */

const { randomBytes } = require('node:crypto');
const { inflateSync } = require('node:zlib');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { getItem, items, newTable, putItem, seconds } = require('./support/dynamodb');
const { newStorageAndTable, offline } = require('./support/shopify');
const { storesOf } = require('./support/stores');

const express = storesOf(DynamoDBStore, { initialized: true });
const koa = storesOf(KoaStore);

const key = randomBytes(32);
const encryption = { keys: [key] };
const cart = Array.from({ length: 60 }, (_, number) => ({ sku: `SKU-${number}`, quantity: 1 }));
const session = () => ({ cookie: { originalMaxAge: 60_000 }, user: 'ann', cart });

let table;
let koaTable;
beforeAll(async () => {
  [table, koaTable] = await Promise.all([newTable(), newTable({ hashKey: 'sessionId' })]);
});

/** A request's session, as express-session makes it. */
const request = async (store, sid) =>
  store.createSession({ sessionID: sid, sessionStore: store }, await store.get(sid));

describe('compress', () => {
  test('a session is in the table as zlib of its JSON', async () => {
    await express.newStore({ table, compress: true }).set('zlib', session());
    const { sess } = await getItem(table, 'sess:zlib');
    const bytes = Buffer.from(sess.B);
    const json = inflateSync(bytes.subarray(5)).toString();
    expect(bytes[0]).toBe(1);
    expect(bytes.readUInt32LE(1)).toBe(Buffer.byteLength(json));
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(session())));
    expect(bytes.length * 3).toBeLessThan(json.length);
  });

  test.each([
    [true, 899, 'S'],
    [true, 900, 'B'],
    [{ threshold: 100 }, 100, 'B'],
    [{}, 899, 'S'],
    [false, 5000, 'S'],
  ])('%j: %d bytes of JSON are of type %s', async (compress, size, type) => {
    const sid = `${JSON.stringify(compress)}${size}`;
    const text = 'x'.repeat(size - JSON.stringify({ cookie: {}, text: '' }).length);
    await express.newStore({ table, compress }).set(sid, { cookie: {}, text });
    expect(Object.keys((await getItem(table, `sess:${sid}`)).sess)).toEqual([type]);
  });

  test('a session that would not get smaller stays as it is', async () => {
    await express
      .newStore({ table, compress: { threshold: 1 } })
      .set('random', { cookie: {}, a: 'Zq3_xY8-Lk2' });
    const { sess } = await getItem(table, 'sess:random');
    expect(sess).toEqual({ S: '{"cookie":{},"a":"Zq3_xY8-Lk2"}' });
  });

  test('a session beyond 400 KB fits, if it fits after it was compressed', async () => {
    const store = express.newStore({ table, compress: true });
    const large = 'large '.repeat(200_000);
    await store.set('large', { cookie: {}, large });
    expect((await store.get('large')).large).toBe(large);
    const random = randomBytes(450_000).toString('base64');
    const code = 'ERR_SESSION_TOO_LARGE';
    await expect(store.set('large', { cookie: {}, random })).rejects.toMatchObject({ code });
  });
});

describe('what one store writes, another reads:', () => {
  const choices = {
    nothing: {},
    compress: { compress: { threshold: 1 } },
    encryption: { encryption },
    both: { compress: true, encryption },
  };
  const pairs = Object.keys(choices).flatMap((one) =>
    Object.keys(choices).map((two) => [one, two]),
  );

  test.each(pairs)('%s, %s', async (one, two) => {
    const canRead =
      one === 'nothing' || one === 'compress' || two === 'encryption' || two === 'both';
    const sid = `${one}-${two}`;
    const code = 'ERR_SESSION_DECRYPT';
    await express.newStore({ table, ...choices[one] }).set(sid, session());
    const read = express.newStore({ table, ...choices[two] }).get(sid);
    if (canRead) expect(await read).toMatchObject({ user: 'ann', cart });
    else await expect(read).rejects.toMatchObject({ code, retryable: false });

    const from = koa.newStore({ table: { name: koaTable }, ...choices[one] });
    await from.set(sid, { cart, bytes: Buffer.from('bytes') }, 60_000);
    const found = koa.newStore({ table: { name: koaTable }, ...choices[two] }).get(sid);
    if (canRead) expect(await found).toEqual({ cart, bytes: Buffer.from('bytes') });
    else await expect(found).rejects.toMatchObject({ code });
  });
});

describe('a session that cannot be decrypted', () => {
  const bad = { keys: [randomBytes(32)] };

  test('fails for its own calls, and stays in the table', async () => {
    const own = await newTable();
    await express.newStore({ table: own, encryption }).set('ann', session());
    const before = await getItem(own, 'sess:ann');
    const store = express.newStore({ table: own, encryption: bad });
    const code = 'ERR_SESSION_DECRYPT';
    const keyId = Buffer.from(before.sess.B).subarray(1, 9).toString('hex');
    const message = expect.stringContaining(`with the key ${keyId}, which is not among`);
    await expect(store.get('ann')).rejects.toMatchObject({ code, keyId, message });
    await expect(store.all()).rejects.toMatchObject({ code, keyId });
    expect(await store.ids()).toEqual(['ann']);
    expect(await store.length()).toBe(1);
    expect(await getItem(own, 'sess:ann')).toEqual(before);
    await store.set('bob', session());
    await store.clear();
    expect(await items(own)).toEqual({});
  });

  test('is none once it has ended, and is reaped', async () => {
    const own = await newTable();
    const writer = express.newStore({ table: own, encryption });
    await writer.set('ann', { cookie: { maxAge: -5000 } });
    const store = express.newStore({ table: own, encryption: bad });
    expect(await store.get('ann')).toBeNull();
    expect(await store.reap()).toBe(1);
    expect(await items(own)).toEqual({});
  });

  test('is touched: only its content is closed', async () => {
    const own = await newTable();
    await express.newStore({ table: own, encryption }).set('ann', session());
    const store = express.newStore({ table: own, encryption: bad });
    await store.touch('ann', { cookie: { maxAge: 600_000 } });
    const { expires } = await getItem(own, 'sess:ann');
    expect(Number(expires.N)).toBeGreaterThan(seconds() + 500);
  });

  test('is not opened under another id', async () => {
    const store = express.newStore({ table, encryption });
    await store.set('mine', session());
    const item = await getItem(table, 'sess:mine');
    await putItem(table, { ...item, id: { S: 'sess:yours' } });
    const message = expect.stringContaining(
      'its item was changed, or belongs to another session id',
    );
    await expect(store.get('yours')).rejects.toMatchObject({
      code: 'ERR_SESSION_DECRYPT',
      message,
    });
  });

  test('is no reason to read a session that is not encrypted, where that is refused', async () => {
    await express.newStore({ table, compress: true }).set('compressed', session());
    await express.newStore({ table }).set('plain', session());
    const store = express.newStore({ table, encryption: { keys: [key], plaintext: 'refuse' } });
    for (const sid of ['compressed', 'plain']) {
      const message =
        'the session is not encrypted, and the option "encryption.plaintext" is "refuse"';
      await expect(store.get(sid)).rejects.toMatchObject({ code: 'ERR_SESSION_DECRYPT', message });
    }
    expect(await store.get('none')).toBeNull();
  });
});

describe('requests at the same time', () => {
  const both = { compress: { threshold: 1 }, encryption };

  test.each([
    ['both encode', both, both],
    ['only the first encodes', both, { encryption: { keys: [key], plaintext: 'read' } }],
    ['the second would not', both, {}],
  ])('merge their changes: %s', async (_name, one, two) => {
    const sid = JSON.stringify([one, two]).length.toString() + _name;
    const first = express.newStore({ table, ...one });
    const second = express.newStore({ table, ...two, encryption });
    await first.set(sid, session());
    const [ann, bob] = [await request(first, sid), await request(second, sid)];
    ann.one = 1;
    bob.two = 2;
    await first.set(sid, ann);
    const written = await getItem(table, `sess:${sid}`);
    await second.set(sid, bob);
    expect(await first.get(sid)).toMatchObject({ user: 'ann', one: 1, two: 2, cart });
    expect(written.sess.B).not.toEqual((await getItem(table, `sess:${sid}`)).sess.B);
  });

  test('an unchanged session is a touch: its bytes stay', async () => {
    const store = express.newStore({ table, ...both, touchInterval: 0 });
    await store.set('same', session());
    await store.set('same', await request(store, 'same'));
    const before = await getItem(table, 'sess:same');
    const again = await request(store, 'same');
    again.cookie.maxAge = 60_500;
    await store.set('same', again);
    const after = await getItem(table, 'sess:same');
    expect(after.sess).toEqual(before.sess);
    expect(after._e).toBeDefined();
  });

  test('a logout stays one', async () => {
    const store = express.newStore({ table, ...both });
    await store.set('out', session());
    const late = await request(store, 'out');
    await store.destroy('out');
    late.changed = true;
    await store.set('out', late);
    expect(await store.get('out')).toBeNull();
  });
});

describe('a touch in Koa', () => {
  const name = () => ({ name: koaTable });
  const later = (session) => ({ ...session, _expire: session._expire + 30_000 });
  const begin = () => ({ cart, _expire: Date.now() + 60_000, _maxAge: 60_000 });

  test.each([
    ['an encoded session', { encryption }, { encryption }, 'B', 1],
    ['a session of a store that encodes no more', { compress: true }, {}, 'B', 2],
    ['a session from before', {}, { compress: true }, 'M', 2],
    [
      'a small one, which is not compressed',
      { compress: { threshold: 50_000 } },
      { compress: { threshold: 50_000 } },
      'M',
      1,
    ],
  ])('moves the end of %s', async (sid, one, two, type) => {
    const begun = begin();
    await koa.newStore({ table: name(), ...one }).set(sid, begun, 60_000);
    const store = koa.newStore({ table: name(), touchInterval: 0, ...two });
    const ctx = {};
    const read = await store.get(sid, 60_000, { ctx });
    await store.set(sid, later(read), 90_000, { ctx, changed: false });
    const item = await getItem(koaTable, sid, 'sessionId');
    expect(Object.keys(item.session)).toEqual([type]);
    expect(Number(item.expires.N)).toBeGreaterThan(begun._expire / 1000 + 20);
    // The next request sees the end exactly, and moves it again.
    const next = {};
    const found = await store.get(sid, 60_000, { ctx: next });
    expect(found).toEqual(later(begun));
    await store.set(sid, later(found), 120_000, { ctx: next, changed: false });
    expect((await store.get(sid))._expire).toBe(begun._expire + 60_000);
  });

  test('is none of a session that was destroyed', async () => {
    const store = koa.newStore({ table: name(), touchInterval: 0, encryption });
    await store.set('gone', begin(), 60_000);
    const ctx = {};
    const read = await store.get('gone', 60_000, { ctx });
    await store.destroy('gone');
    await store.set('gone', later(read), 60_000, { ctx, changed: false });
    expect(await getItem(koaTable, 'gone', 'sessionId')).toBeUndefined();
  });
});

describe('Shopify', () => {
  test('the index and the time to live are as ever, the rest is closed', async () => {
    const { storage, table: shops } = await newStorageAndTable({
      encryption,
      compress: { threshold: 1 },
      expiresTtl: 'ttl',
    });
    const shown = Object.assign(offline({ id: 'sid', shop: 'a.myshopify.com' }), {
      accessToken: 'shpat_hunter2',
      expires: new Date(1_900_000_000_000),
    });
    await storage.storeSession(shown);
    const item = await getItem(shops, 'sid');
    expect(Object.keys(item).sort()).toEqual(['_s', 'id', 'shop', 'ttl']);
    expect((await storage.loadSession('sid')).toObject()).toEqual(shown.toObject());
    const found = await storage.findSessionsByShop('a.myshopify.com');
    expect(found.map((each) => each.accessToken)).toEqual(['shpat_hunter2']);
  });
});

test('getParsedSession says that it cannot decode', async () => {
  const store = express.newStore({ table, encryption });
  await store.set('parsed', session());
  const Item = await getItem(table, 'sess:parsed');
  expect(() => store.getParsedSession({ Item })).toThrow(
    expect.objectContaining({ code: 'ERR_SESSION_DECODE' }),
  );
});
