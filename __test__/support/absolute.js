'use strict';

/** The absolute end of sessions, in each framework over HTTP, with a clock of the tests. */

const { during } = require('./browser');
const { newClock } = require('./clock');
const { racesOn } = require('./races');

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const absoluteTtl = 8 * HOUR;

/** The end in the session cookie of an answer, in milliseconds. */
function cookieEnd({ headers }) {
  const line = headers['set-cookie']?.find(
    (each) => /expires=/i.test(each) && !/\.sig=/.test(each),
  );
  return line && Date.parse(line.match(/expires=([^;]+)/i)[1]);
}

/**
 * @param {import('./races').Subject} subject
 * @param {object} abilities
 * @param {boolean} [abilities.limitsCookie] whether the framework's cookie can be limited
 * @param {object} [abilities.rolling] the options with which each request sets the cookie
 */
function describeAbsoluteEnd(subject, { limitsCookie = true, rolling = { rolling: true } } = {}) {
  const clock = newClock();
  const { itemOf, newBrowser, newSession, stored } = racesOn(subject);
  const lasting = subject.lasting(HOUR);
  /** The user of a browser's session. The browser keeps its cookies, even if the session has ended. */
  async function user(browser) {
    const cookies = [...browser.cookies];
    const { body } = await browser.visit(({ session }) => session.user);
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    return body.said;
  }
  const logIn = (options, appOptions) =>
    newSession({ user: 'ann' }, { absoluteTtl, ...options }, { ...lasting, ...appOptions });

  test('a session in use ends that long after it began', async () => {
    const { browser, sid } = await logIn({}, rolling);
    const begun = clock.now;
    const ends = [];
    while (clock.now < begun + absoluteTtl - 20 * MINUTE) {
      clock.advance(20 * MINUTE);
      expect(await user(browser)).toBe('ann');
      const item = await itemOf(sid);
      ends.push(subject.clockIn(item).end);
      expect(Number(item._c.N)).toBe(begun);
      expect(Number(item.expires.N) * 1000).toBeLessThanOrEqual(begun + absoluteTtl);
    }
    expect(ends.at(-1)).toBe(begun + absoluteTtl);
    clock.set(begun + absoluteTtl - 1);
    expect(await user(browser)).toBe('ann');
    clock.set(begun + absoluteTtl);
    expect(await user(browser)).toBeUndefined();
    expect(browser.failures).toEqual([]);
  });

  test('also a session that is saved, by this store or by hand', async () => {
    const { browser, sid } = await logIn();
    const begun = clock.now;
    for (let visits = 1; visits < 24; visits += 1) {
      clock.advance(20 * MINUTE);
      const { body } = await browser.visit(({ session }) => {
        session.visits = visits;
        return session.user;
      });
      expect(body.said).toBe('ann');
    }
    expect(await stored(sid)).toEqual({ user: 'ann', visits: 23 });
    await subject.setByHand(browser.store, sid, { user: 'ann', byHand: true });
    expect(Number((await itemOf(sid))._c.N)).toBe(begun);
    clock.set(begun + absoluteTtl);
    expect(await user(browser)).toBeUndefined();
    // Under the id of an ended session, a new one begins.
    await subject.setByHand(browser.store, sid, { user: 'bob' });
    expect(Number((await itemOf(sid))._c.N)).toBe(clock.now);
    expect(await user(browser)).toBe('bob');
    expect(browser.failures).toEqual([]);
  });

  test('a merge keeps the beginning', async () => {
    const { browser, sid } = await logIn();
    const begun = clock.now;
    clock.advance(MINUTE);
    const change = (keys) => (visit) => Object.assign(visit.session, keys);
    await during(browser, change({ one: 1 }), () => browser.visit(change({ other: 1 })));
    expect(await stored(sid)).toEqual({ user: 'ann', one: 1, other: 1 });
    expect(Number((await itemOf(sid))._c.N)).toBe(begun);
    expect(browser.failures).toEqual([]);
  });

  test('whoever wrote the end in the table', async () => {
    const { browser, sid } = await logIn();
    const begun = clock.now;
    const other = subject.newStore(browser.store.table ?? browser.store.tableName);
    clock.advance(absoluteTtl - MINUTE);
    expect(await user(browser)).toBeUndefined();
    clock.set(begun + 30 * MINUTE);
    // A store without the option drops the marks: the session begins anew with the next request.
    await subject.setByHand(other, sid, { user: 'ann' });
    expect((await itemOf(sid))._c).toBeUndefined();
    clock.advance(MINUTE);
    expect(await user(browser)).toBe('ann');
    await browser.visit(({ session }) => Object.assign(session, { seen: true }));
    expect(Number((await itemOf(sid))._c.N)).toBe(clock.now);
    await other.close();
  });

  test.each(['continue', 'restart'])('regenerate(): %s', async (regenerate) => {
    const { browser } = await logIn({ absoluteTtl: { ttl: absoluteTtl, regenerate } });
    const begun = clock.now;
    clock.advance(30 * MINUTE);
    const answer = await browser.visit(async (visit) => {
      await visit.regenerate();
      visit.session.user = 'bob';
    });
    const item = await itemOf(subject.sidOf(answer));
    const beginning = regenerate === 'continue' ? begun : clock.now;
    expect(Number(item._c.N)).toBe(beginning);
    clock.advance(30 * MINUTE);
    expect(await user(browser)).toBe('bob');
    expect(browser.failures).toEqual([]);
  });

  test('a session that another store has made begins with its next write', async () => {
    const { browser } = await newSession({ user: 'ann' }, {}, { ...lasting, ...rolling });
    const tracking = subject.newStore(browser.store.table ?? browser.store.tableName, {
      absoluteTtl,
    });
    const again = await newBrowser({}, { ...lasting, ...rolling }, tracking);
    for (const [name, value] of browser.cookies) again.cookies.set(name, value);
    expect(await user(again)).toBe('ann');
    const begun = clock.now;
    clock.advance(30 * MINUTE);
    const { body } = await again.visit(({ session }) => session.user);
    expect(body.said).toBe('ann');
    expect(Number((await itemOf(body.sid))._c.N)).toBe(begun);
  });

  if (limitsCookie) {
    test('the end that the browser sees agrees', async () => {
      const { browser } = await logIn({ absoluteTtl: 90 * MINUTE }, rolling);
      const begun = clock.now;
      const ends = [];
      for (const minutes of [20, 40, 60, 80]) {
        clock.set(begun + minutes * MINUTE);
        ends.push((cookieEnd(await browser.visit()) - begun) / MINUTE);
      }
      expect(ends).toEqual([80, 90, 90, 90]);
      const short = await newBrowser({ absoluteTtl: 10 * MINUTE }, { ...lasting, ...rolling });
      const first = await short.visit(({ session }) => Object.assign(session, { user: 'ann' }));
      expect((cookieEnd(first) - clock.now) / MINUTE).toBe(10);
    });
  }
}

module.exports = { describeAbsoluteEnd };
