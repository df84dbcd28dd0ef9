'use strict';

/** Requests that use one session at the same time: express-session, through the addon. */

const { during } = require('./support/browser');
const { newClock } = require('./support/clock');
const { describeRaces, racesOn } = require('./support/races');
const { expressSubject } = require('./support/race-subjects');

const subject = expressSubject();

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

describeRaces(subject);

describe('one request saves while another one has the session, with a cookie that has an end', () => {
  // express-session looks at the clock twice for one cookie: the time stands still meanwhile.
  newClock();
  const { itemOf, newSession } = racesOn(subject);

  test('the end is the one of the save that was merged', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, {}, { cookie: { maxAge: 60_000 } });
    await during(browser, set({ cart: 1 }), () => browser.visit(set({ token: 'abc' })));
    const { sess, expires } = await itemOf(sid);
    const { cookie } = JSON.parse(sess.S);
    expect(Number(expires.N)).toBe(Math.floor(Date.parse(cookie.expires) / 1000));
  });
});

describe('a conflict that is an error', () => {
  const { newSession, stored } = racesOn(subject);
  const conflict = { code: 'ERR_SESSION_CONFLICT' };

  test('reaches the callback of req.session.save', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict: 'error' });
    const answer = await during(
      browser,
      async (visit) => {
        visit.session.cart = 1;
        await visit.save();
      },
      () => browser.visit(set({ token: 'abc' })),
    );
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual(conflict);
    expect(browser.failures).toEqual([expect.objectContaining(conflict)]);
    expect(browser.failures[0]).toBeInstanceOf(Error);
    expect(await stored(sid)).toEqual({ user: 'ann', token: 'abc' });
  });

  test('can be mended by a reload', async () => {
    const { browser, sid } = await newSession({ count: 1 }, { conflict: 'error' });
    await during(
      browser,
      async (visit) => {
        visit.session.count += 1;
        await expect(visit.save()).rejects.toMatchObject(conflict);
        // Nothing was written, so the next try is refused as well.
        await expect(visit.save()).rejects.toMatchObject(conflict);
        await visit.reload();
        visit.session.count += 1;
        await visit.save();
      },
      () =>
        browser.visit(({ session }) => {
          session.count += 1;
        }),
    );
    expect(browser.failures).toEqual([]);
    expect(await stored(sid)).toEqual({ count: 3 });
  });
});
