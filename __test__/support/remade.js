'use strict';

/** What every store promises of a session that is made again under its id while a page has it. */

const { during } = require('./browser');
const { newClock } = require('./clock');
const { racesOn } = require('./races');

const HOUR = 3_600_000;

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

/** What a page may do that has read the session before. @type {[string, (visit: any) => unknown][]} */
const pages = [
  ['saves a change', set({ cart: 1 })],
  ['changes nothing', () => {}],
  [
    'saves three times',
    async (visit) => {
      for (const cart of [1, 2, 3]) {
        visit.session.cart = cart;
        await visit.save();
      }
    },
  ],
  [
    'saves three times without waiting for that',
    async (visit) => {
      const saves = [1, 2, 3].map((cart) => {
        visit.session.cart = cart;
        return visit.save();
      });
      await Promise.all(saves);
    },
  ],
];

/** @param {import('./races').Subject} subject */
function describeRemade(subject) {
  const clock = newClock();
  const races = racesOn(subject);
  const { itemOf, newBrowser, newSession, stored } = races;
  const { lasting, setByHand, touchingOptions, withId } = subject;

  let ids = 0;
  /** An app whose new sessions all have the same id, and the id. */
  async function newVisitor(options, appOptions) {
    ids += 1;
    const id = `user-${ids}`;
    const browser = await newBrowser(
      { touchInterval: 0, ...options },
      { ...lasting(HOUR), ...touchingOptions, ...withId(id), ...appOptions },
    );
    await browser.visit(set({ user: 'ann' }));
    return { browser, sid: id };
  }

  const logIn = (browser, keys) => {
    browser.cookies.clear();
    return browser.visit(set(keys));
  };

  /** How the session is made again. @type {[string, (browser: any, sid: string) => Promise<unknown>][]} */
  const ways = [
    [
      'by a logout and a login',
      async (browser) => {
        await browser.visit((visit) => visit.logOut());
        await logIn(browser, { user: 'ann', again: 1 });
      },
    ],
    ['by a login alone', (browser) => logIn(browser, { user: 'ann', again: 1 })],
    [
      'by a regenerate',
      (browser) =>
        browser.visit(async (visit) => {
          await visit.regenerate();
          set({ user: 'ann', again: 1 })(visit);
        }),
    ],
    [
      'by hand',
      async ({ store }, sid) => {
        await store.destroy(sid);
        await setByHand(store, sid, { user: 'ann', again: 1 });
      },
    ],
  ];

  describe.each(['merge', 'overwrite', 'error'])('%s:', (conflict) => {
    describe.each(ways)('a session is made again %s', (_way, remake) => {
      test.each(pages)(
        'a page that has the old one, and %s, writes nothing',
        async (_what, page) => {
          const { browser, sid } = await newVisitor({ conflict });
          let made;
          await during(browser, page, async () => {
            clock.advance(600_000);
            await remake(browser, sid);
            made = await itemOf(sid);
            clock.advance(600_000);
          });
          expect(await stored(sid)).toMatchObject({ user: 'ann', again: 1 });
          expect(await itemOf(sid)).toEqual(made);
          expect(browser.failures).toEqual([]);
        },
      );

      test('a page that has saved the old one writes nothing more', async () => {
        const { browser, sid } = await newVisitor({ conflict });
        let made;
        await browser.visit(async (visit) => {
          visit.session.cart = 1;
          await visit.save();
          await remake(browser, sid);
          made = await itemOf(sid);
          visit.session.cart = 2;
          await visit.save();
          visit.session.cart = 3;
        });
        expect(await itemOf(sid)).toEqual(made);
        expect(browser.failures).toEqual([]);
      });

      test('a page that has the new one is not disturbed', async () => {
        const { browser, sid } = await newVisitor({ conflict });
        await during(browser, set({ cart: 1 }), async () => {
          await remake(browser, sid);
          await browser.visit(set({ cart: 2 }));
        });
        await browser.visit(set({ token: 'abc' }));
        const all = { user: 'ann', again: 1, cart: 2, token: 'abc' };
        expect(await stored(sid)).toMatchObject(all);
        expect(browser.failures).toEqual([]);
      });
    });

    test('a request that saves, logs out and logs in again saves the new session', async () => {
      const { browser, sid } = await newVisitor({ conflict });
      await browser.visit(async (visit) => {
        visit.session.cart = 1;
        await visit.save();
        await visit.regenerate();
        visit.session.user = 'ben';
        await visit.save();
        visit.session.page = 2;
      });
      expect(await stored(sid)).toMatchObject({ user: 'ben', page: 2 });
      expect(browser.failures).toEqual([]);
    });

    test('a logout of the session that a request has made again stays one', async () => {
      const { browser, sid } = await newVisitor({ conflict });
      await browser.visit(async (visit) => {
        await visit.regenerate();
        visit.session.user = 'ben';
        await visit.save();
        await browser.store.destroy(sid);
        visit.session.page = 2;
      });
      expect(await stored(sid)).toBeNull();
      expect(browser.failures).toEqual([]);
    });
  });

  test('a session that is changed by hand stays the session that a page has read', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    const changeByHand = async () => {
      const session = await browser.store.get(sid);
      await browser.store.set(sid, Object.assign(session, { role: 'editor' }));
    };
    await during(browser, set({ cart: 1 }), changeByHand);
    expect(await stored(sid)).toEqual({ user: 'ann', role: 'editor', cart: 1 });
  });
}

module.exports = { describeRemade };
