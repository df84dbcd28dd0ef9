'use strict';

/** What is in the table may come from anybody: what is no session is none, and nothing is thrown. */

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { Random } = require('../chaos/random');
const { newKoaTable } = require('./support/koa-table');
const { newTable, putItem } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');

const { newStore } = storesOf(DynamoDBStore);
const { newStore: newKoaStore } = storesOf(KoaStore);

/** No sessions, though some of them are JSON. */
const NONE = [
  '',
  ' ',
  'null',
  'true',
  '1',
  '"a"',
  '[]',
  '[{"user":"ann"}]',
  '{',
  '{"user":',
  '\u0000',
];

const item = (sess, more) => ({
  id: { S: 'sess:a' },
  type: { S: 'connect-session' },
  sess: { S: sess },
  ...more,
});

test.each(NONE)('express: %j is no session', async (sess) => {
  const table = await newTable();
  await putItem(table, item(sess));
  const store = newStore({ table });
  expect(await store.get('a')).toBeNull();
  expect(await store.all()).toEqual([]);
  expect(await store.ids()).toEqual([]);
  expect(await store.length()).toBe(0);
});

test.each([[Buffer.from('{}')], [Buffer.from([3, 1, 2])]])(
  'bytes in no known format are an error, because a later version may have written them: %j',
  async (bytes) => {
    const table = await newTable();
    await putItem(table, { ...item(''), sess: { B: bytes } });
    const store = newStore({ table });
    await expect(store.get('a')).rejects.toMatchObject({ code: 'ERR_SESSION_DECODE' });
    await store.destroy('a');
    expect(await store.length()).toBe(0);
  },
);

test.each([
  [{ S: '{"user":"ann"}' }],
  [{ L: [{ M: {} }] }],
  [{ NULL: true }],
  [{ N: '1' }],
  [{ SS: ['a'] }],
])('koa: %j is no session', async (session) => {
  const table = await newKoaTable();
  await putItem(table, { sessionId: { S: 'a' }, session });
  const store = newKoaStore({ table: { name: table } });
  expect(await store.get('a')).toBeUndefined();
});

test('what is beside a session is no part of it', async () => {
  const table = await newTable();
  const store = newStore({ table });
  const session = { cookie: {}, user: 'ann' };
  const odd = [';', 'a;b', ';;;{"user":"eve"}', '{"user":"eve"}', '1;2;3;', '\u0000', '🦀', ''];
  const marks = odd.flatMap((text) => [{ _v: { S: text } }, { _v: { S: text }, _e: { S: text } }]);
  const ends = [{ N: '9e125' }, { S: 'never' }, { N: '-0' }, { NULL: true }, { L: [] }];
  for (const more of [...marks, ...ends.map((_e) => ({ _e }))]) {
    await putItem(table, item(JSON.stringify(session), more));
    expect({ more, got: await store.get('a') }).toEqual({ more, got: session });
  }
});

test('sessions as JSON with a byte that is wrong are another session or none', async () => {
  const table = await newTable();
  const store = newStore({ table });
  const random = new Random('hostile');
  const whole = JSON.stringify({ cookie: { originalMaxAge: 1000, expires: null }, user: 'ann' });
  for (let count = 0; count < 100; count += 1) {
    const at = random.below(whole.length);
    const byte = String.fromCharCode(random.below(128));
    await putItem(table, item(whole.slice(0, at) + byte + whole.slice(at + random.below(3))));
    const got = await store.get('a');
    expect(got === null || (typeof got === 'object' && !Array.isArray(got))).toBe(true);
  }
});
