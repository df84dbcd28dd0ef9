'use strict';

/** Requests that use one session at the same time: koa-session. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const Koa3 = require('koa');
const Koa2 = require('koa2');
const session7 = require('koa-session');
const session6 = require('koa-session-6');
const PublishedStore = require('koa-session-dynamodb-store');
const { during } = require('./support/browser');
const { dynamoConfig } = require('./support/dynamodb');
const { describeRaces, racesOn } = require('./support/races');
const { koaSubject } = require('./support/race-subjects');

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

describe.each([
  ['Koa 3 with koa-session 7', Koa3, session7],
  ['Koa 2 with koa-session 6', Koa2, session6],
])('%s', (_name, Koa, module) => {
  const subject = koaSubject(Koa, module);
  describeRaces({ ...subject, isSlow: module === session6 });

  const races = racesOn(subject);
  const { itemOf, newSession, stored } = races;

  test('a session that is replaced as a whole keeps what others add', async () => {
    const { browser, sid } = await newSession({ user: 'ann', cart: 1 });
    const replace = (visit) => {
      visit.session = { user: 'ann', page: 2 };
    };
    await during(browser, replace, () => browser.visit(set({ token: 'abc' })));
    expect(await stored(sid)).toEqual({ user: 'ann', page: 2, token: 'abc' });
  });

  test('a change is written beside one of maxAge', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, {}, { maxAge: 60_000 });
    await browser.visit(({ session }) => {
      session.cart = 1;
      session.maxAge = 3_600_000;
    });
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
    expect((await itemOf(sid)).session.M._maxAge).toEqual({ N: '3600000' });
  });

  describe.each([
    ['this package', 'ours'],
    ['koa-session-dynamodb-store', 'theirs'],
  ])('a session that %s has written', (_writer, first) => {
    /** Two apps with one browser, and the id of a session. */
    async function newPair(options) {
      const table = { name: races.table };
      const published = new PublishedStore({ table, dynamoConfig: dynamoConfig() });
      const pair = {
        ours: await races.newBrowser(options),
        theirs: await races.newBrowser({}, {}, published),
      };
      const sid = await races.renewed(pair[first], { user: 'ann', numbers: [1e21, 0.1] });
      const other = first === 'ours' ? pair.theirs : pair.ours;
      for (const [name, value] of pair[first].cookies) other.cookies.set(name, value);
      return { ...pair, sid };
    }

    test('the other package writes it meanwhile, twice', async () => {
      const { ours, theirs, sid } = await newPair();
      await during(ours, set({ cart: 1 }), async () => {
        await theirs.visit(set({ token: 'abc' }));
        await theirs.visit(set({ visits: 2 }));
      });
      const all = { user: 'ann', numbers: [1e21, 0.1], cart: 1, token: 'abc', visits: 2 };
      expect(await stored(sid)).toEqual(all);
      expect((await theirs.visit()).body.session).toMatchObject(all);
      expect(ours.failures).toEqual([]);
    });

    test('the other package destroys it meanwhile', async () => {
      const { ours, theirs, sid } = await newPair();
      await during(ours, set({ cart: 1 }), () => theirs.visit((visit) => visit.logOut()));
      expect(await stored(sid)).toBeNull();
      expect(ours.failures).toEqual([]);
    });

    test('with error, what the other package writes meanwhile is one', async () => {
      const { ours, theirs } = await newPair({ conflict: 'error' });
      const answer = await during(ours, set({ cart: 1 }), () => theirs.visit(set({ visits: 1 })));
      expect(answer.status).toBe(500);
      expect(ours.failures).toEqual([expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' })]);
    });

    test('with error, nothing is one while nobody else writes', async () => {
      const { ours, sid } = await newPair({ conflict: 'error' });
      await ours.visit(set({ cart: 1 }));
      await ours.visit(set({ cart: 2 }));
      expect(ours.failures).toEqual([]);
      expect(await stored(sid)).toMatchObject({ user: 'ann', cart: 2 });
    });
  });
});
