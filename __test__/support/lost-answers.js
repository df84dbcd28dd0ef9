'use strict';

/** What every store promises of a save that has failed, but was carried out. */

const { racesByProxy } = require('./races');

const CONFLICTS = ['merge', 'overwrite', 'error'];
const conflictError = expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' });

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

/** @param {(connection?: () => object) => import('./races').Subject} newSubject */
function describeCarriedOut(newSubject) {
  const races = racesByProxy(newSubject);
  const { newBrowser, newSession, stored } = races;

  /** Has the answers to all writes get lost until `call` has failed. */
  async function inVain(call) {
    races.proxy.hooks.loses = ({ operation }) => operation === 'PutItem';
    await expect(call()).rejects.toMatchObject({ code: 'ERR_SESSION_UNREACHABLE' });
    races.proxy.hooks.loses = () => false;
  }

  const first = { user: 'ann', cart: 0 };
  const written = { user: 'ann', cart: 1, notice: 'saved' };

  /** Adds to the cart. DynamoDB writes the session, but the save fails. */
  async function saveInVain(visit) {
    set(written)(visit);
    await inVain(() => visit.save());
    expect(await stored(visit.sid)).toEqual(written);
  }

  /** Makes the session what it was before that. koa-session saves no such session by itself. */
  async function takeBack(visit) {
    visit.session.cart = 0;
    delete visit.session.notice;
    await visit.save();
  }

  describe.each(CONFLICTS)('%s:', (conflict) => {
    /** A request whose save fails, and which then takes back what it has written. */
    async function play(meanwhile, last = takeBack) {
      const { browser, sid } = await newSession(first, { conflict });
      await browser.visit(async (visit) => {
        await saveInVain(visit);
        await meanwhile?.(browser, visit);
        await last(visit);
      });
      return { failures: browser.failures, stored: await stored(sid) };
    }

    test('the request takes it back', async () => {
      expect(await play()).toEqual({ failures: [], stored: first });
    });

    test('the request takes it back, and saves twice', async () => {
      const last = async (visit) => {
        await takeBack(visit);
        visit.session.cart = 2;
        await visit.save();
        await takeBack(visit);
      };
      expect(await play(undefined, last)).toEqual({ failures: [], stored: first });
    });

    test('the request takes it back without waiting for the failure', async () => {
      const { browser, sid } = await newSession(first, { conflict });
      await browser.visit(async (visit) => {
        let saved;
        await inVain(() => {
          set(written)(visit);
          const failed = visit.save();
          saved = takeBack(visit);
          return failed;
        });
        await saved.catch(() => {});
      });
      expect(await stored(sid)).toEqual(first);
      expect(browser.failures).toEqual([]);
    });

    test('a second save fails as well', async () => {
      const again = async (_browser, visit) => {
        visit.session.cart = 2;
        await inVain(() => visit.save());
      };
      expect(await play(again)).toEqual({ failures: [], stored: first });
    });

    test('another request has saved since', async () => {
      const other = (browser) => browser.visit(set({ token: 'abc' }));
      const { failures, stored: now } = await play(other);
      const [expected, refused] = {
        merge: [{ ...first, token: 'abc' }, []],
        overwrite: [first, []],
        error: [{ ...written, token: 'abc' }, [conflictError]],
      }[conflict];
      expect(failures).toEqual(refused);
      expect(now).toEqual(expected);
    });

    test('another request has logged out since', async () => {
      const other = (browser) => browser.visit((visit) => visit.logOut());
      expect(await play(other)).toEqual({ failures: [], stored: null });
    });

    test('the session is new', async () => {
      const browser = await newBrowser({ conflict });
      let sid;
      await browser.visit(async (visit) => {
        sid = visit.sid;
        await saveInVain(visit);
        await takeBack(visit);
      });
      expect(await stored(sid)).toEqual(first);
      expect(browser.failures).toEqual([]);
    });
  });

  test('merge: a failure that a later save has followed is forgotten', async () => {
    const { browser, sid } = await newSession(first);
    await browser.visit(async (visit) => {
      await saveInVain(visit);
      visit.session.cart = 2;
      await visit.save();
      await browser.visit(set({ cart: 5, notice: 'read' }));
      visit.session.page = 2;
      await visit.save();
    });
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 5, notice: 'read', page: 2 });
    expect(browser.failures).toEqual([]);
  });

  test('merge: what another request has changed since is kept where this one has not', async () => {
    const { browser, sid } = await newSession({ ...first, visits: 1 });
    await browser.visit(async (visit) => {
      visit.session.cart = 1;
      await inVain(() => visit.save());
      await browser.visit(set({ visits: 2, cart: 5 }));
      visit.session.page = 2;
    });
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, visits: 2, page: 2 });
    expect(browser.failures).toEqual([]);
  });
}

module.exports = { describeCarriedOut };
