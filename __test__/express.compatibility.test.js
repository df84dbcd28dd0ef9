'use strict';

/** One table, shared with the published connect-dynamodb 2.x and 3.x, and with their old items. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { promisify } = require('node:util');
const AWS = require('aws-sdk');
const session = require('express-session');
const connect = require('..');
const connectDynamoDB2 = require('connect-dynamodb-2');
const connectDynamoDB3 = require('connect-dynamodb');
const { DAY } = require('./support/contract');
const {
  credentials,
  dynamoConfig,
  getItem,
  newClient,
  newTable,
  putItem,
  region,
  seconds,
} = require('./support/dynamodb');
const { expectEnd } = require('./support/ends');

const newClient2 = () =>
  new AWS.DynamoDB({
    endpoint: process.env.DYNAMODB_ENDPOINT,
    region,
    credentials: new AWS.Credentials(credentials),
  });

const published = {
  'connect-dynamodb 2.0.6': (options) =>
    new (connectDynamoDB2(session))({ client: newClient2(), ...options }),
  'connect-dynamodb 3.0.5': (options) =>
    new (connectDynamoDB3(session))({ client: newClient(), initialized: true, ...options }),
};

let table;
beforeEach(async () => {
  table = await newTable();
});

const newStore = (options) =>
  new (connect(session))({ table, dynamoConfig: dynamoConfig(), ...options });

/** A session as express-session has it at the end of a request. */
function newSession(data) {
  const cookie = new session.Cookie({ maxAge: DAY, httpOnly: true, sameSite: 'lax' });
  return { cookie, ...data };
}

describe.each(Object.entries(published))('%s', (_name, open) => {
  const data = { user: 'ann', list: [1, null, { a: '✓' }], level: 7, visits: 3 };
  const specialKeys = [
    { name: 'user', type: 'S' },
    { name: 'visits', type: 'N' },
  ];

  /** The published store, with promises. */
  function openPublished(options) {
    const store = open({ table, ...options });
    const method = (name) => promisify(store[name].bind(store));
    return { store, get: method('get'), set: method('set'), destroy: method('destroy') };
  }

  test('reads what this package writes, and the other way round', async () => {
    const theirs = openPublished();
    const ours = newStore();
    await ours.set('ours', newSession(data));
    await theirs.set('theirs', newSession(data));
    expect(await theirs.get('ours')).toEqual(await ours.get('ours'));
    expect(await ours.get('theirs')).toEqual(await theirs.get('theirs'));
    expect(await ours.get('theirs')).toMatchObject(data);
    expect((await ours.ids()).sort()).toEqual(['ours', 'theirs']);
    await ours.destroy('theirs');
    expect(await theirs.get('theirs')).toBeNull();
    await theirs.destroy('ours');
    expect(await ours.get('ours')).toBeNull();
  });

  test('gives values as JSON has them, and refuses what JSON refuses', async () => {
    const values = {
      at: new Date(0),
      cart: new Map([['pen', 1]]),
      tags: new Set(['a']),
      none: Number.NaN,
      list: [undefined, () => {}, Symbol('a')],
      gone: undefined,
      bytes: Buffer.from([1]),
      own: { toJSON: () => 'own' },
    };
    const theirs = openPublished();
    const ours = newStore();
    await ours.set('ours', newSession(values));
    await theirs.set('theirs', newSession(values));
    const { cookie: _cookie, ...found } = await ours.get('ours');
    expect(found).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      cart: {},
      tags: {},
      none: null,
      list: [null, null, null],
      bytes: { type: 'Buffer', data: [1] },
      own: 'own',
    });
    expect(await theirs.get('theirs')).toMatchObject(found);
    await expect(ours.set('ours', newSession({ big: 1n }))).rejects.toMatchObject({
      code: 'ERR_SESSION_SERIALIZE',
    });
  });

  test('writes the same item, but for a fraction of a second', async () => {
    const options = { prefix: 'app:', specialKeys: specialKeys.slice(0, 1) };
    const since = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(since);
    const shared = newSession(data);
    clock.mockRestore();
    await newStore(options).set('same', shared);
    const { _v: version, ...ours } = await getItem(table, 'app:same');
    // Beside what connect-dynamodb writes, which ignores it.
    expect(version).toEqual({ S: expect.any(String) });
    await openPublished(options).set('same', shared);
    const theirs = await getItem(table, 'app:same');
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    expect({ ...ours, expires: null }).toEqual({ ...theirs, expires: null });
    for (const item of [ours, theirs]) expectEnd(item, since, DAY / 1000);
  });

  test('can be rolled back to: it reads, touches and ends what this package wrote', async () => {
    const { store, get } = openPublished();
    const ours = newStore();
    await ours.set('abc', newSession(data));
    await promisify(store.touch.bind(store))('abc', newSession(data));
    expect(await ours.get('abc')).toMatchObject(data);
    await ours.touch('abc', newSession(data));
    expect(await get('abc')).toMatchObject(data);
    await ours.set('abc', { ...newSession(data), cookie: { maxAge: -1000 } });
    expect(await get('abc')).toBeNull();
  });
});

describe('an item of an older release', () => {
  const item = (expires, sess = '{"a":1}') => ({
    id: { S: 'sess:abc' },
    expires: { N: String(expires) },
    type: { S: 'connect-session' },
    sess: { S: sess },
  });

  test.each([
    ['1.0.12 to 3.0.1: whole seconds', () => seconds() + 60, () => seconds() - 1],
    ['3.0.3 to 3.0.5: fractions', () => seconds() + 60.565, () => seconds() - 0.435],
    ['up to 1.0.11: milliseconds', () => Date.now() + 60_000, () => Date.now() - 1],
  ])('is read back, and none once it has ended: %s', async (_release, alive, ended) => {
    const store = newStore();
    await putItem(table, item(alive()));
    expect(await store.get('abc')).toEqual({ a: 1 });
    expect(await store.ids()).toEqual(['abc']);
    await putItem(table, item(ended()));
    expect(await store.get('abc')).toBeNull();
    expect(await store.ids()).toEqual([]);
    expect(await store.reap()).toBe(1);
  });

  /** What 3.0.2 wrote at `time`: seconds plus a lifetime in milliseconds. */
  function itemOf302(time) {
    const cookie = { originalMaxAge: DAY, expires: new Date(time + DAY).toJSON(), path: '/' };
    return item(Math.floor(time / 1000) + DAY, JSON.stringify({ cookie, a: 1 }));
  }

  test('of 3.0.2, far off, lives as long as its cookie says', async () => {
    const store = newStore();
    await putItem(table, itemOf302(Date.now() - DAY / 2));
    expect(await store.get('abc')).toMatchObject({ a: 1 });
    expect(await store.length()).toBe(1);
    await putItem(table, itemOf302(Date.now() - 2 * DAY));
    expect(await store.get('abc')).toBeNull();
    expect(await store.length()).toBe(0);
    expect(await store.reap()).toBe(1);
  });

  test('of 3.0.2 is mended by the next write', async () => {
    const store = newStore();
    await putItem(table, itemOf302(Date.now() - DAY / 2));
    const { expires } = await store.touch('abc', newSession());
    expect(expires).toBeLessThanOrEqual(seconds() + DAY / 1000);
    expect((await getItem(table, 'sess:abc')).expires.N).toBe(String(expires));
  });

  test('without expires never ends', async () => {
    const { expires, ...rest } = item(0);
    await putItem(table, rest);
    expect(await newStore().get('abc')).toEqual({ a: 1 });
  });
});
