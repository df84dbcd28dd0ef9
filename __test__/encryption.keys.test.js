'use strict';

/** The option `encryption`: its keys, from an array or from a function. */

const { randomBytes } = require('node:crypto');
const { EventEmitter } = require('node:events');
const { inspect } = require('node:util');
const { DynamoDBStore } = require('..');
const { getItem, items, newTable } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');

const { newStore } = storesOf(DynamoDBStore, { initialized: true });

const [first, second] = [randomBytes(32), randomBytes(32)];
const session = { cookie: {}, user: 'ann' };

let table;
beforeAll(async () => {
  table = await newTable();
});

/** The id of the key that has encrypted a session. */
async function keyIdOf(sid) {
  return Buffer.from((await getItem(table, `sess:${sid}`)).sess.B).toString('hex', 1, 9);
}

/** Resolves when `isTrue` says so. */
async function until(isTrue) {
  while (!(await isTrue())) await new Promise((resolve) => setImmediate(resolve));
}

describe('an array', () => {
  test.each([
    ['a Buffer', first],
    ['a Uint8Array', new Uint8Array(first)],
    ['base64', first.toString('base64')],
    ['base64url', first.toString('base64url')],
    ['hex', first.toString('hex')],
    ['HEX', first.toString('hex').toUpperCase()],
  ])('%s is a key', async (form, key) => {
    const writer = newStore({ table, encryption: { keys: [first] } });
    await writer.set(form, session);
    const store = newStore({ table, encryption: { keys: [second, key] } });
    expect(await store.get(form)).toMatchObject(session);
    // The application's bytes are left as they are.
    expect(first.every((byte) => byte === 0)).toBe(false);
  });

  test('the first key writes', async () => {
    await newStore({ table, encryption: { keys: [first, second] } }).set('one', session);
    await newStore({ table, encryption: { keys: [second, first] } }).set('two', session);
    expect(await keyIdOf('one')).not.toBe(await keyIdOf('two'));
  });

  test.each([
    [{}, 'option "encryption.keys" is missing'],
    [{ keys: [] }, 'option "encryption.keys" must be an array of at least one key, but is empty'],
    [{ keys: 'hunter2' }, 'option "encryption.keys" must be an array or a function, but is string'],
    [
      { keys: [first, Buffer.alloc(31)] },
      /^option "encryption.keys\[1\]" must be 32 bytes: .* but has 31 bytes$/,
    ],
    [
      { keys: ['hunter2!'] },
      /^option "encryption.keys\[0\]" must be 32 bytes: .* but is a text in neither$/,
    ],
    [{ keys: ['hunter2'] }, /^option "encryption.keys\[0\]" must be 32 bytes: .* but has 5 bytes$/],
    [{ keys: [7] }, /^option "encryption.keys\[0\]" must be 32 bytes: .* but is number$/],
    [
      { keys: [first], plaintext: 'never' },
      'option "encryption.plaintext" must be "read" or "refuse"',
    ],
    [
      { keys: [first], refresh: 0 },
      /^option "encryption.refresh" must be a number of milliseconds from 1 /,
    ],
    [
      { keys: [first], plainText: 'refuse' },
      /^option "encryption.plainText" is not known: .* Did you mean "encryption.plaintext"\?$/,
    ],
    ['hunter2', 'option "encryption" must be an object, but is string'],
  ])('%j is refused', (encryption, message) => {
    let error;
    try {
      newStore({ table, encryption });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
    expect(inspect(error)).not.toContain('hunter2');
  });

  test.each([
    [{ compress: 'yes' }, 'option "compress" must be a boolean or an object, but is string'],
    [{ compress: { threshold: '5' } }, /^option "compress.threshold" must be a finite number/],
    [
      { compress: { threshold: 0.5 } },
      /^option "compress.threshold" must be a whole number of bytes/,
    ],
    [
      { compress: { treshold: 5 } },
      /^option "compress.treshold" is not known: .* "compress.threshold"\?$/,
    ],
  ])('%j is refused', (options, message) => {
    expect(() => newStore({ table, ...options })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARG_VALUE',
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      }),
    );
  });
});

describe('a function', () => {
  test('is called once for all calls that wait', async () => {
    const keys = jest.fn(async () => [first]);
    const store = newStore({ table, encryption: { keys } });
    expect(keys).not.toHaveBeenCalled();
    const sids = Array.from({ length: 50 }, (_, index) => `many${index}`);
    await Promise.all(sids.map((sid) => store.set(sid, session)));
    await Promise.all(sids.map((sid) => store.get(sid)));
    await store.length();
    expect(keys).toHaveBeenCalledTimes(1);
  });

  test('calls on one session keep their order while they wait', async () => {
    const { promise, resolve } = Promise.withResolvers?.() ?? withResolvers();
    const store = newStore({ table, encryption: { keys: () => promise } });
    const calls = [
      store.set('ordered', { ...session, number: 1 }),
      store.set('ordered', { ...session, number: 2 }),
      store.get('ordered'),
      store.destroy('ordered'),
      store.get('ordered'),
    ];
    resolve([first]);
    const [, , read, , after] = await Promise.all(calls);
    expect(read).toMatchObject({ number: 2 });
    expect(after).toBeNull();
  });

  test('its first failure is the error of each call that waits, and the next call asks again', async () => {
    const cause = new Error('KMS is down');
    const keys = jest.fn().mockRejectedValueOnce(cause).mockResolvedValue([first]);
    const store = newStore({ table, encryption: { keys } });
    const calls = await Promise.allSettled([
      store.get('a'),
      store.set('a', session),
      store.length(),
    ]);
    const message = 'the function of the option "encryption.keys" has failed, see the cause';
    for (const { reason } of calls) {
      expect(reason).toMatchObject({ code: 'ERR_SESSION_KEYS', retryable: true, message, cause });
    }
    await store.set('a', session);
    expect(await store.get('a')).toMatchObject(session);
    expect(keys).toHaveBeenCalledTimes(2);
  });

  test.each([
    ['nothing', () => undefined, 'must be an array of at least one key, but is undefined'],
    ['a short key', () => [Buffer.alloc(16)], /\[0\]" must be 32 bytes/],
    [
      'an error at once',
      () => {
        throw new TypeError('hunter');
      },
      'hunter',
    ],
  ])('%s is a failure too', async (_name, keys, message) => {
    const store = newStore({ table, encryption: { keys } });
    const cause = expect.objectContaining({ message: expect.stringMatching(message) });
    await expect(store.get('a')).rejects.toMatchObject({ code: 'ERR_SESSION_KEYS', cause });
  });

  test('a call waits no longer than its deadline', async () => {
    const keys = jest.fn(() => new Promise(() => {}));
    const store = newStore({ table, operationTimeout: 50, encryption: { keys } });
    const code = expect.stringMatching(/^ERR_SESSION_(TIMEOUT|KEYS)$/);
    await expect(store.get('a')).rejects.toMatchObject({ code, retryable: true });
    await expect(store.get('a')).rejects.toMatchObject({ code });
  });

  test('is called again by later calls, which do not wait for it', async () => {
    let ring = [first];
    const keys = jest.fn(async () => ring);
    const store = newStore({ table, encryption: { keys, refresh: 1 } });
    await store.set('renewed', session);
    const before = await keyIdOf('renewed');
    ring = [second, first];
    await until(async () => {
      await store.set('renewed', session);
      return (await keyIdOf('renewed')) !== before;
    });
    expect(await store.get('renewed')).toMatchObject(session);
  });

  test('a later failure keeps the keys, and is a warning', async () => {
    const cause = new Error('KMS is down');
    const keys = jest.fn().mockResolvedValueOnce([first]).mockRejectedValue(cause);
    const store = newStore({ table, encryption: { keys, refresh: 1 } });
    const warned = new Promise((resolve) => store.once('warning', resolve));
    await store.set('kept', session);
    let warning;
    warned.then((error) => {
      warning = error;
    });
    await until(async () => {
      expect(await store.get('kept')).toMatchObject(session);
      return warning;
    });
    expect(warning).toMatchObject({ code: 'ERR_SESSION_KEYS', cause });
  });

  test('a key that is not known yet is fetched early, and once', async () => {
    let ring = [first];
    const keys = jest.fn(async () => ring);
    const store = newStore({ table, encryption: { keys } });
    await store.get('nothing');
    // Another process has rotated the keys.
    await newStore({ table, encryption: { keys: [second] } }).set('rotated', session);
    ring = [second, first];
    const read = await Promise.all([store.get('rotated'), store.get('rotated'), store.all()]);
    expect(read[0]).toMatchObject(session);
    expect(read[1]).toMatchObject(session);
    expect(keys).toHaveBeenCalledTimes(2);
    // A key that nobody has does not cause a call for each session.
    await newStore({ table, encryption: { keys: [randomBytes(32)] } }).set('lost', session);
    for (let count = 0; count < 5; count += 1) {
      await expect(store.get('lost')).rejects.toMatchObject({ code: 'ERR_SESSION_DECRYPT' });
      await expect(store.all()).rejects.toMatchObject({ code: 'ERR_SESSION_DECRYPT' });
    }
    expect(keys).toHaveBeenCalledTimes(2);
    await store.destroy('lost');
  });

  test('a save that meets a session of a new key merges with it', async () => {
    let ring = [first];
    const store = newStore({ table, encryption: { keys: async () => ring } });
    await store.set('merged', session);
    const request = async (of) =>
      of.createSession({ sessionID: 'merged', sessionStore: of }, await of.get('merged'));
    const ours = await request(store);
    const other = newStore({ table, encryption: { keys: [second, first] } });
    const theirs = await request(other);
    theirs.theirs = 1;
    await other.set('merged', theirs);
    ring = [second, first];
    ours.ours = 1;
    await store.set('merged', ours);
    expect(await other.get('merged')).toMatchObject({ user: 'ann', ours: 1, theirs: 1 });
  });

  test('is not called after the store was closed', async () => {
    const keys = jest.fn(async () => [first]);
    const store = newStore({ table, encryption: { keys, refresh: 1 } });
    await store.set('closed', session);
    await store.close();
    const calls = keys.mock.calls.length;
    await expect(store.get('closed')).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
    expect(keys.mock.calls.length).toBe(calls);
  });
});

test('a call that was decoded before the new keys came is made once more', async () => {
  const { Keys } = require('../lib/keys');
  const failure = Object.assign(new Error('unknown'), { code: 'ERR_SESSION_DECRYPT', keyId: 'a' });
  const ask = jest.fn(async () => [first]);
  const keys = new Keys({ ask, refresh: 60_000 }, 1000, () => {}, new EventEmitter());
  await keys.wait();
  let refuse;
  const slow = jest
    .fn(async () => 'opened')
    .mockImplementationOnce(
      () =>
        new Promise((_resolve, reject) => {
          refuse = reject;
        }),
    );
  const later = keys.retry(1000, slow);
  const sooner = keys.retry(1000, jest.fn(async () => 'opened').mockRejectedValueOnce(failure));
  expect(await sooner).toBe('opened');
  refuse(failure);
  expect(await later).toBe('opened');
  expect(ask).toHaveBeenCalledTimes(2);
});

test('a failed early call of the function is a warning, once', async () => {
  const { Keys } = require('../lib/keys');
  const failure = Object.assign(new Error('unknown'), { code: 'ERR_SESSION_DECRYPT', keyId: 'a' });
  const cause = new Error('no key service');
  const ask = jest.fn(async () => [first]);
  const events = new EventEmitter();
  const warnings = [];
  events.on('warning', (warning) => warnings.push(warning));
  const keys = new Keys({ ask, refresh: 60_000 }, 1000, () => {}, events);
  await keys.wait();
  ask.mockRejectedValue(cause);
  const calls = [1, 2, 3].map(() => keys.retry(1000, () => Promise.reject(failure)));
  for (const each of calls) await expect(each).rejects.toBe(failure);
  await new Promise(setImmediate);
  expect(warnings).toMatchObject([{ code: 'ERR_SESSION_KEYS', cause }]);
});

test('encryption is turned off while sessions live', async () => {
  const keys = [first];
  const on = newStore({ table, encryption: { keys } });
  const off = newStore({ table, encryption: { keys, write: false } });
  await on.set('off', { ...session, cookie: { maxAge: 60_000 } });
  expect((await getItem(table, 'sess:off')).sess).toHaveProperty('B');
  expect(await off.get('off')).toMatchObject({ user: 'ann' });
  await off.set('off', { cookie: { maxAge: 60_000 }, user: 'bob' });
  expect(JSON.parse((await getItem(table, 'sess:off')).sess.S)).toMatchObject({ user: 'bob' });
  expect(await on.get('off')).toMatchObject({ user: 'bob' });
  expect(() =>
    newStore({ table, encryption: { keys, write: false, plaintext: 'refuse' } }),
  ).toThrow('option "encryption.write" cannot be false while "encryption.plaintext" is "refuse"');
});

test('keys are rotated while an application runs, and no request fails', async () => {
  const own = await newTable();
  let ring = [first];
  const fetches = [0, 0];
  const stores = fetches.map((_, index) => {
    const keys = async () => {
      fetches[index] += 1;
      return ring;
    };
    return newStore({ table: own, encryption: { keys, refresh: 1 } });
  });
  const views = Array.from({ length: 8 }, () => 0);
  let isOver = false;
  /** A visitor, whose pages come from both servers in turn. Each page counts. */
  const visit = async (visitor) => {
    const sid = `user${visitor}`;
    await stores[0].set(sid, { cookie: {}, views: 0 });
    while (!isOver) {
      const store = stores[views[visitor] % 2];
      const read = await store.get(sid);
      expect(read.views).toBe(views[visitor]);
      const page = store.createSession({ sessionID: sid, sessionStore: store }, read);
      page.views += 1;
      await store.set(sid, page);
      views[visitor] += 1;
    }
  };
  const rotate = async () => {
    for (const step of [[first, second], [second, first], [second], [randomBytes(32), second]]) {
      ring = step;
      // Both servers have asked for the keys since, and each visitor has got two pages after that.
      const asked = [...fetches];
      await until(() => fetches.every((count, index) => count > asked[index] + 1));
      const seen = [...views];
      await until(() => views.every((count, index) => count > seen[index] + 1));
    }
    isOver = true;
  };
  await Promise.all([rotate(), ...views.map((_, visitor) => visit(visitor))]);
  const ids = new Set(
    Object.values(await items(own)).map(({ sess }) => Buffer.from(sess.B).toString('hex', 1, 9)),
  );
  expect(ids.size).toBe(1);
});

test('nothing shows the keys', () => {
  const key = Buffer.from('hunter2hunter2hunter2hunter2hunt');
  for (const keys of [[key], [key.toString('base64')], async () => [key]]) {
    const store = newStore({ table, encryption: { keys } });
    const shown = inspect(store, {
      depth: 20,
      showHidden: true,
      getters: true,
      maxArrayLength: 100,
    });
    expect(shown).not.toMatch(/hunter2|68 75 6e 74|aHVudGVy|104, 117, 110/);
    expect(JSON.stringify(store)).not.toMatch(/hunter2|aHVudGVy|104,117,110/);
  }
});

function withResolvers() {
  let resolve;
  const promise = new Promise((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve };
}
