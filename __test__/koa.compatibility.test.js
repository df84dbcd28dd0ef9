'use strict';

/** One table, shared with the published koa-session-dynamodb-store. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const PublishedStore = require('koa-session-dynamodb-store');
const DynamoDBStore = require('../koa');
const { DAY } = require('./support/contract');
const { dynamoConfig, getItem, newTable } = require('./support/dynamodb');
const { expectEnd } = require('./support/ends');
const { firstColumn } = require('./support/markdown');

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
  const since = Date.now();
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
  for (const item of items) expectEnd(item, since, DAY / 1000);
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

/** The outcome of a session that the store refuses. */
const refused = (code) => expect.objectContaining({ code });

const refusedHere = refused('ERR_SESSION_VALUE');

/** An object that inherits a property, as those of old classes do. */
const inheriting = Object.assign(Object.create({ kind: 'member' }), { name: 'ann' });

/** What each store gives back for a value, or how it refuses it, by the rows of the page. */
const differences = {
  '`undefined`, a function or a gap in a list': {
    // biome-ignore lint/suspicious/noSparseArray: that is a gap
    value: [1, undefined, () => {}, , 2],
    theirs: [1, 2],
    ours: [1, null, null, null, 2],
  },
  'a symbol': { value: Symbol('a'), theirs: {}, ours: undefined },
  'NaN, Infinity': {
    value: Number.NaN,
    theirs: refused('ValidationException'),
    ours: refusedHere,
  },
  'a BigInt': { value: 1n, theirs: {}, ours: refusedHere },
  'a Map': { value: new Map([['pen', 1]]), theirs: {}, ours: refusedHere },
  'a Set': {
    value: new Set(['pen']),
    theirs: refused('ValidationException'),
    ours: refusedHere,
  },
  'a set of `createSet()`': {
    value: () => theirs.documentClient.createSet(['a']),
    theirs: expect.objectContaining({ wrapperName: 'Set', type: 'String', values: ['a'] }),
    ours: ['a'],
  },
  'a date': { value: new Date(0), theirs: {}, ours: '1970-01-01T00:00:00.000Z' },
  'an object with a `toJSON()`': {
    value: { amount: 3, toJSON: () => '3 EUR' },
    theirs: { amount: 3 },
    ours: '3 EUR',
  },
  'an instance of a class': {
    value: inheriting,
    theirs: { name: 'ann', kind: 'member' },
    ours: { name: 'ann' },
  },
  'an object of `String`, `Number` or `Boolean`': {
    value: Object('text'),
    theirs: refused('InvalidParameterType'),
    ours: 'text',
  },
  'a typed array of more than one byte an element': {
    value: Uint16Array.of(258),
    theirs: Buffer.from([2]),
    ours: Buffer.from([2, 1]),
  },
  'a `DataView`': {
    value: new DataView(Uint8Array.of(1).buffer),
    theirs: Buffer.alloc(0),
    ours: Buffer.from([1]),
  },
  'text with half a surrogate pair': { value: '\ud800', theirs: '\ud800', ours: refusedHere },
};

describe('what comes back of', () => {
  test.each(Object.entries(differences))('%s', async (_kind, { value, ...expected }) => {
    const session = { value: typeof value === 'function' ? value() : value };
    for (const [name, store] of Object.entries({ theirs, ours })) {
      const outcome = store.set(name, session, DAY).then(
        async () => (await store.get(name)).value,
        (error) => error,
      );
      expect([name, await outcome]).toEqual([name, expected[name]]);
    }
  });

  test('all that the page names', () => {
    const rows = firstColumn('docs/MIGRATION.md', 'Values that come back otherwise');
    expect(rows).toEqual(Object.keys(differences));
  });
});

test.each([
  ['undefined and a function in an object', { a: undefined, b() {}, c: 1 }, { c: 1 }],
  ['a key that is a symbol', { [Symbol('a')]: 1 }, {}],
  ['an error', { error: Object.assign(new Error('no'), { code: 'E' }) }, { error: { code: 'E' } }],
  ['a regular expression', { pattern: /a/ }, { pattern: {} }],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ['a property beside the elements of a list', { a: Object.assign([1], { b: 2 }) }, { a: [1] }],
  ['-0', { zero: -0 }, { zero: 0 }],
])('%s is with both: %p becomes %p', async (_kind, session, expected) => {
  for (const store of [theirs, ours]) {
    await store.set('abc', session, DAY);
    expect(await store.get('abc')).toEqual(expected);
  }
});
