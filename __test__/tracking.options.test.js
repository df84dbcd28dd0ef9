'use strict';

/** The options `absoluteTtl` and `indexes`: what they take. */

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');

const user = { value: 'user' };

test.each([
  [{ absoluteTtl: 0 }, 'option "absoluteTtl" must be at least 1 millisecond, but is 0'],
  [{ absoluteTtl: '8h' }, 'option "absoluteTtl" must be a number of milliseconds or an object'],
  [{ absoluteTtl: {} }, 'option "absoluteTtl.ttl" is missing'],
  [{ absoluteTtl: { ttl: -1 } }, 'option "absoluteTtl.ttl" must be at least 1 millisecond'],
  [
    { absoluteTtl: { ttl: 1000, regenerate: 'anew' } },
    'option "absoluteTtl.regenerate" must be "continue" or "restart"',
  ],
  [{ indexes: [] }, 'option "indexes" must be an object'],
  [{ indexes: { user: 'user' } }, 'option "indexes.user" must be an object'],
  [{ indexes: { user: {} } }, 'option "indexes.user.value" is missing'],
  [
    { indexes: { user: { value: 7 } } },
    'option "indexes.user.value" must be a string or a function',
  ],
  [{ indexes: { user: { value: 'a..b' } } }, 'option "indexes.user.value" must be a key'],
  [{ indexes: { user: { ...user, max: 0 } } }, 'option "indexes.user.max" must be a whole number'],
  [
    { indexes: { user: { ...user, max: 1.5 } } },
    'option "indexes.user.max" must be a whole number',
  ],
  [
    { indexes: { user: { ...user, over: 'end' } } },
    'option "indexes.user.over" must be "end-oldest"',
  ],
  [
    { indexes: { user: { ...user, label: 'x' } } },
    'option "indexes.user.label" must be a function',
  ],
  [
    { indexes: { user: { ...user, index: 'a b' } } },
    'option "indexes.user.index" must be an index',
  ],
  [{ indexes: { user: { ...user, attribute: '' } } }, 'option "indexes.user.attribute" must be'],
  [
    { indexes: { expires: user } },
    'option "indexes.expires.attribute" must be an attribute of its',
  ],
  [{ indexes: { _c: user } }, 'option "indexes._c.attribute" must be an attribute of its own'],
  [
    { indexes: { user, user_label: user } },
    'option "indexes.user_label.attribute" must be an attribute of its own',
  ],
  [
    { indexes: { user, other: { ...user, index: 'user-index' } } },
    'option "indexes.other.index" must not be the index of another name',
  ],
])('%j', (options, message) => {
  for (const Store of [DynamoDBStore, KoaStore]) {
    expect(() => new Store(options)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARG_VALUE',
        name: 'TypeError',
        message: expect.stringContaining(message),
      }),
    );
  }
});

test('names that other options have are refused', () => {
  const specialKeys = [{ name: 'user', type: 'S' }];
  expect(() => new DynamoDBStore({ specialKeys, indexes: { user } })).toThrow(
    'option "indexes.user.attribute" must be an attribute of its own, but "user" is taken',
  );
  expect(() => new DynamoDBStore({ hashKey: '_c', absoluteTtl: 1000 })).toThrow(
    'option "absoluteTtl" needs the attribute "_c", which another option names',
  );
  expect(() => new KoaStore({ table: { ttlKey: '_t' }, indexes: { user } })).toThrow(
    'option "indexes" needs the attribute "_t", which another option names',
  );
  // Without the options, the attributes are free.
  new DynamoDBStore({ hashKey: '_c', specialKeys });
});

test('null and undefined count as not set', async () => {
  for (const none of [null, undefined]) {
    const store = new DynamoDBStore({ absoluteTtl: none, indexes: none });
    await expect(store.sessionsOf('user', 'ann')).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: 'the option "indexes" is not set',
    });
  }
});

test('the arguments of the methods are checked', async () => {
  const store = new DynamoDBStore({ indexes: { user } });
  const refused = (message) =>
    expect.objectContaining({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringMatching(message),
    });
  await expect(store.sessionsOf('nobody', 'ann')).rejects.toEqual(refused('no index of this name'));
  await expect(store.destroyOf('user', '')).rejects.toEqual(refused('is missing'));
  await expect(store.destroyOf('user', undefined)).rejects.toEqual(refused('is missing'));
  for (const handle of [7, undefined, null]) {
    const destroyed = store.destroyOf('user', 'ann', { handle });
    await expect(destroyed).rejects.toEqual(refused('"handle"'));
  }
  await expect(store.destroyOf('user', 'ann', { except: 7 })).rejects.toEqual(refused('"except"'));
  await expect(store.destroyOf('user', {})).rejects.toMatchObject({
    code: 'ERR_SESSION_INDEX_VALUE',
  });
  const error = await new Promise((resolve) => {
    store.sessionsOf('nobody', 'ann', resolve);
  });
  expect(error).toEqual(refused('no index of this name'));
});
