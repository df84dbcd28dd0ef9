'use strict';

/** Which touches are written, and when a session ends: koa-session, with a clock of the tests. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const Koa3 = require('koa');
const Koa2 = require('koa2');
const session7 = require('koa-session');
const session6 = require('koa-session-6');
const { newClock } = require('./support/clock');
const { dynamoConfig } = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');
const { racesOn } = require('./support/races');
const { koaSubject } = require('./support/race-subjects');

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** koa-session has the store outlive the cookie by this. */
const MORE = 10 * SECOND;

const clock = newClock();

let proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => {
  proxy.operations();
});

const connection = () => ({ dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint } });

/** Whether the operations since the last look have a touch; a session is read in each request. */
function wasTouched() {
  const [read, ...rest] = proxy.operations();
  expect(read).toBe('GetItem');
  if (rest.length > 0) expect(rest).toEqual(['UpdateItem']);
  return rest.length > 0;
}

describe.each([
  ['Koa 3 with koa-session 7', Koa3, session7],
  ['Koa 2 with koa-session 6', Koa2, session6],
])('%s', (_name, Koa, module) => {
  const { itemOf, newSession, stored } = racesOn(koaSubject(Koa, module, connection));

  /** A browser that has logged in, with a cookie of an hour unless told otherwise. */
  async function logIn(options, appOptions) {
    const app = { maxAge: HOUR, rolling: true, ...appOptions };
    const { browser, sid } = await newSession({ user: 'ann' }, options, app);
    proxy.operations();
    return { browser, sid };
  }

  /** The end that koa-session looks at, and that of the table, in milliseconds. */
  async function ends(sid) {
    const { session, expires } = await itemOf(sid);
    return { own: Number(session.M._expire?.N), table: Number(expires.N) * SECOND };
  }

  describe.each([
    ['a twentieth of the lifetime without it', undefined, 3 * MINUTE],
    ["a twentieth of the lifetime with 'auto'", 'auto', 3 * MINUTE],
    ['half a minute', 30_000, 30 * SECOND],
  ])('rolling, and touchInterval is %s:', (_what, touchInterval, least) => {
    test.each([0, 499, 999])('at its edges, %i ms into a second', async (fraction) => {
      clock.advance(fraction);
      const { browser, sid } = await logIn({ touchInterval });
      const first = { own: clock.now + HOUR, table: clock.now - fraction + HOUR + MORE };
      expect(await ends(sid)).toEqual(first);
      clock.advance(least - SECOND);
      const { headers } = await browser.visit();
      expect(headers['set-cookie']).toBeDefined();
      expect(wasTouched()).toBe(false);
      expect(await ends(sid)).toEqual(first);
      clock.advance(SECOND);
      await browser.visit();
      expect(wasTouched()).toBe(true);
      expect(await ends(sid)).toEqual({ own: first.own + least, table: first.table + least });
      clock.advance(least - SECOND);
      await browser.visit();
      expect(wasTouched()).toBe(false);
    });
  });

  test('rolling, and touchInterval is 0: each is written, and changes nothing else', async () => {
    const { browser, sid } = await logIn({ touchInterval: 0 });
    const { _v: version } = await itemOf(sid);
    for (const pause of [0, 1, SECOND, MINUTE]) {
      clock.advance(pause);
      await browser.visit();
      expect(wasTouched()).toBe(true);
      const table = Math.floor((clock.now + HOUR + MORE) / SECOND) * SECOND;
      expect(await ends(sid)).toEqual({ own: clock.now + HOUR, table });
    }
    expect((await itemOf(sid))._v).toEqual(version);
    expect(await stored(sid)).toEqual({ user: 'ann' });
  });

  test('a request that saves its session twice touches it once', async () => {
    const { browser } = await logIn();
    clock.advance(3 * MINUTE);
    // koa-session does it again at the end of the request.
    await browser.visit(({ session }) => session.manuallyCommit());
    expect(wasTouched()).toBe(true);
  });

  test.each([
    ['auto', 3 * MINUTE],
    [5 * MINUTE, 5 * MINUTE],
    [0, SECOND],
  ])('%s: nobody is logged out early by more than that, nobody late', async (interval, most) => {
    const { browser, sid } = await logIn({ touchInterval: interval });
    for (let view = 1; view <= 20; view += 1) {
      clock.advance((view * 7_919_317) % (2 * most + 1));
      await browser.visit();
      const { own, table } = await ends(sid);
      const early = clock.now + HOUR - own;
      expect(early).toBeGreaterThanOrEqual(0);
      expect(early).toBeLessThan(most);
      expect(table).toBeGreaterThan(own);
    }
  });

  test('a session ends when its own clock says so', async () => {
    const { browser } = await logIn();
    clock.advance(3 * MINUTE - SECOND);
    await browser.visit();
    const user = async () => (await browser.visit()).body.session.user;
    clock.set(clock.start + HOUR);
    expect(await user()).toBe('ann');
    // That was late enough to be written.
    clock.advance(HOUR);
    expect(await user()).toBe('ann');
    clock.advance(HOUR + 1);
    expect(await user()).toBeUndefined();
  });

  test('renew: a session in the second half of its life', async () => {
    const { browser, sid } = await logIn({}, { rolling: false, renew: true });
    clock.advance(HOUR / 2);
    await browser.visit();
    expect(wasTouched()).toBe(false);
    clock.advance(SECOND);
    await browser.visit();
    expect(wasTouched()).toBe(true);
    expect(await ends(sid)).toMatchObject({ own: clock.now + HOUR });
    await browser.visit();
    expect(wasTouched()).toBe(false);
  });

  test('neither rolling nor renew: nothing is touched', async () => {
    const { browser } = await logIn({ touchInterval: 0 }, { rolling: false });
    clock.advance(HOUR - SECOND);
    await browser.visit();
    expect(wasTouched()).toBe(false);
  });

  test("maxAge: 'session' counts by the table's end", async () => {
    const { browser, sid } = await logIn({}, { maxAge: 'session' });
    const first = (await ends(sid)).table;
    const DAY = 24 * HOUR;
    expect(first).toBe(clock.now + DAY);
    clock.advance(DAY / 20 - SECOND);
    await browser.visit();
    expect(wasTouched()).toBe(false);
    clock.advance(SECOND);
    await browser.visit();
    expect(wasTouched()).toBe(true);
    expect((await ends(sid)).table).toBe(first + DAY / 20);
    expect(await stored(sid)).toEqual({ user: 'ann', _session: true });
  });

  test('a touch of what was logged out meanwhile writes nothing', async () => {
    const { browser, sid } = await logIn({ touchInterval: 0 });
    const held = await browser.begin(() => {});
    await browser.visit((visit) => visit.logOut());
    expect((await held.end()).status).toBe(200);
    expect(await stored(sid)).toBeNull();
    expect(browser.failures).toEqual([]);
  });

  describe.each(['auto', 0])(
    'with touchInterval: %j, a maxAge that is changed stays so:',
    (touchInterval) => {
      test.each([
        ['much longer', 2 * HOUR],
        ['a little longer', HOUR + MINUTE],
        ['a little shorter', HOUR - SECOND],
        ['much shorter', 10 * MINUTE],
      ])('%s', async (_how, maxAge) => {
        const { browser, sid } = await logIn({ touchInterval }, { rolling: false });
        clock.advance(MINUTE);
        await browser.visit(({ session }) => {
          session.maxAge = maxAge;
        });
        expect(await ends(sid)).toEqual({
          own: clock.now + maxAge,
          table: clock.now + maxAge + MORE,
        });
        const { body } = await browser.visit(({ session }) => session.maxAge);
        expect(body.said).toBe(maxAge);
      });

      test("'session', which has no end of its own", async () => {
        const { browser, sid } = await logIn({ touchInterval }, { rolling: false });
        await browser.visit(({ session }) => {
          session.maxAge = 'session';
        });
        const { body } = await browser.visit(({ session }) => session.maxAge);
        expect(body.said).toBe('session');
        expect(await stored(sid)).toEqual({ user: 'ann', _session: true });
        clock.advance(HOUR + 1);
        expect((await browser.visit()).body.session).toMatchObject({ user: 'ann' });
      });

      test("from 'session' to an hour", async () => {
        const appOptions = { maxAge: 'session', rolling: false };
        const { browser, sid } = await logIn({ touchInterval }, appOptions);
        await browser.visit(({ session }) => {
          session.maxAge = HOUR;
        });
        const { body } = await browser.visit(({ session }) => session.maxAge);
        expect(body.said).toBe(HOUR);
        expect(await stored(sid)).toEqual({ user: 'ann' });
        expect((await ends(sid)).own).toBe(clock.now + HOUR);
      });
    },
  );
});
