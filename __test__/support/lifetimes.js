'use strict';

/** What every store promises of the lifetime of a session that several requests use at the same time. */

const { during } = require('./browser');
const { newClock } = require('./clock');
const { racesOn } = require('./races');

const HOUR = 3_600_000;

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

/** @param {import('./races').Subject} subject */
function describeLifetimes(subject) {
  const clock = newClock();
  const { itemOf, newSession, stored } = racesOn(subject);
  const { clockIn, lasting, setLifetime, touchingOptions } = subject;

  /** The lifetime of a session in seconds, and how much of that is left. The table has the same end. */
  async function lifetimeOf(sid) {
    const item = await itemOf(sid);
    const { lifetime, end, lag } = clockIn(item);
    expect(Number(item.expires.N)).toBe(Math.floor(end / 1000) + lag);
    return { lifetime, left: Math.round((end - clock.now) / 1000) };
  }

  const how = [{ touchInterval: 0 }, { ...lasting(HOUR), ...touchingOptions }];

  describe.each([
    ['longer', 2_592_000],
    ['shorter', 60],
  ])('a lifetime that another request has made %s stays', (_how, seconds) => {
    const change = (visit) => {
      setLifetime(visit, seconds * 1000);
      visit.session.token = 'abc';
    };
    const kept = { lifetime: seconds, left: seconds };

    test('where this one saves', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, ...how);
      await during(browser, set({ cart: 1 }), () => browser.visit(change));
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, token: 'abc' });
      expect(await lifetimeOf(sid)).toEqual(kept);
    });

    test('where this one saves, saves again, and is touched', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, ...how);
      const save = async (visit) => {
        visit.session.cart = 1;
        await visit.save();
        visit.session.cart = 2;
        await visit.save();
      };
      await during(browser, save, () => browser.visit(change));
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 2, token: 'abc' });
      expect(await lifetimeOf(sid)).toEqual(kept);
    });

    test('where this one saves without waiting for that', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, ...how);
      const saves = [];
      const save = (visit) => {
        for (const cart of [1, 2]) {
          visit.session.cart = cart;
          saves.push(visit.save());
        }
      };
      await during(browser, save, () => browser.visit(change));
      await Promise.all(saves);
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 2, token: 'abc' });
      expect(await lifetimeOf(sid)).toEqual(kept);
    });

    test('where this one has saved before', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, ...how);
      await browser.visit(async (visit) => {
        visit.session.cart = 1;
        await visit.save();
        await browser.visit(change);
        visit.session.cart = 2;
      });
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 2, token: 'abc' });
      expect(await lifetimeOf(sid)).toEqual(kept);
    });

    test('where this one touches', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, ...how);
      await during(
        browser,
        () => {},
        () => browser.visit(change),
      );
      expect(await stored(sid)).toEqual({ user: 'ann', token: 'abc' });
      expect(await lifetimeOf(sid)).toEqual(kept);
    });

    test('where the next request touches, and moves its end', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, ...how);
      await browser.visit(change);
      clock.advance(30_000);
      await browser.visit();
      expect(await stored(sid)).toEqual({ user: 'ann', token: 'abc' });
      expect(await lifetimeOf(sid)).toEqual(kept);
    });

    test('unless this one changes it too', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, ...how);
      const own = (visit) => setLifetime(visit, 2 * HOUR);
      await during(browser, own, () => browser.visit(change));
      expect(await stored(sid)).toEqual({ user: 'ann', token: 'abc' });
      expect(await lifetimeOf(sid)).toEqual({ lifetime: 7200, left: 7200 });
    });

    test('where this one has saved in vain', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, ...how);
      const save = async (visit) => {
        visit.session.cart = 'x'.repeat(500_000);
        await expect(visit.save()).rejects.toThrow();
        visit.session.cart = 1;
      };
      await during(browser, save, () => browser.visit(change));
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, token: 'abc' });
      expect(await lifetimeOf(sid)).toEqual(kept);
    });
  });

  test('of two lifetimes, the one that was given last stays', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, ...how);
    const lasts = (seconds) => (visit) => setLifetime(visit, seconds * 1000);
    await during(browser, lasts(60), () => browser.visit(lasts(2_592_000)));
    expect(await lifetimeOf(sid)).toEqual({ lifetime: 60, left: 60 });
  });

  test('the lifetime that another request has given a session without one stays', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { touchInterval: 0 }, lasting());
    await during(browser, set({ cart: 1 }), () =>
      browser.visit((visit) => setLifetime(visit, 2_592_000_000)),
    );
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
    expect(await lifetimeOf(sid)).toEqual({ lifetime: 2_592_000, left: 2_592_000 });
  });

  test('a lifetime is changed by less than a second where it is a few seconds', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, {}, lasting(1900));
    await browser.visit((visit) => setLifetime(visit, 1000));
    expect(await lifetimeOf(sid)).toEqual({ lifetime: 1, left: 1 });
  });
}

module.exports = { describeLifetimes };
