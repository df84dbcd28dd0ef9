'use strict';

/**
 * With `touchInterval: 0`, requests see the same of their sessions as with the MemoryStore of
 * express-session: the same steps are taken on both.
 */

const { promisify } = require('node:util');
const { MemoryStore } = require('express-session');
const { newClock } = require('./support/clock');
const { racesOn } = require('./support/races');
const { expressSubject } = require('./support/race-subjects');

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const clock = newClock();
const { newBrowser } = racesOn(expressSubject());

const count = ({ session }) => {
  session.visits = (session.visits ?? 0) + 1;
};

/** What a request may do with its session. @type {Record<string, import('./support/browser').Change>} */
const views = {
  looks() {},
  changes: count,
  'makes the cookie live longer'({ session }) {
    session.cookie.maxAge = 2 * HOUR;
  },
  'makes the cookie live shorter, and changes'(visit) {
    visit.session.cookie.maxAge = 40 * MINUTE;
    count(visit);
  },
  'gives the cookie an end'({ session }) {
    session.cookie.expires = new Date(clock.now + 50 * MINUTE);
  },
  'has the cookie end with the browser'({ session }) {
    session.cookie.expires = null;
  },
  async 'touches by hand'(visit) {
    visit.session.touch();
    await promisify(visit.store.touch.bind(visit.store))(visit.sid, visit.session);
  },
  async 'saves, and changes'(visit) {
    await visit.save();
    count(visit);
  },
  async 'changes, saves and then makes the cookie live longer'(visit) {
    count(visit);
    await visit.save();
    visit.session.cookie.maxAge = 3 * HOUR;
  },
  'saves twice without waiting'(visit) {
    count(visit);
    visit.session.save();
    visit.session.cookie.maxAge = HOUR;
    count(visit);
    visit.session.save();
  },
  async 'changes, and reloads'(visit) {
    count(visit);
    visit.session.cookie.maxAge = 5 * HOUR;
    await visit.reload();
  },
  async regenerates(visit) {
    await visit.regenerate();
    visit.session.user = 'ann';
  },
  'saves and destroys without waiting'(visit) {
    count(visit);
    visit.session.save();
    return visit.logOut();
  },
};

/** An order of numbers in which each follows each. */
function eachAfterEach(length) {
  const order = [];
  for (let one = 0; one < length; one += 1) {
    order.push(one);
    for (let other = one + 1; other < length; other += 1) order.push(one, other);
  }
  return [...order, 0];
}

/** What can be seen of a session. */
const seen = ({ cookie: { expires, maxAge, originalMaxAge }, ...keys }) => ({
  expires: expires?.toISOString() ?? expires,
  maxAge,
  originalMaxAge,
  keys,
});

/** Takes steps on a browser: what each has seen of its session, and what the answer has told. */
async function take(browser, steps) {
  clock.set(clock.start);
  const told = [];
  await browser.visit(count);
  for (const name of steps) {
    // Another fraction of a second each time.
    clock.advance(6 * MINUTE + 17_321);
    const { body, headers } = await browser.visit(async (visit) => {
      // A session that is gone needs something in it to be a new one.
      if (!visit.session.visits) count(visit);
      const before = seen(visit.session);
      await views[name](visit);
      return { before, after: visit.session ? seen(visit.session) : null };
    });
    const cookies = headers['set-cookie']?.map((line) => line.replace(/=[^;]*/, ''));
    told.push({ name, ...body.said, cookies: cookies ?? [] });
  }
  return told;
}

/** The sessions of a store, without their ids. */
async function allOf(store) {
  const all = promisify(store.all.bind(store));
  return Object.values(await all()).map(({ id, ...session }) => session);
}

describe.each([
  ['resave: false', { resave: false }],
  ['resave: true', { resave: true }],
  ['rolling: true', { rolling: true }],
  ['resave: true, rolling: true', { resave: true, rolling: true }],
])('%s:', (_which, options) => {
  test.each([
    ['an hour', { maxAge: HOUR }],
    ['the life of the browser', {}],
  ])('each view after each, with a cookie for %s', async (_lifetime, cookie) => {
    const appOptions = { ...options, cookie };
    const names = Object.keys(views);
    const steps = eachAfterEach(names.length).map((index) => names[index]);
    const memory = await newBrowser({}, appOptions, new MemoryStore());
    const ours = await newBrowser({ touchInterval: 0 }, appOptions);
    const [expected, told] = [await take(memory, steps), await take(ours, steps)];
    // The first difference says all.
    const index = told.findIndex(
      (each, at) => JSON.stringify(each) !== JSON.stringify(expected[at]),
    );
    if (index >= 0) {
      const before = steps[index - 1];
      expect({ before, ...told[index] }).toEqual({ before, ...expected[index] });
    }
    expect(told).toEqual(expected);
  });
});

describe('a store of its own, on each of both:', () => {
  /** Takes the same steps on both, and expects that they give the same. */
  async function same(steps, { cookie = { maxAge: HOUR }, ...appOptions } = {}) {
    const outcomes = [];
    for (const store of [new MemoryStore(), undefined]) {
      clock.set(clock.start);
      const options = { ...appOptions, cookie };
      const browser = await newBrowser(
        { touchInterval: 0, prefix: `${Math.random()}:` },
        options,
        store,
      );
      outcomes.push(await steps(browser));
    }
    const [expected, ours] = outcomes;
    expect(ours).toEqual(expected);
    return ours;
  }

  test('all, length and clear', async () => {
    await same(async (browser) => {
      const { store } = browser;
      const call = (method) => promisify(store[method].bind(store))();
      const outcomes = [await call('length'), await allOf(store)];
      for (const pause of [0, 1234, MINUTE]) {
        browser.cookies.clear();
        clock.advance(pause);
        await browser.visit(count);
        clock.advance(pause);
        await browser.visit();
        const all = await allOf(store);
        all.sort((one, other) => one.cookie.expires.localeCompare(other.cookie.expires));
        outcomes.push(await call('length'), all);
      }
      await call('clear');
      return [...outcomes, await call('length'), await allOf(store)];
    });
  });

  test('a session ends with its cookie, and a touch has it live on', async () => {
    const ours = await same(async (browser) => {
      const outcomes = [];
      await browser.visit(count);
      for (const pause of [HOUR - 1000, HOUR - 1000, HOUR + 1000, HOUR]) {
        clock.advance(pause);
        const { body } = await browser.visit(count);
        outcomes.push(body.session.visits);
      }
      return outcomes;
    });
    expect(ours).toEqual([2, 3, 1, 1]);
  });

  test('a session that was logged out meanwhile is not touched', async () => {
    await same(async (browser) => {
      await browser.visit(count);
      const held = await browser.begin(() => {});
      await browser.visit((visit) => visit.logOut());
      const { status } = await held.end();
      const { body } = await browser.visit();
      return { status, ...body, sid: null, all: await allOf(browser.store) };
    });
  });

  test('unset: destroy', async () => {
    await same(
      async (browser) => {
        await browser.visit(count);
        const held = await browser.begin(count);
        await held.end();
        return allOf(browser.store);
      },
      { unset: 'destroy' },
    );
  });
});
