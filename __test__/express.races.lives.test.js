'use strict';

/** How long sessions last that several requests use at the same time: express-session. */

const { during } = require('./support/browser');
const { describeLifetimes } = require('./support/lifetimes');
const { expressSubject } = require('./support/race-subjects');
const { describeRemade } = require('./support/remade');
const { racesOn } = require('./support/races');

const subject = expressSubject();

describe('sessions that end', () => describeLifetimes(subject));
describe('sessions that are made again under their id', () => describeRemade(subject));

describe('a lifetime that another request has given a session', () => {
  const { itemOf, newSession } = racesOn(subject);
  const how = [{ touchInterval: 0 }, { cookie: { maxAge: 3_600_000 } }];
  const remember = ({ session }) => {
    session.cookie.maxAge = 2_592_000_000;
  };

  test.each([
    ['touches', () => {}],
    [
      'has saved',
      async (visit) => {
        visit.session.cart = 1;
        await visit.save();
      },
    ],
  ])('touch() gives the end that holds to a request that %s', async (_what, before) => {
    const { browser, sid } = await newSession({ user: 'ann' }, ...how);
    const given = [];
    const page = async (visit) => {
      await before(visit);
      for (const _time of [1, 2]) given.push(await visit.store.touch(sid, visit.session));
    };
    await during(browser, page, () => browser.visit(remember));
    const expires = Number((await itemOf(sid)).expires.N);
    expect(expires - Date.now() / 1000).toBeGreaterThan(2_000_000);
    expect(given).toEqual([{ expires }, { expires }]);
  });
});
