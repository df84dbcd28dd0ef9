'use strict';

/** The operations on all sessions of a table: in segments, with a limit, resumed, and iterated. */

const { execFile } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const { promisify } = require('node:util');
const { DynamoDBStore } = require('..');
const { handleOf } = require('../lib/handle');
const { SessionStore } = require('../lib/store');
const KoaStore = require('../koa');
const { getItem, items, newTable, putItem, seconds } = require('./support/dynamodb');
const { hashOf, newSecret } = require('./support/hashed-ids');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');
const { ways } = require('./support/ways');

const run = promisify(execFile);
const { newStore, newStubbed } = storesOf(DynamoDBStore, { initialized: true });
const koa = storesOf(KoaStore);

const DAY = 86_400_000;

let table;
beforeEach(async () => {
  table = await newTable();
});

/** Ids, so many that a table with sessions of some KB has several pages. */
const idsUpTo = (count) => Array.from({ length: count }, (_, index) => `s${index}`);

/** Saves sessions of about `size` bytes. */
async function saveAll(store, sids, { maxAge = DAY, size = 100 } = {}) {
  const save = (sid) =>
    store.set(sid, { cookie: { maxAge }, sid, text: randomBytes(size / 2).toString('hex') });
  await Promise.all(sids.map(save));
}

/** Items of other applications and of other stores, which no operation may touch. */
async function putForeign() {
  const expires = { N: String(seconds() - 1000) };
  for (let index = 0; index < 5; index += 1) {
    await putItem(table, { id: { S: `other:${index}` }, expires, sess: { S: '{}' } });
    await putItem(table, { id: { S: `sess:f${index}` }, expires, data: { S: 'x' } });
  }
}

/** Takes all of an iteration. */
async function taken(sessions) {
  const all = [];
  for await (const session of sessions) all.push(session);
  return all;
}

const sorted = (texts) => [...texts].sort();

/** The progress events of a store. */
function progressOf(store) {
  const all = [];
  store.on('progress', (progress) => all.push(progress));
  return all;
}

describe.each([
  ['plain', {}],
  ['encrypted', { encryption: { keys: [Buffer.alloc(32, 7)] } }],
  ['with hashed ids', { hashIds: { secret: newSecret() } }],
  [
    'with hashed ids that move',
    { hashIds: { secret: [newSecret(), newSecret('t')], migrate: true } },
  ],
  ['tracked', { absoluteTtl: 10 * DAY, indexes: { user: { value: 'sid' } } }],
  ['without a prefix', { prefix: '' }],
  [
    'through a client',
    {
      dynamoConfig: undefined,
      ...ways['through a client of aws-sdk v3'](process.env.DYNAMODB_ENDPOINT),
    },
  ],
])('%s:', (_name, options) => {
  const sids = idsUpTo(60);
  const isHashed = options.hashIds !== undefined;
  const open = () => newStore({ table, ...options });

  test.each([
    undefined,
    { segments: 7 },
    { segments: 3, capacityPerSecond: 1000 },
    // More segments than the 32 pages that a scan has in flight.
    { segments: 40, capacityPerSecond: 1e6 },
  ])('%p: length, ids, sessions and clear see each session once', async (how) => {
    const store = open();
    await saveAll(store, sids);
    await saveAll(store, ['ended'], { maxAge: -DAY });
    if (options.prefix !== '') await putForeign();
    const shown = sorted((await store.all()).map(({ id }) => id));
    expect(shown.length).toBe(60);
    if (!isHashed) expect(shown).toEqual(sorted(sids));
    expect(await store.length(how)).toBe(60);
    expect(sorted(await store.ids(how))).toEqual(shown);
    const sessions = await taken(store.sessions(how));
    expect(sorted(sessions.map(({ sid }) => sid))).toEqual(shown);
    expect(sorted(sessions.map(({ session }) => session.sid))).toEqual(sorted(sids));
    await store.clear(how);
    expect(await store.length()).toBe(0);
    const left = Object.keys(await items(table));
    expect(left.length).toBe(options.prefix === '' ? 1 : 11);
  });

  test('reap deletes the ended sessions only, also after an abort', async () => {
    const store = open();
    await saveAll(store, sids);
    const ended = idsUpTo(40).map((sid) => `ended-${sid}`);
    await saveAll(store, ended, { maxAge: -DAY, size: 60_000 });
    if (options.prefix !== '') await putForeign();
    const controller = new AbortController();
    const progress = progressOf(store);
    store.once('progress', () => controller.abort());
    const aborted = store.reap({ segments: 2, signal: controller.signal });
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    const before = progress.at(-1);
    expect(before.deleted).toBeGreaterThan(0);
    expect(before.deleted).toBeLessThan(40);
    expect(await store.reap({ resume: before.resume })).toBe(40 - before.deleted);
    expect(await store.length()).toBe(60);
    expect(await store.reap()).toBe(0);
  });
});

describe('progress', () => {
  test('adds up, over many pages', async () => {
    const store = newStore({ table });
    await saveAll(store, idsUpTo(50), { size: 60_000 });
    await saveAll(
      store,
      idsUpTo(20).map((sid) => `ended-${sid}`),
      { maxAge: -DAY },
    );
    await putForeign();
    const progress = progressOf(store);
    await store.reap({ segments: 2 });
    const last = progress.at(-1);
    expect(progress.length).toBeGreaterThan(3);
    expect(last).toMatchObject({
      operation: 'reap',
      segments: 2,
      segmentsDone: 2,
      read: 80,
      sessions: 20,
      deleted: 20,
    });
    // 3 MB at half a unit for 4 KB, and 20 deletions.
    expect(last.capacity).toBeGreaterThan(20 + 300);
    progress.length = 0;
    expect(await store.length()).toBe(50);
    expect(progress.at(-1)).toMatchObject({
      operation: 'length',
      read: 60,
      sessions: 50,
      deleted: 0,
    });
    // Strongly consistent: twice the price.
    expect(progress.at(-1).capacity).toBeGreaterThan(600);
    progress.length = 0;
    await store.all();
    expect(progress).toEqual([]);
  });

  test('an error that a listener throws reaches no call', async () => {
    await saveAll(newStore({ table }), ['a']);
    const program = `
      const { DynamoDBStore } = require('..');
      const { dynamoConfig } = require('./support/dynamodb');
      const options = { table: '${table}', initialized: true, dynamoConfig: dynamoConfig() };
      const store = new DynamoDBStore(options);
      process.on('uncaughtException', ({ message }) => console.log('uncaught', message));
      store.on('progress', () => {
        throw new Error('the listener has failed');
      });
      store.length().then((length) => console.log('counted', length)).then(() => store.close());`;
    const { stdout } = await run(process.execPath, ['-e', program], { cwd: __dirname });
    expect(sorted(stdout.trim().split('\n'))).toEqual([
      'counted 1',
      'uncaught the listener has failed',
    ]);
  });
});

describe('sessions()', () => {
  test('gives the session, its id and its times', async () => {
    const store = newStore({ table, absoluteTtl: 10 * DAY, indexes: { user: { value: 'sid' } } });
    await saveAll(store, ['a']);
    const [entry, ...others] = await taken(store.sessions());
    expect(others).toEqual([]);
    expect(entry).toEqual({
      sid: 'a',
      handle: handleOf('sess:a'),
      session: expect.objectContaining({ sid: 'a' }),
      expires: expect.any(Date),
      createdAt: expect.any(Date),
      lastSeen: expect.any(Date),
      indexed: { user: { value: 'a', since: expect.any(Date), label: undefined } },
    });
    expect(Math.abs(entry.expires - Date.now() - DAY)).toBeLessThan(60_000);
    const { sid, handle, session, indexed, ...times } = (
      await taken(newStore({ table }).sessions())
    )[0];
    expect({ sid, handle, session }).toEqual({
      sid: 'a',
      handle: entry.handle,
      session: entry.session,
    });
    expect(indexed).toEqual({});
    expect(times).toMatchObject({ createdAt: undefined, lastSeen: undefined });
  });

  test('names the indexes in which the session has a value, with its label', async () => {
    const indexes = {
      team: { value: 'team' },
      user: { value: 'sid', label: ({ device }) => device },
    };
    const store = newStore({ table, indexes });
    await store.set('a', { cookie: { maxAge: DAY }, sid: 'a', device: 'phone' });
    const [{ indexed }] = await taken(store.sessions());
    expect(indexed).toEqual({
      user: { value: 'a', since: expect.any(Date), label: 'phone' },
    });
  });

  test('with hashed ids, the id is the handle that all() gives', async () => {
    const store = newStore({ table, hashIds: { secret: newSecret() } });
    await saveAll(store, ['a']);
    const [{ id }] = await store.all();
    const [{ sid, handle }] = await taken(store.sessions());
    expect([sid, handle]).toEqual([id, id]);
    expect(sid).not.toContain(hashOf('a'));
  });

  test('break ends it, and it reads a page at a time', async () => {
    const counted = { Item: 0 };
    const one = (number) => ({
      id: { S: `sess:${number}` },
      expires: { N: String(seconds() + 1000) },
      type: { S: 'connect-session' },
      sess: { S: '{"cookie":{}}' },
    });
    const { stub, store } = await newStubbed(() => {
      counted.Item += 1;
      const last = { id: { S: `sess:${counted.Item}` } };
      return {
        body: { Items: [one(counted.Item)], Count: 1, ScannedCount: 1, LastEvaluatedKey: last },
      };
    });
    let count = 0;
    for await (const { sid } of store.sessions()) {
      count += 1;
      expect(sid).toBe(String(count));
      if (count === 3) break;
    }
    expect(stub.count('Scan')).toBe(3);
    expect(stub.calls.map(({ body }) => body.ExclusiveStartKey?.id.S)).toEqual([
      undefined,
      'sess:1',
      'sess:2',
    ]);
  });

  test('a session that cannot be decoded is an error, as with all()', async () => {
    await saveAll(newStore({ table, encryption: { keys: [Buffer.alloc(32, 1)] } }), ['a']);
    const store = newStore({ table, encryption: { keys: [Buffer.alloc(32, 2)] } });
    const code = 'ERR_SESSION_DECRYPT';
    await expect(store.all()).rejects.toMatchObject({ code });
    await expect(taken(store.sessions())).rejects.toMatchObject({ code });
    expect(await store.length()).toBe(1);
  });

  test('a function that gives the keys is asked again in the middle of it', async () => {
    const keys = [Buffer.alloc(32, 1)];
    const writer = newStore({ table, encryption: { keys: [...keys, Buffer.alloc(32, 2)] } });
    await saveAll(writer, idsUpTo(40), { size: 60_000 });
    let calls = 0;
    const newestKeys = () => {
      calls += 1;
      return keys.map((key) => Buffer.from(key));
    };
    const store = newStore({ table, encryption: { keys: newestKeys } });
    const sessions = store.sessions();
    await sessions.next();
    expect(calls).toBe(1);
    const other = newStore({ table, encryption: { keys: [Buffer.alloc(32, 2)] } });
    keys.unshift(Buffer.alloc(32, 2));
    await saveAll(other, idsUpTo(40), { size: 60_000 });
    expect((await taken(sessions)).length).toBeGreaterThan(10);
    expect(calls).toBe(2);
  });

  test('of a closed store fails, and goes on in another store', async () => {
    const store = newStore({ table });
    await saveAll(store, idsUpTo(40), { size: 60_000 });
    const progress = progressOf(store);
    const before = [];
    const closing = async () => {
      for await (const { sid } of store.sessions()) {
        before.push([sid, progress.length]);
        if (progress.length === 1) await store.close();
      }
    };
    await expect(closing()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
    const { resume, sessions } = progress.at(-1);
    const rest = await taken(newStore({ table }).sessions({ resume }));
    const sids = [...before.slice(0, sessions).map(([sid]) => sid), ...rest.map(({ sid }) => sid)];
    expect(sorted(sids)).toEqual(sorted(idsUpTo(40)));
  });

  test('wrong options throw at once', () => {
    const store = newStore({ table });
    expect(() => store.sessions({ segments: -1 })).toThrow(TypeError);
    expect(() => store.sessions({ resume: 'sess:secret' })).toThrow(
      'option "resume" must be a token of the event "progress"',
    );
  });
});

describe('entries() inside the package', () => {
  test('has the session as the table has it, also an ended one', async () => {
    let inner;
    const all = Object.getOwnPropertyDescriptor(SessionStore.prototype, 'all');
    const spy = jest.spyOn(SessionStore.prototype, 'all', 'get').mockImplementation(function get() {
      inner = all.get.call(this);
      return inner;
    });
    const options = {
      table,
      hashIds: { secret: newSecret() },
      absoluteTtl: 10 * DAY,
    };
    const store = newStore({
      ...options,
      indexes: { user: { value: 'sid', label: () => 'Firefox' } },
    });
    await saveAll(store, ['a']);
    await saveAll(store, ['ended'], { maxAge: -DAY });
    await store.length();
    spy.mockRestore();
    const [entry, ...others] = await taken(inner.entries());
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      sid: hashOf('a'),
      data: expect.stringContaining('"sid":"a"'),
      expires: expect.any(Number),
      version: expect.any(String),
      created: expect.any(Number),
      seen: expect.any(Number),
      indexed: [{ value: 'a', since: expect.any(Number), label: 'Firefox' }],
    });
    const both = await taken(inner.entries({ ended: true, segments: 3 }));
    expect(sorted(both.map(({ sid }) => sid))).toEqual(sorted([hashOf('a'), hashOf('ended')]));
  });
});

describe('the forms of the methods', () => {
  test.each(['length', 'ids', 'clear', 'reap'])(
    '%s: callback, options, both, none',
    async (method) => {
      const store = newStore({ table });
      const called = (...args) =>
        new Promise((resolve, reject) => {
          const result = store[method](...args, (error, value) =>
            error ? reject(error) : resolve(value),
          );
          expect(result).toBeUndefined();
        });
      const value = await store[method]();
      expect(await called()).toEqual(value);
      expect(await called({ segments: 2 })).toEqual(value);
      expect(await called(undefined)).toEqual(value);
      expect(await store[method]({ segments: 2 })).toEqual(value);
      expect(await store[method](null)).toEqual(value);
      const wrong = { code: 'ERR_INVALID_ARG_VALUE', name: 'TypeError' };
      await expect(called({ segments: 'many' })).rejects.toMatchObject(wrong);
      await expect(store[method]({ limit: 7 })).rejects.toMatchObject(wrong);
    },
  );
});

describe('reap', () => {
  test('a session that is saved meanwhile stays', async () => {
    const store = newStore({ table });
    await saveAll(store, idsUpTo(40), { maxAge: -DAY, size: 2000 });
    const other = newStore({ table });
    /** Saves sessions of the later pages, some of which are deleted at the same time. */
    const saveSome = async () => {
      const left = Object.keys(await items(table)).map((id) => id.slice('sess:'.length));
      const sids = left.slice(0, 5);
      for (const sid of sids) await saveAll(other, [sid]);
      return sids;
    };
    const saved = new Promise((resolve) => {
      store.once('progress', () => resolve(saveSome()));
    });
    await store.reap({ capacityPerSecond: 100 });
    // A session that was deleted before it was saved is a new one.
    const sids = await saved;
    expect(sids.length).toBeGreaterThan(0);
    expect(sorted(await store.ids())).toEqual(sorted(sids));
  });

  test('close() ends one with a limit, and its token has the rest', async () => {
    const store = newStore({ table });
    await saveAll(store, idsUpTo(40), { maxAge: -DAY });
    const progress = progressOf(store);
    const reaping = store.reap({ capacityPerSecond: 5 });
    reaping.catch(() => {});
    await new Promise((resolve) => store.once('progress', resolve));
    await store.close();
    await expect(reaping).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
    const { deleted, resume } = progress.at(-1);
    expect(deleted).toBeLessThan(40);
    expect(await newStore({ table }).reap({ resume })).toBe(40 - deleted);
  });

  test('a failure of a page: the events have what was deleted', async () => {
    const expired = (number) => ({
      id: { S: `sess:${number}` },
      expires: { N: '1000' },
      type: { S: 'connect-session' },
      sess: { S: '{"cookie":{}}' },
    });
    let scans = 0;
    const { store, stub } = await newStubbed(({ operation }) => {
      if (operation !== 'Scan') return undefined;
      scans += 1;
      if (scans === 2) return refusal('ValidationException');
      return {
        body: {
          Items: [expired(1)],
          Count: 1,
          ScannedCount: 9,
          LastEvaluatedKey: { id: { S: 'sess:1' } },
        },
      };
    });
    const progress = progressOf(store);
    await expect(store.reap()).rejects.toMatchObject({ code: 'ValidationException' });
    expect(progress.length).toBe(1);
    expect(progress[0]).toMatchObject({ read: 9, sessions: 1, deleted: 1 });
    // The stub reports no units.
    expect(progress[0].capacity).toBeUndefined();
    expect(stub.calls.map(({ body }) => body.ReturnConsumedCapacity)).toEqual(
      stub.calls.map(() => 'TOTAL'),
    );
  });

  test('without a limit and a listener, requests are as they were', async () => {
    const { store, stub } = await newStubbed(() => undefined);
    await store.reap();
    await store.length();
    for (const { body } of stub.calls) {
      expect(Object.keys(body).sort()).toEqual([
        'ConsistentRead',
        'ExpressionAttributeNames',
        'ExpressionAttributeValues',
        'FilterExpression',
        'TableName',
      ]);
    }
  });
});

describe('Koa', () => {
  test.each([
    ['plain', {}],
    ['encrypted', { encryption: { keys: [Buffer.alloc(32, 7)] } }],
  ])('sessions(), %s', async (_name, options) => {
    const hashKey = 'sessionId';
    const name = await newTable({ hashKey });
    const store = koa.newStore({ table: { name, hashKey }, ...options });
    const sids = idsUpTo(40);
    const text = 'x'.repeat(60_000);
    const end = Date.now() + DAY;
    const save = (sid) => store.set(sid, { sid, text, _expire: end, _maxAge: DAY }, DAY);
    await Promise.all(sids.map(save));
    await store.set('ended', { sid: 'ended' }, -DAY);
    expect(await getItem(name, 's0', hashKey)).toBeDefined();
    const progress = progressOf(store);
    for (const how of [undefined, { segments: 4 }, { capacityPerSecond: 1e5 }]) {
      progress.length = 0;
      const sessions = await taken(store.sessions(how));
      expect(sorted(sessions.map(({ sid }) => sid))).toEqual(sorted(sids));
      for (const { sid, session, expires } of sessions) {
        expect(session).toEqual({ sid, text, _expire: end, _maxAge: DAY });
        expect(Math.abs(expires - end)).toBeLessThan(2000);
      }
      expect(progress.at(-1)).toMatchObject({ operation: 'sessions', sessions: 40, read: 41 });
    }
    expect(() => store.sessions({ segments: 0 })).toThrow(TypeError);
  });
});
