'use strict';

/** What every store promises of the end of a session that is used: which touches it writes, and when. */

const { newClock } = require('./clock');
const { racesByProxy } = require('./races');

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * @param {(connection: () => object) => import('./races').Subject} newSubject takes the options of a store that say
 *   where DynamoDB is
 */
function describeTouches(newSubject) {
  const clock = newClock();
  const races = racesByProxy(newSubject);
  const { itemOf, newSession, stored } = races;
  const { clockIn, isSlow, lasting, touchingOptions } = newSubject(() => ({}));

  /** Whether the operations since the last look have a touch; a session is read in each request. */
  function wasTouched() {
    const [read, ...rest] = races.proxy.operations();
    expect(read).toBe('GetItem');
    if (rest.length > 0) expect(rest).toEqual(['UpdateItem']);
    return rest.length > 0;
  }

  /** A browser that has logged in, with a lifetime of an hour unless told otherwise. */
  async function logIn(options, maxAge = HOUR) {
    const appOptions = { ...lasting(maxAge), ...touchingOptions };
    const { browser, sid } = await newSession({ user: 'ann' }, options, appOptions);
    races.proxy.operations();
    return { browser, sid };
  }

  /** The end of a session in milliseconds. The table has the same, in whole seconds. */
  async function endOf(sid) {
    const item = await itemOf(sid);
    const { end, lag } = clockIn(item);
    expect(Number(item.expires.N)).toBe(Math.floor(end / SECOND) + lag);
    return end;
  }

  describe.each([
    ['a twentieth of the lifetime without it', undefined, HOUR, 3 * MINUTE],
    ["a twentieth of the lifetime with 'auto'", 'auto', HOUR, 3 * MINUTE],
    ['a twentieth of a lifetime of a day', 'auto', 24 * HOUR, 72 * MINUTE],
    ['half a minute', 30_000, HOUR, 30 * SECOND],
    ['one second', 1000, HOUR, SECOND],
    ['no whole number of seconds', 1500, HOUR, 2 * SECOND],
    ['half of the lifetime where it is as long as that', HOUR, HOUR, HOUR / 2],
    ['half of the lifetime where it is longer', 24 * HOUR, HOUR, HOUR / 2],
  ])('touchInterval is %s:', (_what, touchInterval, maxAge, least) => {
    test.each(isSlow ? [999] : [0, 1, 499, 999])(
      'at its edges, %i ms into a second',
      async (fraction) => {
        clock.advance(fraction);
        const { browser, sid } = await logIn({ touchInterval }, maxAge);
        const first = clock.now + maxAge;
        expect(await endOf(sid)).toBe(first);
        clock.advance(least - SECOND);
        await browser.visit();
        expect(wasTouched()).toBe(false);
        expect(await endOf(sid)).toBe(first);
        clock.advance(SECOND);
        await browser.visit();
        expect(wasTouched()).toBe(true);
        expect(await endOf(sid)).toBe(first + least);
        // The next one counts from there.
        clock.advance(least - SECOND);
        await browser.visit();
        expect(wasTouched()).toBe(false);
        clock.advance(SECOND);
        await browser.visit();
        expect(wasTouched()).toBe(true);
        expect(await endOf(sid)).toBe(first + 2 * least);
      },
    );
  });

  test('touchInterval is 0: each touch is written, also in the same second, and changes nothing else', async () => {
    const { browser, sid } = await logIn({ touchInterval: 0 });
    const { _v: version } = await itemOf(sid);
    for (const pause of [0, 0, 1, 999, 1, SECOND, MINUTE]) {
      clock.advance(pause);
      await browser.visit();
      expect(wasTouched()).toBe(true);
      expect(await endOf(sid)).toBe(clock.now + HOUR);
    }
    expect((await itemOf(sid))._v).toEqual(version);
    expect(await stored(sid)).toEqual({ user: 'ann' });
  });

  test.each([
    ['auto', 3 * MINUTE],
    [5 * MINUTE, 5 * MINUTE],
    [0, SECOND],
  ])('%s: nobody is logged out early by more than that, nobody late', async (interval, most) => {
    const { browser, sid } = await logIn({ touchInterval: interval });
    // Pauses of all lengths, the same in each run.
    for (let view = 1; view <= (isSlow ? 10 : 40); view += 1) {
      clock.advance((view * 7_919_317) % (2 * most + 1));
      await browser.visit();
      const early = clock.now + HOUR - (await endOf(sid));
      expect(early).toBeGreaterThanOrEqual(0);
      expect(early).toBeLessThan(most);
    }
  });

  test('a session that is used all the time does not end, however long the interval', async () => {
    const { browser } = await logIn({ touchInterval: 24 * HOUR });
    for (let view = 0; view < 12; view += 1) {
      clock.advance(20 * MINUTE);
      expect((await browser.visit()).body.session).toMatchObject({ user: 'ann' });
    }
  });

  test('a save counts as a touch', async () => {
    const { browser, sid } = await logIn();
    clock.advance(4 * MINUTE);
    await browser.visit(async (visit) => {
      visit.session.cart = 1;
      // koa-session moves the end of each session that it saves.
      visit.session.touch?.();
      await visit.save();
    });
    expect(races.proxy.operations()).toEqual(['GetItem', 'PutItem']);
    const end = clock.now + HOUR;
    expect(await endOf(sid)).toBe(end);
    clock.advance(2 * MINUTE);
    await browser.visit();
    expect(wasTouched()).toBe(false);
    expect(await endOf(sid)).toBe(end);
  });

  test('a touch that is written never crosses to another session', async () => {
    const [one, other] = [await logIn(), await logIn()];
    clock.advance(10 * MINUTE);
    await one.browser.visit();
    expect(await endOf(one.sid)).toBe(clock.now + HOUR);
    expect(await endOf(other.sid)).toBe(clock.start + HOUR);
  });

  test('a touch of what was logged out meanwhile writes nothing', async () => {
    const { browser, sid } = await logIn({ touchInterval: 0 });
    const held = await browser.begin(() => {});
    await browser.visit((visit) => visit.logOut());
    expect((await held.end()).status).toBe(200);
    expect(await stored(sid)).toBeNull();
    expect(browser.failures).toEqual([]);
  });
}

module.exports = { describeTouches };
