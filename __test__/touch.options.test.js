'use strict';

/** The options `touchInterval`, `conflict` and `identityKeys` of both stores. */

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');

const wrong = {
  touchInterval: [
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 31,
    'soon',
    '',
    '30000',
    true,
    {},
    [],
  ],
  conflict: ['Merge', '', 'none', 1, true, {}, ['merge'], () => {}],
  identityKeys: ['user', 1, {}, [1], [null], [''], ['a..b'], ['.a'], ['a.'], ['user', '\ud83d']],
};
const right = {
  touchInterval: ['auto', 0, 1, 0.5, 30_000, 2 ** 31 - 1, undefined, null],
  conflict: ['merge', 'overwrite', 'error', undefined, null],
  identityKeys: [[], ['account.id'], ['user', 'a.b.c'], undefined, null],
};
const casesOf = (options) =>
  Object.entries(options).flatMap(([name, values]) => values.map((value) => [name, value]));

describe.each([
  ['express-session', DynamoDBStore],
  ['koa-session', KoaStore],
])('%s', (_framework, Store) => {
  test.each(casesOf(wrong))('%s: %p is a TypeError that names the option', (name, value) => {
    const make = () => new Store({ [name]: value });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(new RegExp(`option "${name}(\\[\\d+\\])?"`));
  });

  test.each(casesOf(right))('%s: %p is fine', (name, value) => {
    const store = new Store({ [name]: value });
    return store.close();
  });

  test('an error does not show the value', () => {
    const make = () => new Store({ conflict: 'my-secret' });
    expect(make).toThrow(/"merge", "overwrite" or "error"/);
    expect(make).not.toThrow(/my-secret/);
  });
});
