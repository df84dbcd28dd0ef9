'use strict';

/** The command `migrate` loses nothing of a session, ends no other session and counts each session once. */

const { randomUUID } = require('node:crypto');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { EventEmitter } = require('node:events');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { Move } = require('../cli/move');
const { entries } = require('../cli/scan');
const { open } = require('../lib/command');
const { command } = require('./support/command');
const { DAY } = require('./support/contract');
const { dynamoConfig, getItem, items, newTable } = require('./support/dynamodb');
const { newSecret } = require('./support/hashed-ids');

const KEY = 'k'.repeat(43);

let folder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-kept-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const stores = [];
afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));
const keep = (store) => {
  stores.push(store);
  return store;
};
const expressStore = (table, options) =>
  keep(new DynamoDBStore({ table, dynamoConfig: dynamoConfig(), initialized: true, ...options }));

const newSession = (data) => ({
  cookie: { path: '/', originalMaxAge: DAY, expires: new Date(Date.now() + DAY), httpOnly: true },
  ...data,
});

/** A table with an index of users. */
async function newIndexedTable() {
  const table = `kept-${randomUUID()}`;
  const created = await command(
    `create-table --table ${table} --index user=user --pay-per-request --no-time-to-live`,
  );
  expect(created.code).toBe(0);
  return table;
}

const indexes = { user: { value: 'user' } };

const withoutData = ({ sess, session, _v, ...rest }) => rest;

test.each([
  ['encrypted', { DYNAMO_SESSION_STORE_ENCRYPTION_KEYS: KEY }, ''],
  ['compressed', {}, '--to-compress'],
])('in place, %s: index, beginning and special keys stay', async (name, env, flags) => {
  const table = await newIndexedTable();
  const options = {
    indexes,
    absoluteTtl: 30 * DAY,
    specialKeys: [{ name: 'level', type: 'N' }],
  };
  const app = expressStore(table, options);
  await app.set('sid', newSession({ user: 'ann', level: 7, text: 'x'.repeat(3000) }));
  const before = await getItem(table, 'sess:sid');
  expect(before).toMatchObject({
    user: { S: 'ann' },
    level: { N: '7' },
    _c: { N: expect.any(String) },
  });
  const { code, json } = await command(`migrate --table ${table} ${flags} --yes --json`, { env });
  expect({ code, json }).toEqual({ code: 0, json: { moved: 1 } });
  const after = await getItem(table, 'sess:sid');
  expect(after.sess.B).toBeDefined();
  expect(withoutData(after)).toEqual(withoutData(before));
  const next = expressStore(table, {
    ...options,
    ...(name === 'encrypted' && { encryption: { keys: [KEY] } }),
  });
  expect(await next.sessionsOf('user', 'ann')).toHaveLength(1);
  expect(await next.destroyOf('user', 'ann')).toBe(1);
  expect(await next.get('sid')).toBeNull();
});

test('in place, with hashed ids: nothing is lost, and each session is counted once', async () => {
  const table = await newIndexedTable();
  const app = expressStore(table, { indexes, specialKeys: [{ name: 'level', type: 'N' }] });
  const ids = Array.from({ length: 40 }, (_, number) => `session-${number}`);
  await Promise.all(ids.map((id) => app.set(id, newSession({ user: 'ann', level: 7 }))));
  const env = { DYNAMO_SESSION_STORE_ID_SECRETS: newSecret() };
  const line = `migrate --table ${table} --segments 1 --yes --json`;
  const { json } = await command(line, { env });
  expect(json).toEqual({ moved: 40 });
  for (const [key, item] of Object.entries(await items(table))) {
    expect(key).toMatch(/^sess:h1:/);
    expect(item).toMatchObject({ user: { S: 'ann' }, level: { N: '7' }, _t: expect.anything() });
  }
  expect((await command(line, { env })).json).toEqual({ hashed: 40 });
});

test('a session under a hashed id that the command has just written is counted once', async () => {
  const table = await newTable();
  await expressStore(table).set('sid', newSession({}));
  const place = { table, dynamoConfig: dynamoConfig(), initialized: true, reapInterval: 0 };
  const hashIds = { secret: newSecret(), migrate: true };
  const source = open('express', place, new EventEmitter());
  const target = open('express', { ...place, hashIds }, new EventEmitter(), { conflict: 'error' });
  stores.push(source.sessions, target.sessions);
  const move = new Move(source, target, { isInPlace: true });
  const all = async () => {
    const found = [];
    const { signal } = new AbortController();
    for await (const entry of entries(source, { signal })) found.push(entry);
    return found;
  };
  const [entry] = await all();
  expect(await move.run(entry)).toBe('moved');
  const [moved] = await all();
  expect(moved.sid).toBeUndefined();
  expect(await move.run(moved)).toBe('again');
  expect(await new Move(source, target, { isInPlace: true }).run(moved)).toBe('hashed');
});

test('in place, of Koa: the attribute of the end is replaced, and others stay', async () => {
  const name = await newTable({ hashKey: 'sessionId' });
  const app = keep(
    new KoaStore({
      table: { name, autoCreate: false },
      dynamoConfig: dynamoConfig(),
      absoluteTtl: 30 * DAY,
    }),
  );
  await app.set('sid', { user: 'ann', _expire: Date.now() + DAY, _maxAge: DAY }, DAY);
  const before = await getItem(name, 'sid', 'sessionId');
  const line = `migrate --store koa --table ${name} --to-expires-attribute ttl --yes --json`;
  expect((await command(line)).json).toEqual({ moved: 1 });
  const { ttl, ...after } = await getItem(name, 'sid', 'sessionId');
  expect(ttl).toEqual(before.expires);
  expect(after.expires).toBeUndefined();
  expect(after._c).toEqual(before._c);
});

test.each(['end-oldest', 'refuse'])('the limit of an index (%s) does not apply', async (over) => {
  const [table, copy] = [await newTable(), await newIndexedTable()];
  const app = expressStore(table);
  for (const id of ['a', 'b', 'c', 'd']) await app.set(id, newSession({ user: 'ann' }));
  // The limit is reached before.
  const full = async (name) => {
    const target = expressStore(name, { indexes });
    for (const id of ['e', 'f']) await target.set(id, newSession({ user: 'ann' }));
  };
  await full(copy);
  const to = join(folder, `limited-${over}.json`);
  const limited = { user: { value: 'user', max: 2, over } };
  writeFileSync(to, JSON.stringify({ table: copy, indexes: limited }));
  const args = ['--from-table', table, '--to', to];
  const { code, json } = await command('migrate --yes --json', { args });
  expect({ code, json }).toEqual({ code: 0, json: { moved: 4 } });
  expect(Object.keys(await items(copy))).toHaveLength(6);

  const file = join(folder, `limited-${over}.jsonl`);
  await command(`export ${file} --table ${table}`);
  const other = await newIndexedTable();
  await full(other);
  writeFileSync(to, JSON.stringify({ table: other, indexes: limited }));
  expect((await command(`import ${file} --config ${to}`)).code).toBe(0);
  expect(Object.keys(await items(other))).toHaveLength(6);
});

describe('a session that an application changes before it is read back', () => {
  const place = (table) => ({ table, dynamoConfig: dynamoConfig(), reapInterval: 0 });
  /** Lets `act` run after the write, and before the next read. */
  const afterWrite = (target, method, act) => {
    const write = target.sessions[method];
    target.sessions[method] = async (...args) => {
      const written = await write.apply(target.sessions, args);
      await act();
      return written;
    };
  };
  const opened = (table, options, own) => {
    const store = open('express', { ...place(table), ...options }, new EventEmitter(), own);
    stores.push(store.sessions);
    return store;
  };
  const change = async (app) => {
    const session = newSession({ ...(await app.get('sid')), step: 2 });
    await app.set('sid', session);
  };

  test.each([
    ['create', {}],
    ['saveUnconditionally', { overwrite: true }],
    ['create', {}, { absoluteTtl: 30 * DAY }],
  ])('is moved: %s', async (method, flags, options = {}) => {
    const [from, to] = [await newTable(), await newTable()];
    await expressStore(from).set('sid', newSession({ step: 1 }));
    const [source, target] = [opened(from), opened(to, options)];
    const app = expressStore(to, options);
    afterWrite(target, method, () => change(app));
    const move = new Move(source, target, { ...flags, isInPlace: false });
    for await (const entry of entries(source, { signal: new AbortController().signal })) {
      expect(await move.run(entry)).toBe('moved');
    }
    expect(await app.get('sid')).toMatchObject({ step: 2 });
  });

  test('is moved in place', async () => {
    const table = await newTable();
    const app = expressStore(table);
    await app.set('sid', newSession({ step: 1 }));
    const source = opened(table);
    const target = opened(table, { compress: { threshold: 1 } }, { conflict: 'error' });
    afterWrite(target, 'save', () => change(app));
    expect(await new Move(source, target, { isInPlace: true }).run({ sid: 'sid' })).toBe('moved');
  });

  test('is different if nobody has changed it', async () => {
    const [from, to] = [await newTable(), await newTable()];
    await expressStore(from).set('sid', newSession({ step: 1 }));
    const [source, target] = [opened(from), opened(to)];
    const { load } = target.sessions;
    target.sessions.load = async (sid) => {
      const loaded = await load.call(target.sessions, sid);
      // As if the write had lost a key.
      return loaded && { data: '{"cookie":{}}', end: loaded.end, known: loaded.known };
    };
    const move = new Move(source, target, { isInPlace: false });
    for await (const entry of entries(source, { signal: new AbortController().signal })) {
      expect(await move.run(entry)).toBe('different');
    }
  });
});
