'use strict';

/** The cookie of a session after a touch: express-session, with a clock of the tests. */

const { newClock } = require('./support/clock');
const { racesOn } = require('./support/races');
const { expressSubject } = require('./support/race-subjects');

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const clock = newClock();
const { itemOf, newSession, stored } = racesOn(expressSubject());

/** A browser that has logged in, with a cookie of an hour unless told otherwise. */
const logIn = (options, { maxAge = HOUR, ...appOptions } = {}) =>
  newSession({ user: 'ann' }, options, { cookie: { maxAge }, ...appOptions });

/** What a request sees of its cookie before it does anything. */
const look = ({ session: { cookie } }) => ({
  expires: cookie.expires?.toISOString() ?? null,
  maxAge: cookie.maxAge,
  originalMaxAge: cookie.originalMaxAge,
});

/** What is to be seen of a cookie with this end and lifetime, now. */
const cookie = (end, originalMaxAge = HOUR) => ({
  expires: new Date(end).toISOString(),
  maxAge: end - clock.now,
  originalMaxAge,
});

const seen = async (browser) => (await browser.visit(look)).body.said;

describe('with touchInterval: 0, the end of the cookie is right to the millisecond', () => {
  test.each([[{}], [{ resave: true }], [{ rolling: true }]])('%j', async (appOptions) => {
    const { browser, sid } = await logIn({ touchInterval: 0 }, appOptions);
    let end = clock.now + HOUR;
    for (const pause of [1, 122, 5877, 994, MINUTE + 1, 0]) {
      clock.advance(pause);
      // The next request, get() and all() see what the one before has left.
      expect(await seen(browser)).toEqual(cookie(end));
      end = clock.now + HOUR;
      const expires = new Date(end).toISOString();
      expect((await browser.store.get(sid)).cookie).toMatchObject({ expires });
      const [other, ...others] = (await browser.store.all()).filter(({ id }) => id === sid);
      expect(others).toEqual([]);
      expect(other).toMatchObject({ user: 'ann', cookie: { expires, originalMaxAge: HOUR } });
    }
  });
});

test('with an interval, the end of the cookie is the one that holds', async () => {
  const { browser, sid } = await logIn();
  const first = clock.now + HOUR;
  clock.advance(2 * MINUTE + 345);
  expect(await seen(browser)).toEqual(cookie(first));
  expect(await seen(browser)).toEqual(cookie(first));
  clock.advance(MINUTE);
  await browser.visit();
  const second = clock.now + HOUR;
  clock.advance(MINUTE);
  expect(await seen(browser)).toEqual(cookie(second));
  const [{ cookie: ofAll }] = (await browser.store.all()).filter(({ id }) => id === sid);
  expect(ofAll.expires).toBe(new Date(second).toISOString());
});

test('a save after a touch has the end in the session again', async () => {
  const { browser, sid } = await logIn({ touchInterval: 0 });
  clock.advance(MINUTE);
  await browser.visit();
  expect(await itemOf(sid)).toHaveProperty('_e');
  clock.advance(MINUTE + 7);
  await browser.visit(({ session }) => Object.assign(session, { cart: 1 }));
  expect(await itemOf(sid)).not.toHaveProperty('_e');
  const end = clock.now + HOUR;
  clock.advance(MINUTE);
  expect(await seen(browser)).toEqual(cookie(end));
});

test('a cookie that ends with the browser has no end', async () => {
  const { browser, sid } = await logIn({ touchInterval: 0 }, { maxAge: null });
  const none = { expires: null, maxAge: null, originalMaxAge: null };
  for (const pause of [0, 1, MINUTE]) {
    clock.advance(pause);
    expect(await seen(browser)).toEqual(none);
  }
  expect(await itemOf(sid)).not.toHaveProperty('_e');
});

describe.each([
  ["touchInterval: 'auto'", 'auto'],
  ['touchInterval: 0', 0],
  ['a long touchInterval', HOUR],
])('with %s, a cookie whose lifetime is changed stays so:', (_which, touchInterval) => {
  const changes = {
    'much longer': [2 * HOUR, (session) => Object.assign(session.cookie, { maxAge: 2 * HOUR })],
    'a little longer': [
      HOUR + 1000,
      (session) => Object.assign(session.cookie, { maxAge: HOUR + 1000 }),
    ],
    'a little shorter': [
      HOUR - 1000,
      (session) => Object.assign(session.cookie, { maxAge: HOUR - 1000 }),
    ],
    'much shorter': [
      10 * MINUTE,
      (session) => Object.assign(session.cookie, { maxAge: 10 * MINUTE }),
    ],
    'to a moment': [
      2 * HOUR,
      (session) => Object.assign(session.cookie, { expires: new Date(clock.now + 2 * HOUR) }),
    ],
  };

  test.each(Object.entries(changes))('%s', async (_how, [maxAge, change]) => {
    for (const appOptions of [{}, { resave: true }, { rolling: true }]) {
      const { browser, sid } = await logIn({ touchInterval }, appOptions);
      clock.advance(MINUTE);
      await browser.visit(({ session }) => {
        change(session);
      });
      const end = clock.now + maxAge;
      expect(Number((await itemOf(sid)).expires.N)).toBe(Math.floor(end / 1000));
      clock.advance(1000);
      expect(await seen(browser)).toEqual(cookie(end, maxAge));
      // It is the new lifetime that counts from then on.
      clock.advance(9 * MINUTE);
      const { originalMaxAge } = await seen(browser);
      expect(originalMaxAge).toBe(maxAge);
      expect(await stored(sid)).toEqual({ user: 'ann' });
      const left = Number((await itemOf(sid)).expires.N) * 1000 - clock.now;
      expect(left).toBeLessThanOrEqual(maxAge);
      if (touchInterval === 0) expect(left).toBeGreaterThan(maxAge - 1000);
    }
  });

  test('to the life of the browser, and back', async () => {
    const { browser } = await logIn({ touchInterval });
    await browser.visit(({ session }) => {
      session.cookie.expires = null;
    });
    expect(await seen(browser)).toEqual({ expires: null, maxAge: null, originalMaxAge: null });
    await browser.visit(({ session }) => {
      session.cookie.maxAge = HOUR;
    });
    expect(await seen(browser)).toEqual(cookie(clock.now + HOUR));
  });
});

test('the change of another lifetime keeps what others have changed meanwhile', async () => {
  const { browser, sid } = await logIn();
  const held = await browser.begin(({ session }) => {
    session.cookie.maxAge = 2 * HOUR;
  });
  await browser.visit(({ session }) => Object.assign(session, { cart: 1 }));
  await held.end();
  expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
  expect(await seen(browser)).toEqual(cookie(clock.now + 2 * HOUR, 2 * HOUR));
});

test.each(['merge', 'overwrite', 'error'])(
  '%s: the change of a lifetime brings back no session that is logged out',
  async (conflict) => {
    const { browser, sid } = await logIn({ conflict });
    const held = await browser.begin(({ session }) => {
      session.cookie.maxAge = 2 * HOUR;
    });
    await browser.visit((visit) => visit.logOut());
    expect((await held.end()).status).toBe(200);
    expect(await stored(sid)).toBeNull();
    expect(browser.failures).toEqual([]);
  },
);
