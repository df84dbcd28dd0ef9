'use strict';

/** Requests that use one session at the same time: express-session, through the addon. */

const { during } = require('./support/browser');
const { newClock } = require('./support/clock');
const { describeRaces, racesOn } = require('./support/races');
const { expressSubject } = require('./support/race-subjects');

const subject = expressSubject();

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

describeRaces(subject);

describe('one request saves while another one has the session', () => {
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
    const remove = ({ session }) => {
      delete session.notice;
    };
    await during(browser, remove, () => browser.visit(remove));
    expect(await stored(sid)).toEqual({ user: 'ann' });
  });

  test.each([
    ['removes what the other changes', {}],
    ['changes what the other removes', { cart: 2 }],
  ])('the one who saves last %s, and that counts', async (_what, expected) => {
    const { browser, sid } = await newSession({ cart: 1 });
    const remove = ({ session }) => {
      delete session.cart;
    };
    const [last, first] = expected.cart ? [set({ cart: 2 }), remove] : [remove, set({ cart: 2 })];
    await during(browser, last, () => browser.visit(first));
    expect(await stored(sid)).toEqual(expected);
  });

  test.each([
    ['a key called __proto__', '{"__proto__":{"polluted":1}}'],
    ['keys that objects have', '{"constructor":1,"toString":2,"hasOwnProperty":3}'],
    ['text of every kind', '{"é":"\\u0000\\"\\\\ ✓ 🦀","":"empty"}'],
    ['numbers of every kind', '{"numbers":[0,-0.5,1e+21,1e-7,9007199254740991]}'],
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
});

describe('one request saves while another one has the session, with a cookie that has an end', () => {
  // express-session looks at the clock twice for one cookie: the time stands still meanwhile.
  newClock();
  const { itemOf, newSession, stored } = racesOn(subject);

  test.each(['merge', 'overwrite', 'error'])('%s: a touch is no conflict', async (conflict) => {
    const how = [{ conflict, touchInterval: 0 }, { cookie: { maxAge: 60_000 } }];
    const { browser, sid } = await newSession({ user: 'ann' }, ...how);
    await during(browser, set({ cart: 1 }), async () => {
      await browser.visit();
      expect(await itemOf(sid)).toMatchObject({ _e: { N: expect.any(String) } });
    });
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
    // The other way round, it leaves alone what was saved.
    await during(
      browser,
      () => {},
      () => browser.visit(set({ cart: 2 })),
    );
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 2 });
    expect(browser.failures).toEqual([]);
  });

  test('the end is the one of the save that was merged', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, {}, { cookie: { maxAge: 60_000 } });
    await during(browser, set({ cart: 1 }), () => browser.visit(set({ token: 'abc' })));
    const { sess, expires } = await itemOf(sid);
    const { cookie } = JSON.parse(sess.S);
    expect(Number(expires.N)).toBe(Math.floor(Date.parse(cookie.expires) / 1000));
  });
});

describe('a conflict that is an error', () => {
  const { newSession, stored } = racesOn(subject);
  const conflict = { code: 'ERR_SESSION_CONFLICT' };

  test('reaches the callback of req.session.save', async () => {
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
    expect(answer.body).toEqual(conflict);
    expect(browser.failures).toEqual([expect.objectContaining(conflict)]);
    expect(browser.failures[0]).toBeInstanceOf(Error);
    expect(await stored(sid)).toEqual({ user: 'ann', token: 'abc' });
  });

  test('can be mended by a reload', async () => {
    const { browser, sid } = await newSession({ count: 1 }, { conflict: 'error' });
    await during(
      browser,
      async (visit) => {
        visit.session.count += 1;
        await expect(visit.save()).rejects.toMatchObject(conflict);
        // Nothing was written, so the next try is refused as well.
        await expect(visit.save()).rejects.toMatchObject(conflict);
        await visit.reload();
        visit.session.count += 1;
        await visit.save();
      },
      () =>
        browser.visit(({ session }) => {
          session.count += 1;
        }),
    );
    expect(browser.failures).toEqual([]);
    expect(await stored(sid)).toEqual({ count: 3 });
  });

  test('what one request saves more than once is no conflict', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict: 'error' });
    await browser.visit(async (visit) => {
      visit.session.one = 1;
      const saved = visit.save();
      visit.session.two = 2;
      await Promise.all([saved, visit.save()]);
      visit.session.three = 3;
    });
    expect(browser.failures).toEqual([]);
    expect(await stored(sid)).toEqual({ user: 'ann', one: 1, two: 2, three: 3 });
  });
});
