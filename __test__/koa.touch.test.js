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

  test('rolling: the cookie is sent anew, also where the touch is not written', async () => {
    const { browser } = await logIn();
    clock.advance(3 * MINUTE - SECOND);
    expect((await browser.visit()).headers['set-cookie']).toBeDefined();
    expect(wasTouched()).toBe(false);
  });

  test('a request that saves its session twice touches it once', async () => {
    const { browser } = await logIn();
    clock.advance(3 * MINUTE);
    // koa-session does it again at the end of the request.
    await browser.visit(({ session }) => session.manuallyCommit());
    expect(wasTouched()).toBe(true);
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
