'use strict';

/** One table, shared with the published koa-session-dynamodb-store. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const PublishedStore = require('koa-session-dynamodb-store');
const DynamoDBStore = require('../koa');
const { DAY } = require('./support/contract');
const { dynamoConfig, getItem, newTable } = require('./support/dynamodb');

let table;
let ours;
let theirs;
beforeEach(async () => {
  const name = await newTable({ hashKey: 'sessionId' });
  table = { name };
  ours = new DynamoDBStore({ table, dynamoConfig: dynamoConfig() });
  theirs = new PublishedStore({ table, dynamoConfig: dynamoConfig() });
});
afterEach(() => ours.close());

const sessions = {
  'of koa-session': { user: 'ann', visits: 3, _expire: Date.now() + DAY, _maxAge: DAY },
  'for as long as the browser runs': { user: 'ann', _session: true },
  'with values of every kind': {
    text: '✓ 🦀',
    empty: '',
    numbers: [0, -1.5, 1e21, 1e-7, Number.MAX_SAFE_INTEGER],
    nested: { list: [[], {}, null, true], 'a.b c': {} },
    bytes: Buffer.from([0, 255]),
  },
  'with nothing in it': {},
};

test.each(Object.entries(sessions))('a session %s', async (_kind, session) => {
  await ours.set('ours', session, DAY);
  await theirs.set('theirs', session, DAY);
  expect(await theirs.get('ours')).toEqual(session);
  expect(await ours.get('theirs')).toEqual(session);

  const items = await Promise.all(
    ['ours', 'theirs'].map((id) => getItem(table.name, id, 'sessionId')),
  );
  // The version is beside what the published store writes, which ignores it.
  const [one, other] = items.map(({ session: { M }, _v, ...rest }) => ({
    M,
    keys: Object.keys(rest).sort(),
  }));
  expect(one).toEqual(other);
  const [end, otherEnd] = items.map(({ expires }) => Number(expires.N));
  expect(Math.abs(end - otherEnd)).toBeLessThanOrEqual(5);
});

test('what one destroys is gone for the other', async () => {
  await ours.set('a', { a: 1 }, DAY);
  await theirs.set('b', { b: 1 }, DAY);
  await theirs.destroy('a');
  await ours.destroy('b');
  expect(await ours.get('a')).toBeUndefined();
  expect(await theirs.get('b')).toBeUndefined();
});

test('a set that its users made is read as a list', async () => {
  const set = theirs.documentClient.createSet(['a', 'b']);
  await theirs.set('abc', { set }, DAY);
  expect((await ours.get('abc')).set.sort()).toEqual(['a', 'b']);
});
