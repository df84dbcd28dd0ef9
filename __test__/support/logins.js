'use strict';

/** What every store promises of people who log in and out in one session while pages have it. */

const { during, lastToEnd, ordersOf, overlap, play } = require('./browser');
const { racesOn } = require('./races');

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

/** Ways to say who is logged in. */
const identities = [
  ['user', (name) => ({ user: name })],
  ['userId', (name) => ({ userId: name })],
  ['passport', (name) => ({ passport: { user: name } })],
  ['user, with an id', (name) => ({ user: { id: name, seen: 1 } })],
];

/** @param {import('./races').Subject} subject */
function describeLogins(subject) {
  const { newBrowser, newSession, renewed, stored } = racesOn(subject);

  describe.each(identities)('the session says it under %s:', (_key, user) => {
    const [key] = Object.keys(user('ann'));
    /** A logout that keeps the session. */
    const logOut = ({ session }) => {
      delete session[key];
      session.isAdmin = false;
    };

    test('of two logins at the same time, the second one counts as a whole', async () => {
      const browser = await newBrowser();
      const logins = {
        root: { ...user('root'), isAdmin: true },
        ben: { ...user('ben'), isAdmin: false },
      };
      const orders = ordersOf(Object.keys(logins)).filter((each) => overlap(each, 'root', 'ben'));
      for (const order of orders) {
        const sid = await renewed(browser, { isAdmin: false });
        await play(browser, order, { root: set(logins.root), ben: set(logins.ben) });
        const last = logins[lastToEnd(order)];
        expect({ order, stored: await stored(sid) }).toEqual({ order, stored: last });
      }
      expect(browser.failures).toEqual([]);
    });

    test('two logins of one person are merged', async () => {
      const { browser, sid } = await newSession({ visits: 1 });
      await during(browser, set({ ...user('ann'), cart: 1 }), () =>
        browser.visit(set({ ...user('ann'), token: 'abc' })),
      );
      expect(await stored(sid)).toEqual({ ...user('ann'), visits: 1, cart: 1, token: 'abc' });
    });

    test('a page of the one before adds nothing to the session of the next', async () => {
      const { browser, sid } = await newSession({ ...user('ann'), isAdmin: true, cart: 1 });
      const login = { ...user('ben'), isAdmin: false };
      await during(
        browser,
        async (visit) => {
          visit.session.cart = 2;
          await visit.save();
          visit.session.cart = 3;
        },
        () => browser.visit(set(login)),
      );
      expect(await stored(sid)).toEqual({ ...login, cart: 1 });
      expect(browser.failures).toEqual([]);
    });

    test('a page that has saved before adds nothing either', async () => {
      const { browser, sid } = await newSession({ ...user('ann'), isAdmin: true });
      const login = { ...user('ben'), isAdmin: false };
      await browser.visit(async (visit) => {
        visit.session.cart = 1;
        await visit.save();
        await browser.visit(set(login));
        visit.session.cart = 2;
      });
      expect(await stored(sid)).toEqual({ ...login, cart: 1 });
      expect(browser.failures).toEqual([]);
    });

    test('a page of nobody and a login are merged', async () => {
      const changes = { page: set({ cart: 1 }), login: set({ ...user('ann'), isAdmin: true }) };
      const browser = await newBrowser();
      for (const order of ordersOf(['page', 'login'])) {
        const sid = await renewed(browser, { isAdmin: false, cart: 0 });
        await play(browser, order, changes);
        const both = { ...user('ann'), isAdmin: true, cart: 1 };
        expect({ order, stored: await stored(sid) }).toEqual({ order, stored: both });
      }
      expect(browser.failures).toEqual([]);
    });

    test('a page that writes under the key brings nobody back', async () => {
      const { browser, sid } = await newSession({ ...user('ann'), cart: 0 });
      const page = ({ session }) => {
        session.cart = 1;
        if (typeof session[key] === 'object') session[key].lastSeen = 2;
      };
      await during(browser, page, () => browser.visit(logOut));
      expect(await stored(sid)).toEqual({ isAdmin: false, cart: 1 });
      expect(browser.failures).toEqual([]);
    });

    test('a page and a logout that keeps the session are merged', async () => {
      const browser = await newBrowser();
      for (const order of ordersOf(['page', 'logout'])) {
        const sid = await renewed(browser, { ...user('ann'), isAdmin: true, cart: 0 });
        await play(browser, order, { page: set({ cart: 1 }), logout: logOut });
        const both = { isAdmin: false, cart: 1 };
        expect({ order, stored: await stored(sid) }).toEqual({ order, stored: both });
      }
      expect(browser.failures).toEqual([]);
    });

    test('of a login and a logout at the same time, the second one counts as a whole', async () => {
      const browser = await newBrowser();
      const results = {
        login: { ...user('root'), isAdmin: true },
        logout: { isAdmin: false },
      };
      const orders = ordersOf(Object.keys(results));
      for (const order of orders.filter((each) => overlap(each, 'login', 'logout'))) {
        const sid = await renewed(browser, { ...user('ben'), isAdmin: false });
        await play(browser, order, { login: set(results.login), logout: logOut });
        const last = results[lastToEnd(order)];
        expect({ order, stored: await stored(sid) }).toEqual({ order, stored: last });
      }
      expect(browser.failures).toEqual([]);
    });
  });

  test('error: a login beside a page is a conflict', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict: 'error' });
    await during(browser, set({ cart: 1 }), () => browser.visit(set({ user: 'ben' })));
    expect(browser.failures).toEqual([expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' })]);
    expect(await stored(sid)).toEqual({ user: 'ben' });
  });

  test('identityKeys say where a session says it', async () => {
    const { browser, sid } = await newSession(
      { account: { id: 1 }, user: 'label' },
      { identityKeys: ['account.id'] },
    );
    await during(browser, set({ cart: 1 }), () => browser.visit(set({ user: 'new label' })));
    expect(await stored(sid)).toEqual({ account: { id: 1 }, user: 'new label', cart: 1 });
    await during(browser, set({ cart: 2 }), () => browser.visit(set({ account: { id: 2 } })));
    expect(await stored(sid)).toEqual({ account: { id: 2 }, user: 'new label', cart: 1 });
  });
}

module.exports = { describeLogins };
