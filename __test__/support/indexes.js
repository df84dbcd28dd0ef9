'use strict';

/** The sessions of a user, in each framework over HTTP. */

const { during } = require('./browser');
const { newTable } = require('./dynamodb');
const { newClock } = require('./clock');
const { racesOn, real } = require('./races');

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The index of the tests, as a definition for CreateTable. */
const userIndex = {
  IndexName: 'user-index',
  KeySchema: [{ AttributeName: 'user', KeyType: 'HASH' }],
  Projection: { ProjectionType: 'ALL' },
};

/** A table with the index. */
const newIndexedTable = ({ hashKey }) =>
  newTable({
    hashKey,
    AttributeDefinitions: [hashKey, 'user'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    GlobalSecondaryIndexes: [userIndex],
  });

/** By a path, and by a function. */
const values = {
  path: 'account.id',
  function: (session) => session.account && `${session.account.id}`,
};

const change = (keys) => (visit) => Object.assign(visit.session, keys);
const login = (id) => change({ account: { id } });

/** @param {import('./races').Subject} subject */
function describeIndexes(subject) {
  const clock = newClock();
  const { itemOf, newBrowser, newSession, stored } = racesOn(subject, {
    ...real,
    newTable: newIndexedTable,
  });
  const lasting = subject.lasting(DAY);
  const byUser = (options) => ({ indexes: { user: { value: values.path, ...options } } });
  const open = (options, keys = {}) => newSession(keys, byUser(options), lasting);
  let users = 0;
  /** A user that no other test has. */
  const newUser = () => `user-${++users}`;
  const handles = async (store, user, options) =>
    (await store.sessionsOf('user', user, options)).map(({ handle }) => handle);

  describe.each(Object.entries(values))('a value by a %s:', (_kind, value) => {
    test('the index follows a login, another user and a logout', async () => {
      const { browser, sid } = await open({ value }, { cart: 1 });
      const { store } = browser;
      const [ann, bob] = [newUser(), newUser()];
      expect((await itemOf(sid)).user).toBeUndefined();
      await browser.visit(login(ann));
      expect((await itemOf(sid)).user).toEqual({ S: ann });
      expect(await store.sessionsOf('user', ann)).toHaveLength(1);
      await browser.visit(change({ cart: 2 }));
      expect((await itemOf(sid)).user).toEqual({ S: ann });
      await browser.visit(login(bob));
      expect(await store.sessionsOf('user', ann)).toEqual([]);
      expect(await store.sessionsOf('user', bob)).toHaveLength(1);
      await browser.visit(({ session }) => {
        delete session.account;
      });
      expect(await itemOf(sid)).not.toHaveProperty('user');
      expect(await itemOf(sid)).not.toHaveProperty('user_since');
      expect(await store.sessionsOf('user', bob)).toEqual([]);
      expect(await stored(sid)).toEqual({ cart: 2 });
      expect(browser.failures).toEqual([]);
    });

    test('a merge keeps the value of the merged session', async () => {
      const { browser, sid } = await open({ value }, { cart: 1 });
      const [ann, bob] = [newUser(), newUser()];
      await during(browser, change({ cart: 2 }), () => browser.visit(login(ann)));
      expect((await itemOf(sid)).user).toEqual({ S: ann });
      await during(browser, login(bob), () => browser.visit(change({ cart: 3 })));
      expect((await itemOf(sid)).user).toEqual({ S: bob });
      const logOut = ({ session }) => {
        delete session.account;
      };
      await during(browser, change({ cart: 4 }), () => browser.visit(logOut));
      expect(await itemOf(sid)).not.toHaveProperty('user');
      expect(await stored(sid)).toEqual({ cart: 4 });
      // A second save of a request whose first was merged.
      await during(
        browser,
        async (visit) => {
          visit.session.cart = 5;
          await visit.save();
          visit.session.cart = 6;
        },
        () => browser.visit(login(ann)),
      );
      expect((await itemOf(sid)).user).toEqual({ S: ann });
      expect(await stored(sid)).toEqual({ cart: 6, account: { id: ann } });
      expect(browser.failures).toEqual([]);
    });
  });

  test('sessionsOf() lists the sessions of a user, the newest first', async () => {
    const ann = newUser();
    const label = (_session, request) => request.headers['x-device'] ?? request.headers.host;
    const { browser, sid } = await open({ label }, { cart: 0 });
    await browser.visit(login(ann));
    const first = clock.now;
    clock.advance(10 * MINUTE);
    const other = browser.another();
    const answer = await other.visit(login(ann));
    const otherSid = subject.sidOf(answer);
    clock.advance(MINUTE);
    await other.visit(change({ cart: 1 }));
    const { store } = browser;
    const found = await store.sessionsOf('user', ann, { current: sid });
    expect(found).toEqual([
      {
        handle: expect.stringMatching(/^[\w-]{22}$/),
        createdAt: new Date(first + 10 * MINUTE),
        since: new Date(first + 10 * MINUTE),
        lastSeen: new Date(first + 11 * MINUTE),
        expires: expect.any(Date),
        label: expect.stringContaining('127.0.0.1'),
        current: false,
      },
      expect.objectContaining({
        createdAt: new Date(first),
        since: new Date(first),
        lastSeen: new Date(first),
        current: true,
      }),
    ]);
    expect(JSON.stringify(found)).not.toContain(otherSid);
    expect(await handles(store, ann)).toEqual(found.map(({ handle }) => handle));
    // One that has ended is no longer listed.
    clock.advance(DAY - 5 * MINUTE);
    expect(await store.sessionsOf('user', ann)).toHaveLength(1);
  });

  test('a touch moves lastSeen', async () => {
    const ann = newUser();
    const browser = await newBrowser(
      { ...byUser(), touchInterval: MINUTE },
      { ...lasting, rolling: true },
    );
    await browser.visit(login(ann));
    for (const [advance, moves] of [
      [MINUTE / 2, false],
      [MINUTE, true],
    ]) {
      clock.advance(advance);
      await browser.visit();
      const [{ lastSeen }] = await browser.store.sessionsOf('user', ann);
      expect(lastSeen.getTime() === clock.now).toBe(moves);
    }
  });

  test('also a touch of a session whose end moves no more', async () => {
    const ann = newUser();
    const options = { ...byUser(), absoluteTtl: 60 * MINUTE, touchInterval: MINUTE };
    const browser = await newBrowser(options, { ...lasting, rolling: true });
    await browser.visit(login(ann));
    const end = clock.now + 60 * MINUTE;
    for (const [advance, moves] of [
      [MINUTE / 2, false],
      [MINUTE, true],
      [MINUTE / 2, false],
      [10 * MINUTE, true],
    ]) {
      clock.advance(advance);
      await browser.visit();
      const [{ lastSeen, expires }] = await browser.store.sessionsOf('user', ann);
      expect(lastSeen.getTime() === clock.now).toBe(moves);
      expect(expires.getTime()).toBe(end);
    }
  });

  test('destroyOf() logs out everywhere, everywhere else, or one device', async () => {
    const ann = newUser();
    const browser = await newBrowser(byUser(), lasting);
    const devices = [browser, browser.another(), browser.another(), browser.another()];
    const sids = [];
    for (const device of devices) {
      sids.push(subject.sidOf(await device.visit(login(ann))));
      clock.advance(MINUTE);
    }
    const { store } = browser;
    const [, , , oldest] = await handles(store, ann);
    for (const handle of ['another', '']) {
      expect(await store.destroyOf('user', ann, { handle })).toBe(0);
    }
    expect(await store.destroyOf('user', ann, { handle: oldest })).toBe(1);
    expect(await stored(sids[0])).toBeNull();
    expect(await store.destroyOf('user', ann, { except: sids[2] })).toBe(2);
    expect(await handles(store, ann)).toHaveLength(1);
    expect(await stored(sids[2])).toEqual({ account: { id: ann } });
    // Also a request that has the session brings it back no more.
    const { body } = await during(devices[2], change({ cart: 1 }), async () => {
      expect(await store.destroyOf('user', ann)).toBe(1);
    });
    expect(body.session).toBeDefined();
    expect(await stored(sids[2])).toBeNull();
    expect(await store.destroyOf('user', ann)).toBe(0);
    expect(browser.failures).toEqual([]);
  });

  test('max: the oldest session ends', async () => {
    const ann = newUser();
    const browser = await newBrowser(byUser({ max: 2 }), lasting);
    // The oldest login counts, not the oldest session.
    const early = browser.another();
    await early.visit(change({ cart: 1 }));
    const sids = [];
    for (let device = 0; device < 3; device += 1) {
      clock.advance(MINUTE);
      sids.push(subject.sidOf(await browser.another().visit(login(ann))));
    }
    expect(await Promise.all(sids.map(stored))).toEqual([
      null,
      { account: { id: ann } },
      { account: { id: ann } },
    ]);
    clock.advance(MINUTE);
    await early.visit(login(ann));
    const left = await browser.store.sessionsOf('user', ann);
    expect(left.map(({ createdAt }) => createdAt.getTime())).toEqual([
      clock.now - 4 * MINUTE,
      clock.now - MINUTE,
    ]);
    // Who is logged in already is no further session.
    await early.visit(change({ cart: 2 }));
    expect(await browser.store.sessionsOf('user', ann)).toHaveLength(2);
    expect(browser.failures).toEqual([]);
  });

  test('max: concurrent logins leave that many sessions', async () => {
    const ann = newUser();
    const browser = await newBrowser(byUser({ max: 3 }), lasting);
    const logins = Array.from({ length: 8 }, () => browser.another().visit(login(ann)));
    await Promise.all(logins);
    expect(await browser.store.sessionsOf('user', ann)).toHaveLength(3);
    expect(browser.failures).toEqual([]);
  });

  test('max with "refuse": a further login fails, and writes nothing', async () => {
    const ann = newUser();
    const browser = await newBrowser(byUser({ max: 1, over: 'refuse' }), lasting);
    const sid = subject.sidOf(await browser.visit(login(ann)));
    const other = browser.another();
    const { body } = await other.visit(async (visit) => {
      visit.session.account = { id: ann };
      const code = await visit.save().catch((error) => error.code);
      // The application gives up the login.
      delete visit.session.account;
      return code;
    });
    expect(body.said).toBe('ERR_SESSION_LIMIT');
    expect(await browser.store.sessionsOf('user', ann)).toHaveLength(1);
    expect(await stored(sid)).toEqual({ account: { id: ann } });
    await browser.store.destroyOf('user', ann);
    await other.visit(login(ann));
    expect(await browser.store.sessionsOf('user', ann)).toHaveLength(1);
  });

  test('a session from before the option, or of a replaced package, is indexed with its next request', async () => {
    const ann = newUser();
    const { browser, sid } = await newSession(
      { account: { id: ann } },
      {},
      { ...lasting, ...subject.touchingOptions },
    );
    const { table, tableName } = browser.store;
    const store = subject.newStore(table ?? tableName, byUser());
    const again = await newBrowser({}, { ...lasting, ...subject.touchingOptions }, store);
    for (const [name, value] of browser.cookies) again.cookies.set(name, value);
    expect(await store.sessionsOf('user', ann)).toEqual([]);
    await again.visit();
    expect(await store.sessionsOf('user', ann)).toHaveLength(1);
    // A write without the marks takes the session out of the index.
    await browser.visit(change({ cart: 1 }));
    await subject.setByHand(browser.store, sid, { account: { id: ann } });
    expect(await store.sessionsOf('user', ann)).toEqual([]);
    await again.visit();
    expect(await store.sessionsOf('user', ann)).toHaveLength(1);
  });

  test('max does not refuse a session that was logged in before the option', async () => {
    const ann = newUser();
    const appOptions = { ...lasting, ...subject.touchingOptions };
    const { browser, sid } = await newSession({ account: { id: ann } }, {}, appOptions);
    const { table, tableName } = browser.store;
    const store = subject.newStore(table ?? tableName, byUser({ max: 1, over: 'refuse' }));
    const again = await newBrowser({}, appOptions, store);
    await again.visit(login(ann));
    const old = again.another();
    for (const [name, value] of browser.cookies) old.cookies.set(name, value);
    await old.visit();
    expect((await itemOf(sid)).user).toEqual({ S: ann });
    await old.visit(change({ cart: 1 }));
    expect(again.failures).toEqual([]);
    expect(await store.sessionsOf('user', ann)).toHaveLength(2);
  });

  test('a session that is set by hand is in the index', async () => {
    const [ann, bob] = [newUser(), newUser()];
    const { store } = await newBrowser(byUser());
    const set = (user) => subject.setByHand(store, 'by-hand', { account: { id: user } });
    await set(ann);
    const [{ createdAt }] = await store.sessionsOf('user', ann);
    clock.advance(MINUTE);
    await set(ann);
    expect(await store.sessionsOf('user', ann)).toMatchObject([
      { createdAt, since: createdAt, lastSeen: new Date(clock.now) },
    ]);
    await set(bob);
    expect(await store.sessionsOf('user', ann)).toEqual([]);
    expect(await store.sessionsOf('user', bob)).toMatchObject([
      { createdAt, since: new Date(clock.now) },
    ]);
    await subject.setByHand(store, 'by-hand', {});
    expect(await store.sessionsOf('user', bob)).toEqual([]);
  });

  test('calls that nobody waits for keep their order', async () => {
    const ann = newUser();
    const { store } = await newBrowser(byUser({ max: 1, over: 'refuse' }));
    const pending = [
      subject.setByHand(store, 'mixed', { account: { id: ann } }),
      store.destroy('mixed'),
      subject.setByHand(store, 'mixed', { cart: 1 }),
      subject.setByHand(store, 'mixed', { account: { id: ann } }),
    ];
    await Promise.all(pending);
    expect(await stored('mixed')).toEqual({ account: { id: ann } });
    const last = [
      subject.setByHand(store, 'mixed', { account: { id: newUser() } }),
      store.destroy('mixed'),
    ];
    await Promise.all(last);
    expect(await stored('mixed')).toBeNull();
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['returns an object', () => ({})],
    ['returns NaN', () => Number.NaN],
    ['returns too long a text', () => 'x'.repeat(2049)],
  ])('a function that %s fails the save', async (_what, value) => {
    const { store } = await newBrowser({ indexes: { user: { value } } });
    const saved = subject.setByHand(store, 'fails', { cart: 1 });
    await expect(saved).rejects.toMatchObject({
      code: 'ERR_SESSION_INDEX_VALUE',
      message: expect.not.stringContaining('secret'),
    });
    expect(await stored('fails')).toBeNull();
  });

  test('a function that fails only in a merge fails that save', async () => {
    const value = ({ one, other }) => {
      if (one && other) throw new Error('secret');
      return undefined;
    };
    const { browser, sid } = await open({ value }, { cart: 1 });
    await during(browser, change({ one: 1 }), () => browser.visit(change({ other: 1 })));
    expect(browser.failures).toEqual([
      expect.objectContaining({ code: 'ERR_SESSION_INDEX_VALUE' }),
    ]);
    expect(await stored(sid)).toEqual({ cart: 1, other: 1 });
  });
}

module.exports = { describeIndexes, newIndexedTable, userIndex };
