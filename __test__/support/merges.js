'use strict';

/** What every store promises of a request that saves its session while another request has it. */

const { during } = require('./browser');
const { newClock } = require('./clock');
const { racesOn } = require('./races');

const CONFLICTS = ['merge', 'overwrite', 'error'];
const conflictError = expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' });

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

/** Removes a key. */
const remove = (key) => (visit) => {
  delete visit.session[key];
};

/** @param {import('./races').Subject} subject */
function describeMerges(subject) {
  describe('one request saves while another one has the session', () => describeSaves(subject));
  describe('a request saves more than once', () => describeManySaves(subject));
}

/** @param {import('./races').Subject} subject */
function describeSaves(subject) {
  const { newSession, stored } = racesOn(subject);

  test('a value is taken whole, with all that is nested in it', async () => {
    const { browser, sid } = await newSession({ cart: { book: 1, pen: 1 }, list: [1, 2] });
    await during(
      browser,
      ({ session }) => {
        session.cart.book = 2;
      },
      () =>
        browser.visit(({ session }) => {
          session.cart.pen = 2;
          session.list.push(3);
        }),
    );
    expect(await stored(sid)).toEqual({ cart: { book: 2, pen: 1 }, list: [1, 2, 3] });
  });

  test('a key that both remove is removed', async () => {
    const { browser, sid } = await newSession({ user: 'ann', notice: 'saved' });
    await during(browser, remove('notice'), () => browser.visit(remove('notice')));
    expect(await stored(sid)).toEqual({ user: 'ann' });
  });

  test.each([
    ['removes what the other changes', remove('cart'), set({ cart: 2 }), {}],
    ['changes what the other removes', set({ cart: 2 }), remove('cart'), { cart: 2 }],
  ])('the one who saves last %s, and that counts', async (_what, last, first, expected) => {
    const { browser, sid } = await newSession({ user: 'ann', cart: 1 });
    await during(browser, last, () => browser.visit(first));
    expect(await stored(sid)).toEqual({ user: 'ann', ...expected });
  });

  test.each([
    ['keys that objects have', '{"constructor":1,"toString":2,"hasOwnProperty":3}'],
    ['text of every kind', '{"é":"\\u0000\\"\\\\ ✓ 🦀","empty":""}'],
    ['numbers of every kind', '{"numbers":[0,-0.5,1e+21,1e-7,9007199254740991]}'],
    // koa-session drops the first, and DynamoDB has no map with the second.
    ...(subject.isText
      ? [
          ['a key called __proto__', '{"__proto__":{"polluted":1}}'],
          ['an empty key', '{"":"empty"}'],
        ]
      : []),
  ])('%s', async (_what, json) => {
    const { browser, sid } = await newSession({ user: 'ann' });
    const keys = JSON.parse(json);
    const change = ({ session }) => {
      for (const [key, value] of Object.entries(keys)) {
        Object.defineProperty(session, key, {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
    };
    await during(browser, set({ cart: 1 }), () => browser.visit(change));
    expect(await stored(sid)).toEqual({ user: 'ann', ...keys, cart: 1 });
  });

  test('error: the conflict fails the save and the request', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict: 'error' });
    const answer = await during(
      browser,
      async (visit) => {
        visit.session.cart = 1;
        await visit.save();
      },
      () => browser.visit(set({ token: 'abc' })),
    );
    expect(answer.status).toBe(500);
    expect(browser.failures).toEqual([conflictError]);
    expect(browser.failures[0]).toBeInstanceOf(Error);
    expect(await stored(sid)).toEqual({ user: 'ann', token: 'abc' });
  });

  describe('and the lifetime has an end', () => {
    // express-session looks at the clock twice for one cookie: the time stands still meanwhile.
    const clock = newClock();
    const { itemOf, newSession: newLasting, stored: storedLasting } = racesOn(subject);

    test.each(CONFLICTS)('%s: a touch is no conflict', async (conflict) => {
      const app = { ...subject.lasting(60_000), ...subject.touchingOptions };
      const { browser, sid } = await newLasting(
        { user: 'ann' },
        { conflict, touchInterval: 0 },
        app,
      );
      await during(browser, set({ cart: 1 }), async () => {
        const before = await itemOf(sid);
        clock.advance(1000);
        await browser.visit();
        const touched = await itemOf(sid);
        expect(touched._v).toEqual(before._v);
        expect(Number(touched.expires.N)).toBe(Number(before.expires.N) + 1);
      });
      expect(await storedLasting(sid)).toEqual({ user: 'ann', cart: 1 });
      // The other way round, it leaves alone what was saved.
      await during(
        browser,
        () => {},
        () => browser.visit(set({ cart: 2 })),
      );
      expect(await storedLasting(sid)).toEqual({ user: 'ann', cart: 2 });
      expect(browser.failures).toEqual([]);
    });
  });
}

/** @param {import('./races').Subject} subject */
function describeManySaves(subject) {
  const { newBrowser, newSession, stored } = racesOn(subject);

  test('a change is written at once', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    await browser.visit(async (visit) => {
      visit.session.cart = 1;
      await visit.save();
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
    });
    expect(browser.failures).toEqual([]);
  });

  /** Saves three times: the first time without waiting, the last time at the end of the request. */
  const saveThrice = async (visit) => {
    visit.session.one = 1;
    const saved = visit.save();
    visit.session.two = 2;
    await Promise.all([saved, visit.save()]);
    visit.session.three = 3;
  };

  test('error: that is no conflict', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict: 'error' });
    await browser.visit(saveThrice);
    expect(browser.failures).toEqual([]);
    expect(await stored(sid)).toEqual({ user: 'ann', one: 1, two: 2, three: 3 });
  });

  test('without waiting, after another one has saved', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    await during(browser, saveThrice, () => browser.visit(set({ other: 1 })));
    expect(await stored(sid)).toEqual({ user: 'ann', one: 1, two: 2, three: 3, other: 1 });
  });

  test('after another one has saved', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    await during(
      browser,
      async (visit) => {
        visit.session.one = 1;
        await visit.save();
        visit.session.two = 2;
        await visit.save();
        visit.session.three = 3;
      },
      () => browser.visit(set({ other: 1 })),
    );
    expect(await stored(sid)).toEqual({ user: 'ann', one: 1, two: 2, three: 3, other: 1 });
  });

  test('while others save before each of its saves', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    await during(
      browser,
      async (visit) => {
        visit.session.one = 1;
        await visit.save();
        await browser.visit(set({ second: 2 }));
        visit.session.two = 2;
        await visit.save();
        await browser.visit(set({ third: 3 }));
        visit.session.three = 3;
      },
      () => browser.visit(set({ first: 1 })),
    );
    const all = { user: 'ann', one: 1, two: 2, three: 3, first: 1, second: 2, third: 3 };
    expect(await stored(sid)).toEqual(all);
  });

  test('and takes back what it has saved first, while another one saves', async () => {
    const { browser, sid } = await newSession({ user: 'ann', cart: 0 });
    await during(
      browser,
      async (visit) => {
        visit.session.cart = 1;
        visit.session.notice = 'saved';
        await visit.save();
        visit.session.cart = 0;
        delete visit.session.notice;
        await visit.save();
      },
      () => browser.visit(set({ other: 1 })),
    );
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 0, other: 1 });
  });

  test('without waiting for the first, which fails: nobody else has written', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict: 'error' });
    await browser.visit(async (visit) => {
      visit.session.cart = 'x'.repeat(500_000);
      const failed = expect(visit.save()).rejects.toMatchObject({ code: 'ERR_SESSION_TOO_LARGE' });
      visit.session.cart = 1;
      await visit.save();
      await failed;
      visit.session.cart = 2;
    });
    expect(browser.failures).toEqual([]);
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 2 });
  });

  test.each(CONFLICTS)('%s: a logout between its saves', async (conflict) => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict });
    await browser.visit(async (visit) => {
      visit.session.one = 1;
      await visit.save();
      await browser.visit((other) => other.logOut());
      visit.session.two = 2;
      await visit.save();
      visit.session.three = 3;
    });
    expect(await stored(sid)).toBeNull();
    expect(browser.failures).toEqual([]);
  });

  test('and another one has logged out before', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    await during(
      browser,
      async (visit) => {
        visit.session.cart = 1;
        await visit.save();
        visit.session.cart = 2;
      },
      () => browser.visit((visit) => visit.logOut()),
    );
    expect(await stored(sid)).toBeNull();
    expect(browser.failures).toEqual([]);
  });

  test('of a new session', async () => {
    const browser = await newBrowser();
    const { body } = await browser.visit(saveThrice);
    expect(await stored(body.sid)).toEqual({ one: 1, two: 2, three: 3 });
  });
}

module.exports = { describeMerges };
