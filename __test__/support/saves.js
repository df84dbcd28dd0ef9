'use strict';

/** What every store promises of a request that saves its session more than once. */

const { during } = require('./browser');
const { dynamoConfig } = require('./dynamodb');
const { handedOver, inProcesses, startElsewhere } = require('./elsewhere');
const { startProxy } = require('./proxy-dynamodb');
const { racesOn } = require('./races');

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
  describe('a request saves after it was merged', () => describeMerged(newSubject));
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

/** A store that reaches DynamoDB through a proxy, which is started and stopped. */
function racesByProxy(newSubject) {
  let proxy;
  beforeAll(async () => {
    proxy = await startProxy();
  });
  afterAll(() => proxy.stop());
  beforeEach(() => {
    proxy.operations();
    proxy.hooks.loses = () => false;
  });
  const connection = () => ({ dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint } });
  return {
    ...racesOn(newSubject(connection)),
    get proxy() {
      return proxy;
    },
    /** The writes since the last call of this, each with its error. */
    writes: () => proxy.operations().filter((operation) => operation.startsWith('PutItem')),
  };
}

/** @param {(connection?: () => object) => Subject} newSubject */
function describeMerged(newSubject) {
  const races = racesByProxy(newSubject);
  const { newSession, stored } = races;

  test('each of its next saves is one write', async () => {
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

  test('each save is one write although it does not wait for the one before it', async () => {
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

/** @param {(connection?: () => object) => Subject} newSubject */
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

module.exports = { describeSaves };
