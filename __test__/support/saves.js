'use strict';

/** What every store promises of a request that saves its session more than once. */

const { during } = require('./browser');
const { handedOver, inProcesses, startElsewhere } = require('./elsewhere');
const { describeCarriedOut } = require('./lost-answers');
const { racesByProxy, racesOn } = require('./races');

/** @import { Subject } from './races' */

const CONFLICTS = ['merge', 'overwrite', 'error'];
const REFUSED = 'PutItem ConditionalCheckFailedException';
const conflictError = expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' });

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

/**
 * @param {(connection?: () => object) => Subject} newSubject takes the options of a store that say where
 *   DynamoDB is
 * @param {'express' | 'koa'} framework whose items the sessions are
 */
function describeSaves(newSubject, framework) {
  describe('a request saves, and JavaScript has not taken the outcome yet', () => {
    describeBlocked(newSubject(), framework);
  });
  describe('a request saves beside others', () => describeBesideOthers(newSubject));
  describe('a save failed, but was carried out', () => describeCarriedOut(newSubject));
}

/**
 * The event loop is blocked from the moment at which the addon has a save until the save is answered.
 *
 * @param {Subject} subject
 * @param {'express' | 'koa'} framework
 */
function describeBlocked(subject, framework) {
  const races = racesOn(subject);
  const { newBrowser, newSession, stored } = races;

  let elsewhere;
  beforeAll(async () => {
    elsewhere = await startElsewhere({ framework, table: races.table });
  });
  afterAll(() => elsewhere.stop());

  /**
   * Saves without waiting for that, and blocks the event loop until the save was answered, and `meanwhile`
   * is done.
   */
  async function saveAndBlock(visit, step, meanwhile = () => {}) {
    visit.session.step = step;
    // Some tests have it fail.
    visit.save().catch(() => {});
    await handedOver();
    elsewhere.read(visit.sid);
    meanwhile(visit.sid);
  }

  describe.each([
    ['there before', { user: 'ann' }],
    ['new', undefined],
  ])('the session is %s', (_which, keys) => {
    /** A browser that has the session, or is to get one. */
    async function newVisitor(...how) {
      if (keys) return (await newSession(keys, ...how)).browser;
      return newBrowser(...how);
    }

    describe.each(CONFLICTS)('%s:', (conflict) => {
      /** A request that saves, and then does `last`. What is in the table afterwards. */
      async function play(meanwhile, last) {
        const browser = await newVisitor({ conflict });
        let sid;
        await browser.visit(async (visit) => {
          sid = visit.sid;
          await saveAndBlock(visit, 'working', meanwhile);
          await last(visit);
        });
        return { failures: browser.failures, stored: await stored(sid) };
      }

      const lasts = [
        ['and saves again', async (visit) => set({ step: 'idle' })(visit) && visit.save()],
        ['and is saved at its end', set({ step: 'idle' })],
      ];

      test.each(lasts)('%s: the last value is stored', async (_how, last) => {
        const idle = { ...keys, step: 'idle' };
        expect(await play(undefined, last)).toEqual({ failures: [], stored: idle });
      });

      test.each(lasts)('%s, after a logout: that stays one', async (_how, last) => {
        const out = await play((sid) => elsewhere.logOut(sid), last);
        expect(out).toEqual({ failures: [], stored: null });
      });

      test.each(lasts)('%s, after a change: that is one', async (_how, last) => {
        const { failures, stored: now } = await play(
          (sid) => elsewhere.change(sid, { token: 'abc' }),
          last,
        );
        const [written, refused] = {
          merge: [{ step: 'idle', token: 'abc' }, []],
          overwrite: [{ step: 'idle' }, []],
          error: [{ step: 'working', token: 'abc' }, [conflictError]],
        }[conflict];
        expect(failures).toEqual(refused);
        expect(now).toEqual({ ...keys, ...written });
      });

      test('and saves three times more', async () => {
        const steps = ['second', 'third', 'last'];
        const { failures, stored: now } = await play(undefined, async (visit) => {
          for (const step of steps) await saveAndBlock(visit, step);
        });
        expect(failures).toEqual([]);
        expect(now).toEqual({ ...keys, step: 'last' });
      });

      test('and takes back what it has added', async () => {
        const out = await play(undefined, async (visit) => {
          delete visit.session.step;
          visit.session.user = 'ann';
          await visit.save();
        });
        expect(out).toEqual({ failures: [], stored: { user: 'ann' } });
      });
    });

    test('a logout in another process stays one', async () => {
      const browser = await newVisitor();
      let sid;
      await browser.visit(async (visit) => {
        sid = visit.sid;
        await saveAndBlock(visit, 'working', inProcesses({ framework, table: races.table }).logOut);
        visit.session.step = 'idle';
      });
      expect(browser.failures).toEqual([]);
      expect(await stored(sid)).toBeNull();
    });

    test('a change in another process is kept', async () => {
      const browser = await newVisitor();
      const { change } = inProcesses({ framework, table: races.table });
      let sid;
      await browser.visit(async (visit) => {
        sid = visit.sid;
        await saveAndBlock(visit, 'working', () => change(sid, { token: 'abc' }));
        visit.session.step = 'idle';
      });
      expect(browser.failures).toEqual([]);
      expect(await stored(sid)).toEqual({ ...keys, step: 'idle', token: 'abc' });
    });
  });

  test('a failure that is taken after the success of a later save changes nothing', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { touchInterval: 0 });
    await browser.visit(async (visit) => {
      visit.session.cart = 'x'.repeat(500_000);
      const failed = expect(visit.save()).rejects.toMatchObject({ code: 'ERR_SESSION_TOO_LARGE' });
      await saveAndBlock(visit, 'working');
      delete visit.session.cart;
      await saveAndBlock(visit, 'idle');
      await failed;
      elsewhere.change(sid, { step: 'other' });
      visit.session.page = 2;
    });
    expect(browser.failures).toEqual([]);
    expect(await stored(sid)).toEqual({ user: 'ann', step: 'other', page: 2 });
  });
}

/** @param {(connection?: () => object) => Subject} newSubject */
function describeBesideOthers(newSubject) {
  const races = racesByProxy(newSubject);
  const { newSession, stored } = races;

  test('each of its saves after a merge is one write', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    await during(
      browser,
      async (visit) => {
        races.writes();
        visit.session.cart = 1;
        await visit.save();
        expect(races.writes()).toEqual([REFUSED, 'PutItem']);
        for (const cart of [2, 3]) {
          visit.session.cart = cart;
          await visit.save();
          expect(races.writes()).toEqual(['PutItem']);
        }
      },
      () => browser.visit(set({ token: 'abc' })),
    );
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 3, token: 'abc' });
    expect(browser.failures).toEqual([]);
  });

  test.each(CONFLICTS)('%s: what others change after its last save stays', async (conflict) => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict });
    await browser.visit(async (visit) => {
      visit.session.cart = 1;
      await visit.save();
      await browser.visit(set({ cart: 2, token: 'abc' }));
    });
    expect(browser.failures).toEqual([]);
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 2, token: 'abc' });
  });

  test('it keeps the second value of a key, beside one that another request had added', async () => {
    const { browser, sid } = await newSession({ user: 'ann', first: 0 });
    await during(
      browser,
      async (visit) => {
        visit.session.first = 1;
        const saved = visit.save();
        Object.assign(visit.session, { first: 2, token: 'ours' });
        await visit.save();
        visit.session.third = 3;
        await visit.save();
        await saved;
      },
      () => browser.visit(set({ token: 'theirs' })),
    );
    const all = { user: 'ann', first: 2, token: 'ours', third: 3 };
    expect(await stored(sid)).toEqual(all);
    expect(browser.failures).toEqual([]);
  });

  test('it takes back what it has saved, beside a key that another request had added', async () => {
    const { browser, sid } = await newSession({ user: 'ann', first: 0 });
    await during(
      browser,
      async (visit) => {
        visit.session.first = 1;
        const saved = visit.save();
        visit.session.first = 0;
        await visit.save();
        visit.session.third = 3;
        await visit.save();
        await saved;
      },
      () => browser.visit(set({ token: 'theirs' })),
    );
    const all = { user: 'ann', first: 0, token: 'theirs', third: 3 };
    expect(await stored(sid)).toEqual(all);
    expect(browser.failures).toEqual([]);
  });

  test('each of its saves after a merge is one write, without waiting for the one before', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    await during(
      browser,
      async (visit) => {
        races.writes();
        const saves = [1, 2, 3].map((cart) => {
          visit.session.cart = cart;
          return visit.save();
        });
        await Promise.all(saves);
        expect(races.writes()).toEqual([REFUSED, 'PutItem', 'PutItem', 'PutItem']);
      },
      () => browser.visit(set({ token: 'abc' })),
    );
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 3, token: 'abc' });
    expect(browser.failures).toEqual([]);
  });
}

module.exports = { describeSaves };
