'use strict';

/** Requests that save their session more than once, and sessions with special keys. */

const session = require('express-session');
const { during } = require('./support/browser');
const { newClock } = require('./support/clock');
const { racesOn } = require('./support/races');
const { expressSubject } = require('./support/race-subjects');

const { itemOf, newSession, stored } = racesOn(expressSubject());

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

describe('a request that saves more than once', () => {
  test('without waiting for the first, while another one has saved', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    await during(
      browser,
      (visit) => {
        visit.session.one = 1;
        visit.session.save();
        visit.session.two = 2;
        visit.session.save();
        visit.session.three = 3;
      },
      () => browser.visit(set({ other: 1 })),
    );
    expect(await stored(sid)).toEqual({ user: 'ann', one: 1, two: 2, three: 3, other: 1 });
  });

  test('and takes back what it has saved first, without waiting for that', async () => {
    const { browser, sid } = await newSession({ user: 'ann', cart: 0 });
    await browser.visit(({ session }) => {
      session.cart = 1;
      session.save();
      session.cart = 0;
    });
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 0 });
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
      },
      () => browser.visit(set({ other: 1 })),
    );
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 0, other: 1 });
  });

  test('keeps what others change after its last save', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, {}, { resave: true });
    await browser.visit(async (visit) => {
      visit.session.cart = 1;
      await visit.save();
      await browser.visit(set({ cart: 2, other: 1 }));
    });
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 2, other: 1 });
  });

  test('and reloads in between', async () => {
    const { browser, sid } = await newSession({ count: 1 });
    await during(
      browser,
      async (visit) => {
        await visit.reload();
        visit.session.count += 1;
        await browser.visit(set({ other: 1 }));
      },
      () => browser.visit(set({ count: 5 })),
    );
    expect(await stored(sid)).toEqual({ count: 6, other: 1 });
  });

  test('a new session, more than once and without waiting', async () => {
    const { browser, sid } = await newSession({});
    expect(await stored(sid)).toBeNull();
    const { body } = await browser.visit((visit) => {
      visit.session.one = 1;
      visit.session.save();
      visit.session.two = 2;
      visit.session.save();
      visit.session.three = 3;
    });
    expect(await stored(body.sid)).toEqual({ one: 1, two: 2, three: 3 });
  });
});

describe('what follows two saves that nobody has waited for', () => {
  const clock = newClock();
  const HOUR = 3_600_000;

  /** The saves of the test. @type {Promise<void>[]} */
  let saves;
  beforeEach(() => {
    saves = [];
  });

  /** Changes and saves twice. */
  function saveTwice(visit) {
    visit.session.one = 1;
    saves.push(visit.save());
    visit.session.two = 2;
    saves.push(visit.save());
  }

  test('a reload sees both', async () => {
    const { browser } = await newSession({ user: 'ann' });
    const { body } = await browser.visit(async (visit) => {
      saveTwice(visit);
      await visit.reload();
    });
    expect(body.session).toMatchObject({ user: 'ann', one: 1, two: 2 });
  });

  test('the next request sees both', async () => {
    const { browser } = await newSession({ user: 'ann' }, {}, { cookie: { maxAge: HOUR } });
    await browser.visit(saveTwice);
    const { body } = await browser.visit();
    expect(body.session).toMatchObject({ user: 'ann', one: 1, two: 2 });
  });

  test.each(['auto', 0])('with touchInterval: %j, the touch holds', async (touchInterval) => {
    const how = [{ touchInterval }, { cookie: { maxAge: HOUR } }];
    const { browser, sid } = await newSession({ user: 'ann' }, ...how);
    clock.advance(HOUR - 60_000);
    await browser.visit(saveTwice);
    await Promise.all(saves);
    expect(Number((await itemOf(sid)).expires.N)).toBe((clock.now + HOUR) / 1000);
    expect(await stored(sid)).toEqual({ user: 'ann', one: 1, two: 2 });
  });

  test('a logout holds', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    await browser.visit(async (visit) => {
      saveTwice(visit);
      await visit.logOut();
    });
    await Promise.all(saves);
    expect(await stored(sid)).toBeNull();
    expect(browser.failures).toEqual([]);
  });
});

test('a session that is saved by hand under another id, too, stays logged out', async () => {
  const { browser, sid } = await newSession({ user: 'ann' });
  await browser.visit(async (visit) => {
    await visit.store.set('a copy', visit.session);
    await browser.visit((other) => other.logOut());
    visit.session.cart = 1;
  });
  expect(await stored(sid)).toBeNull();
  expect(await stored('a copy')).toEqual({ user: 'ann' });
});

describe.each(['merge', 'overwrite', 'error'])('%s:', (conflict) => {
  test('a page adds nothing to a session that was destroyed and made anew by hand', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict });
    await during(browser, set({ cart: 1 }), async () => {
      await browser.store.destroy(sid);
      await browser.store.set(sid, { cookie: new session.Cookie(), user: 'ann' });
    });
    expect(await stored(sid)).toEqual({ user: 'ann' });
    expect(browser.failures).toEqual([]);
  });
});

describe('special keys', () => {
  const specialKeys = [
    { name: 'shop', type: 'S' },
    { name: 'level', type: 'N' },
  ];
  const newShop = () =>
    newSession({ shop: 'ann', level: 1 }, { specialKeys, skipThrowMissingSpecialKeys: true });

  /** The attributes of the special keys, which must say what the session says. */
  async function special(sid) {
    const { shop, level, sess } = await itemOf(sid);
    const inSession = JSON.parse(sess.S);
    const inAttributes = { shop: shop?.S, level: level && Number(level.N) };
    expect(inAttributes).toEqual({ shop: inSession.shop, level: inSession.level });
    return inAttributes;
  }

  test.each([
    ['another request changed', { cart: 1 }, { shop: 'ben' }, { shop: 'ben', level: 1 }],
    ['the request itself changed', { shop: 'ben' }, { cart: 1 }, { shop: 'ben', level: 1 }],
    ['each changed another', { shop: 'ben' }, { level: 2 }, { shop: 'ben', level: 2 }],
    ['both changed', { shop: 'cy' }, { shop: 'ben' }, { shop: 'cy', level: 1 }],
  ])('that %s', async (_who, ours, others, expected) => {
    const { browser, sid } = await newShop();
    await during(browser, set(ours), () => browser.visit(set(others)));
    expect(await special(sid)).toEqual(expected);
  });

  test('that another request removed', async () => {
    const { browser, sid } = await newShop();
    await during(browser, set({ cart: 1 }), () =>
      browser.visit((visit) => {
        delete visit.session.shop;
      }),
    );
    expect(await special(sid)).toEqual({ shop: undefined, level: 1 });
  });

  describe.each([
    ['waits for that', (saved) => saved],
    ['does not wait for that', () => {}],
  ])('a request saves twice, and %s', (_how, first) => {
    const saveTwice = async (visit) => {
      visit.session.cart = 1;
      await first(visit.save());
      visit.session.cart = 2;
      await visit.save();
    };

    test('that another request changed before', async () => {
      const { browser, sid } = await newShop();
      await during(browser, saveTwice, () => browser.visit(set({ shop: 'ben', level: 2 })));
      expect(await special(sid)).toEqual({ shop: 'ben', level: 2 });
      expect(await stored(sid)).toEqual({ shop: 'ben', level: 2, cart: 2 });
    });

    test('that another request removed before', async () => {
      const { browser, sid } = await newShop();
      const remove = ({ session }) => {
        delete session.shop;
      };
      await during(browser, saveTwice, () => browser.visit(remove));
      expect(await special(sid)).toEqual({ shop: undefined, level: 1 });
      expect(await stored(sid)).toEqual({ level: 1, cart: 2 });
    });
  });
});
