'use strict';

/** Requests that use one session at the same time, some of them on the published connect-dynamodb. */

const session = require('express-session');
const connectDynamoDB = require('connect-dynamodb');
const { during } = require('./support/browser');
const { newClock } = require('./support/clock');
const { newClient } = require('./support/dynamodb');
const { racesOn } = require('./support/races');
const { expressSubject } = require('./support/race-subjects');

const subject = expressSubject();
const races = racesOn(subject);
const { itemOf, stored } = races;

const Published = connectDynamoDB(session);
const client = newClient();
afterAll(() => client.destroy());

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

/** One browser on two apps: with this store, and with connect-dynamodb on the same table. */
async function newPair(options, appOptions) {
  const { table } = races;
  const published = new Published({ table, client, initialized: true });
  const ours = await races.newBrowser(options, appOptions);
  const theirs = await races.newBrowser({}, appOptions, published);
  const shared = (browser) => ({
    ...browser,
    begin(change) {
      const other = browser === ours ? theirs : ours;
      for (const [name, value] of other.cookies) browser.cookies.set(name, value);
      return browser.begin(change);
    },
    async visit(change = () => {}) {
      return (await this.begin(change)).end();
    },
  });
  return { ours: shared(ours), theirs: shared(theirs), published };
}

describe.each([
  ['this package', 'ours'],
  ['connect-dynamodb', 'theirs'],
])('a session that %s has written', (_name, first) => {
  /** Both apps, and the id of a session that one of them has written. */
  async function newSession(options, appOptions) {
    const pair = await newPair(options, appOptions);
    const { body } = await pair[first].visit(set({ user: 'ann', cart: 0 }));
    return { ...pair, sid: body.sid };
  }

  test.each([1, 2, 3])('connect-dynamodb writes it meanwhile, %i times', async (times) => {
    const { ours, theirs, sid } = await newSession();
    await during(ours, set({ cart: 1 }), async () => {
      for (let time = 1; time <= times; time += 1) await theirs.visit(set({ [`time${time}`]: 1 }));
    });
    const theirKeys = Object.fromEntries(
      Array.from({ length: times }, (_, index) => [`time${index + 1}`, 1]),
    );
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, ...theirKeys });
    expect(await itemOf(sid)).toHaveProperty('_v');
    const { body } = await theirs.visit();
    expect(body.session).toMatchObject({ user: 'ann', cart: 1, ...theirKeys });
    expect(ours.failures).toEqual([]);
  });

  test('both write it meanwhile', async () => {
    const { ours, theirs, sid } = await newSession();
    await during(ours, set({ cart: 1 }), async () => {
      await theirs.visit(set({ theirs: 1 }));
      await ours.visit(set({ ours: 1 }));
      await theirs.visit(set({ theirs: 2 }));
    });
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, ours: 1, theirs: 2 });
  });

  test('connect-dynamodb writes it between two saves of a request', async () => {
    const { ours, theirs, sid } = await newSession();
    await ours.visit(async (visit) => {
      visit.session.cart = 1;
      await visit.save();
      await theirs.visit(set({ token: 'abc' }));
      visit.session.cart = 2;
    });
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 2, token: 'abc' });
  });

  test('with overwrite, the second to save wins', async () => {
    const { ours, theirs, sid } = await newSession({ conflict: 'overwrite' });
    await during(ours, set({ cart: 1 }), () => theirs.visit(set({ token: 'abc' })));
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
  });

  test('with error, it is one', async () => {
    const { ours, theirs, sid } = await newSession({ conflict: 'error' });
    await during(ours, set({ cart: 1 }), () => theirs.visit(set({ token: 'abc' })));
    expect(ours.failures).toEqual([expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' })]);
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 0, token: 'abc' });
  });

  test('a touch of connect-dynamodb is no conflict', async () => {
    const { ours, theirs, sid } = await newSession({ conflict: 'error' });
    await during(ours, set({ cart: 1 }), () => theirs.visit());
    expect(ours.failures).toEqual([]);
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
  });

  describe('while the time stands still', () => {
    newClock();

    test('a touch of this package is no conflict', async () => {
      const how = [{ conflict: 'error', touchInterval: 0 }, { cookie: { maxAge: 60_000 } }];
      const { ours, sid } = await newSession(...how);
      await during(ours, set({ cart: 1 }), () => ours.visit());
      expect(ours.failures).toEqual([]);
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
    });
  });

  test.each(['merge', 'overwrite', 'error'])('%s: a logout stays one', async (conflict) => {
    const { ours, theirs, sid } = await newSession({ conflict });
    const answer = await during(ours, set({ cart: 1 }), () => theirs.visit((out) => out.logOut()));
    expect(answer.status).toBe(200);
    expect(await stored(sid)).toBeNull();
    expect(ours.failures).toEqual([]);
  });

  test('what a touch of connect-dynamodb leaves of a logout is no session', async () => {
    const { ours, theirs, sid } = await newSession();
    await during(ours, set({ cart: 1 }), async () => {
      // A view on connect-dynamodb, under way when its user logs out.
      await during(
        theirs,
        () => {},
        () => theirs.visit((out) => out.logOut()),
      );
      expect(Object.keys(await itemOf(sid)).sort()).toEqual(['expires', 'id']);
    });
    expect(Object.keys(await itemOf(sid)).sort()).toEqual(['expires', 'id']);
    expect(ours.failures).toEqual([]);
    const { body } = await ours.visit();
    expect(body.session).not.toHaveProperty('user');
  });
});
