'use strict';

/** The option `hashIds`: the ids in the table, and sessions that move when the option changes. */

const { randomBytes, randomUUID } = require('node:crypto');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { Cookie } = require('express-session');
const { handleOf } = require('../lib/handle');
const { getItem, items, newTable, putItem, seconds } = require('./support/dynamodb');
const { hashOf, newSecret } = require('./support/hashed-ids');
const { newIndexedTable } = require('./support/indexes');
const { storesOf } = require('./support/stores');

const express = storesOf(DynamoDBStore, { initialized: true });
const koa = storesOf(KoaStore);

const secret = newSecret();
const session = (keys) => {
  const cookie = new Cookie();
  cookie.maxAge = 60_000;
  return { cookie, ...keys };
};

let table;
let koaTable;
beforeAll(async () => {
  [table, koaTable] = await Promise.all([
    newIndexedTable({ hashKey: 'id' }),
    newTable({ hashKey: 'sessionId' }),
  ]);
});

const newStore = (hashIds, options) => express.newStore({ table, hashIds, ...options });
const plainStore = (options) => express.newStore({ table, ...options });
const itemOf = (id) => getItem(table, `sess:${id}`);

/** The states of the option while it is turned on, its secret is changed, and it is turned off. */
const states = {
  off: undefined,
  'read only': { secret, write: false },
  migrating: { secret, migrate: true },
  on: { secret },
  rotating: { secret: [newSecret('n'), secret], migrate: true },
  'turning off': { secret: [newSecret('n'), secret], write: false },
};

/** The states in which a session of another state is found. */
const reads = {
  off: ['off', 'read only', 'migrating', 'rotating', 'turning off'],
  'read only': ['off', 'read only', 'migrating', 'rotating', 'turning off'],
  migrating: ['read only', 'migrating', 'on', 'rotating', 'turning off'],
  on: ['read only', 'migrating', 'on', 'rotating', 'turning off'],
  rotating: ['rotating', 'turning off'],
  'turning off': ['off', 'read only', 'migrating', 'rotating', 'turning off'],
};
const pairs = Object.keys(states).flatMap((one) => Object.keys(states).map((two) => [one, two]));

const sids = () => randomUUID();

describe('the key in the table', () => {
  test('is an HMAC of the id, which anybody with the secret can compute', async () => {
    const sid = sids();
    await newStore({ secret }).set(sid, session({ user: 'ann' }));
    expect(await itemOf(sid)).toBeUndefined();
    expect(await itemOf(hashOf(sid))).toMatchObject({ type: { S: 'connect-session' } });
    await koa
      .newStore({ table: { name: koaTable }, hashIds: { secret } })
      .set(sid, { n: 1 }, 60_000);
    expect(Object.keys(await items(koaTable, 'sessionId'))).toEqual([hashOf(sid)]);
  });

  test.each([
    ['a text', secret],
    ['a Buffer', Buffer.from(secret)],
    ['a Uint8Array', new Uint8Array(Buffer.from(secret))],
    ['a part of a buffer', Buffer.from(`...${secret}`).subarray(3)],
    ['an array', [secret, newSecret('o')]],
  ])('the secret as %s', async (_kind, given) => {
    const sid = sids();
    await newStore({ secret: given }).set(sid, session());
    expect(await itemOf(hashOf(sid))).toBeDefined();
  });

  test('the bytes that the application passes are not changed', () => {
    const bytes = Buffer.from(secret);
    newStore({ secret: bytes });
    expect(bytes.toString()).toBe(secret);
  });

  test('no attribute of an item has the id, with all options on', async () => {
    const own = await newIndexedTable({ hashKey: 'id' });
    const options = { table: own, compress: true, indexes: { user: { value: 'user' } } };
    const store = newStore({ secret }, { ...options, absoluteTtl: 3_600_000 });
    const sid = sids();
    await store.set(sid, session({ user: 'ann' }));
    await store.withLock(sid, {}, () => store.touch(sid, session()));
    const found = await items(own);
    expect(Object.keys(found).sort()).toEqual(
      ['', '#lock'].map((suffix) => `sess:${hashOf(sid)}${suffix}`),
    );
    expect(JSON.stringify(found)).not.toContain(sid);
  });

  test('an id from a copy of the table opens no session', async () => {
    const sid = sids();
    await newStore({ secret }).set(sid, session());
    for (const hashIds of Object.values(states)) {
      const store = newStore(hashIds);
      expect(await store.get(hashOf(sid))).toBeNull();
      if (hashIds) await store.destroy(hashOf(sid));
    }
    expect(await itemOf(hashOf(sid))).toBeDefined();
    const ofKoa = koa.newStore({ table: { name: koaTable }, hashIds: { secret } });
    await ofKoa.set(sid, { n: 1 }, 60_000);
    expect(await koa.newStore({ table: { name: koaTable } }).get(hashOf(sid))).toBeUndefined();
    expect(await ofKoa.get(sid)).toEqual({ n: 1 });
  });
});

describe('what one store writes, another finds:', () => {
  test.each(pairs)('%s, %s', async (one, two) => {
    const sid = sids();
    const isFound = reads[one].includes(two);
    await newStore(states[one]).set(sid, session({ n: 1 }));
    const found = await newStore(states[two]).get(sid);
    expect(found?.n).toBe(isFound ? 1 : undefined);

    const from = koa.newStore({ table: { name: koaTable }, hashIds: states[one] });
    await from.set(sid, { n: 2 }, 60_000);
    const ofKoa = koa.newStore({ table: { name: koaTable }, hashIds: states[two] });
    expect((await ofKoa.get(sid))?.n).toBe(isFound ? 2 : undefined);
  });
});

describe('a session moves', () => {
  const migrating = { secret, migrate: true };
  const indexes = { user: { value: 'user', label: () => 'a device' } };

  /** Has a store without the option write a session. */
  async function written(keys = { user: 'ann' }, options = {}) {
    const sid = sids();
    await plainStore(options).set(sid, session(keys));
    return { sid, before: await itemOf(sid) };
  }

  test.each([
    ['read', (store, sid) => store.get(sid)],
    ['touched', (store, sid) => store.touch(sid, session())],
    ['saved', (store, sid) => store.set(sid, session({ user: 'ann' }))],
  ])('when it is %s', async (_how, use) => {
    const { sid } = await written();
    const store = newStore(migrating);
    await use(store, sid);
    expect(await itemOf(sid)).toBeUndefined();
    expect(await newStore({ secret }).get(sid)).toMatchObject({ user: 'ann' });
  });

  test('with all its attributes', async () => {
    const options = { indexes, absoluteTtl: 3_600_000, specialKeys: [{ name: 'user', type: 'S' }] };
    const { sid, before } = await written({ user: 'ann' }, { ...options, indexes: undefined });
    await newStore(migrating).get(sid);
    expect(await itemOf(hashOf(sid))).toEqual({ ...before, id: { S: `sess:${hashOf(sid)}` } });
  });

  test.each([{ compress: { threshold: 1 } }, { encryption: { keys: [randomBytes(32)] } }])(
    'and is decoded there: %#',
    async (options) => {
      const { sid } = await written({ user: 'ann', text: 'x'.repeat(1000) }, options);
      const store = newStore(migrating, options);
      expect(await store.get(sid)).toMatchObject({ user: 'ann' });
      expect(await store.get(sid)).toMatchObject({ user: 'ann' });
      expect((await itemOf(hashOf(sid))).sess.B).toBeDefined();
    },
  );

  test('stays where it is, if it cannot be decrypted', async () => {
    const { sid, before } = await written({}, { encryption: { keys: [randomBytes(32)] } });
    const store = newStore(migrating, { encryption: { keys: [randomBytes(32)] } });
    const code = 'ERR_SESSION_DECRYPT';
    await expect(store.get(sid)).rejects.toMatchObject({ code });
    expect(await itemOf(sid)).toEqual(before);
    expect(await itemOf(hashOf(sid))).toBeUndefined();
  });

  test('not, if it has ended', async () => {
    const { sid, before } = await written();
    await putItem(table, { ...before, expires: { N: String(seconds() - 10) } });
    const store = newStore(migrating);
    const ended = jest.fn();
    store.on('expire', ended);
    expect(await store.get(sid)).toBeNull();
    expect(await itemOf(sid)).toBeDefined();
    await new Promise(setImmediate);
    expect(ended).toHaveBeenCalledTimes(1);
  });

  test('and keeps what an earlier save of another store has not read', async () => {
    const { sid } = await written({ a: 1 });
    const [one, two] = [newStore(migrating), newStore(migrating)];
    const of = async (store) =>
      store.createSession({ sessionID: sid, sessionStore: store }, await store.get(sid));
    const [first, second] = [await of(one), await of(two)];
    first.b = 2;
    await one.set(sid, first);
    second.c = 3;
    await two.set(sid, second);
    expect(await one.get(sid)).toMatchObject({ a: 1, b: 2, c: 3 });
  });

  test('while a request uses it, which saves it all the same', async () => {
    const { sid } = await written({ a: 1 });
    const [one, two] = [newStore({ secret, write: false }), newStore(migrating)];
    const read = await one.get(sid);
    const request = one.createSession({ sessionID: sid, sessionStore: one }, read);
    await two.get(sid);
    request.b = 2;
    await one.set(sid, request);
    await two.get(sid);
    await one.touch(sid, request);
    expect(await two.get(sid)).toMatchObject({ a: 1, b: 2 });
    expect(await itemOf(sid)).toBeUndefined();
  });

  test('and is destroyed wherever it is', async () => {
    for (const [one, two] of pairs.filter(([one, two]) => reads[one].includes(two))) {
      const sid = sids();
      await newStore(states[one]).set(sid, session());
      await newStore(states[two]).destroy(sid);
      for (const hashIds of Object.values(states)) {
        expect([one, two, await newStore(hashIds).get(sid)]).toEqual([one, two, null]);
      }
    }
  });

  test.each([
    ['turned on', [{ secret, write: false }, migrating]],
    [
      'rotated',
      [
        [secret, newSecret('n')],
        [newSecret('n'), secret],
      ].map((each) => ({ secret: each, migrate: true })),
    ],
  ])('while many requests use it, and the option is %s', async (_change, steps) => {
    const { sid } = await written({});
    const stores = [...steps, ...steps].map((hashIds) => newStore(hashIds));
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        stores.map(async (store, at) => {
          const request = store.createSession(
            { sessionID: sid, sessionStore: store },
            await store.get(sid),
          );
          request[`at${at}`] = round;
          await store.set(sid, request);
        }),
      );
    }
    expect(await stores[1].get(sid)).toMatchObject({ at0: 19, at1: 19, at2: 19, at3: 19 });
  });
});

describe('lists and handles', () => {
  test('ids() and all() give handles, which are no ids', async () => {
    const own = await newTable();
    const store = newStore({ secret, migrate: true }, { table: own });
    await plainStore({ table: own }).set('plain', session({ n: 0 }));
    await store.set('hashed', session({ n: 1 }));
    const handles = ['plain', hashOf('hashed')].map((id) => handleOf(`sess:${id}`));
    expect((await store.ids()).sort()).toEqual([...handles].sort());
    const all = (await store.all()).sort((one, other) => one.n - other.n);
    expect(all.map(({ id }) => id)).toEqual(handles);
    expect(await store.length()).toBe(2);
    expect(await store.get(handles[1])).toBeNull();
    await store.clear();
    expect(await items(own)).toEqual({});
  });

  test('sessionsOf(), destroyOf() and events have the same handles', async () => {
    const own = await newIndexedTable({ hashKey: 'id' });
    const store = newStore({ secret }, { table: own, indexes: { user: { value: 'user' } } });
    const heard = [];
    for (const event of ['create', 'destroy']) {
      store.on(event, ({ handle }) => heard.push([event, handle]));
    }
    await store.set('one', session({ user: 'ann' }));
    await store.set('two', session({ user: 'ann' }));
    const [one, two] = ['one', 'two'].map((sid) => handleOf(`sess:${hashOf(sid)}`));
    const found = await store.sessionsOf('user', 'ann', { current: 'one' });
    const current = Object.fromEntries(found.map((each) => [each.handle, each.current]));
    expect(current).toEqual({ [one]: true, [two]: false });
    expect(await store.destroyOf('user', 'ann', { except: 'one' })).toBe(1);
    expect(await store.ids()).toEqual([one]);
    await store.destroy('one');
    await new Promise(setImmediate);
    expect(heard).toEqual([
      ['destroy', two],
      ['destroy', one],
    ]);
  });

  test('a session that has not moved yet counts as the current one', async () => {
    const options = { indexes: { user: { value: 'user' } } };
    const user = `user-${sids()}`;
    const sid = sids();
    await plainStore(options).set(sid, session({ user }));
    const store = newStore({ secret, migrate: true }, options);
    expect(await store.sessionsOf('user', user, { current: sid })).toMatchObject([
      { current: true },
    ]);
    expect(await store.destroyOf('user', user, { except: sid })).toBe(0);
    expect(await store.get(sid)).toMatchObject({ user });
  });
});

describe('bad input', () => {
  const code = 'ERR_INVALID_ARG_VALUE';

  test.each([
    ['hunter2', 'option "hashIds" must be an object, but is string'],
    [{}, 'option "hashIds.secret" is missing'],
    [
      { secret: 'hunter2' },
      '"hashIds.secret" must be a text, Buffer or Uint8Array of at least 32 bytes, but has 7',
    ],
    [{ secret: [secret, 'hunter2'] }, '"hashIds.secret[1]" must be'],
    [{ secret: [] }, '"hashIds.secret" must have 1 to 10 secrets, but has 0'],
    [{ secret: Array(11).fill(secret) }, '"hashIds.secret" must have 1 to 10 secrets, but has 11'],
    [{ secret, write: false, migrate: true }, '"hashIds.migrate" cannot be true while'],
    [{ secret: new Uint16Array(32) }, '"hashIds.secret" must be'],
    [{ secret: 5 }, '"hashIds.secret" must be'],
    [{ secret: [5] }, '"hashIds.secret[0]" must be'],
    [{ secret: () => secret }, '"hashIds.secret" must be'],
    [{ secret, migrate: 'yes' }, '"hashIds.migrate" must be a boolean'],
    [{ secret, migrat: true }, '"hashIds.migrat" is not known'],
  ])('%j', (hashIds, message) => {
    for (const Store of [DynamoDBStore, KoaStore]) {
      let error;
      try {
        new Store({ hashIds });
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
      expect(error.message).not.toContain('hunter2');
    }
  });
});

test('with express-session over HTTP, the browser and the table have different ids', async () => {
  const { expressSubject } = require('./support/race-subjects');
  const { startBrowser } = require('./support/browser');
  const subject = expressSubject();
  const store = newStore({ secret });
  const browser = await startBrowser(subject.newApp(store));
  const answer = await browser.visit(({ session }) => Object.assign(session, { user: 'ann' }));
  const sid = subject.sidOf(answer);
  expect((await browser.visit(({ session }) => session.user)).body.said).toBe('ann');
  expect(await itemOf(sid)).toBeUndefined();
  expect(await itemOf(hashOf(sid))).toBeDefined();
  expect(browser.failures).toEqual([]);
  await browser.stop();
});

test.each(['v2', 'v3'])('through a client of aws-sdk %s, a session moves', async (version) => {
  const { [version]: newClient } = require('./support/ways');
  const client = newClient(process.env.DYNAMODB_ENDPOINT);
  const options = { client, transport: 'client', dynamoConfig: undefined };
  const sid = sids();
  await plainStore().set(sid, session({ user: 'ann' }));
  const store = newStore({ secret, migrate: true }, options);
  expect(await store.get(sid)).toMatchObject({ user: 'ann' });
  expect(await itemOf(sid)).toBeUndefined();
  // Its condition does not hold, because the session has moved already.
  await plainStore().set(sid, session({ user: 'bob' }));
  expect(await store.get(sid)).toMatchObject({ user: 'ann' });
  await store.destroy(sid);
  expect(await newStore({ secret, migrate: true }).get(sid)).toBeNull();
});

test('a secret that is given twice counts once', async () => {
  const sid = sids();
  const store = newStore({ secret: [secret, Buffer.from(secret)], migrate: true });
  await store.set(sid, session({ user: 'ann' }));
  expect(await store.get(sid)).toMatchObject({ user: 'ann' });
  await store.destroy(sid);
  expect(await itemOf(hashOf(sid))).toBeUndefined();
});

test('the replaced packages on the table do not find a session under a hashed id', async () => {
  const ConnectStore = require('connect-dynamodb')({ Store: require('express-session').Store });
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const { credentials, region } = require('./support/dynamodb');
  const endpoint = process.env.DYNAMODB_ENDPOINT;
  const client = new DynamoDBClient({ endpoint, region, credentials: { ...credentials } });
  const theirs = new ConnectStore({ table, client, initialized: true });
  const get = (sid) =>
    new Promise((resolve, reject) => {
      theirs.get(sid, (error, found) => (error ? reject(error) : resolve(found)));
    });
  const sid = sids();
  await newStore({ secret }).set(sid, session({ user: 'ann' }));
  expect((await get(sid)) ?? null).toBeNull();
  await plainStore().set(sid, session({ user: 'bob' }));
  expect(await get(sid)).toMatchObject({ user: 'bob' });
  client.destroy();
});
