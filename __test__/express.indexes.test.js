'use strict';

/** The option `indexes` with express-session. */

const session = require('express-session');
const connectDynamoDB = require('connect-dynamodb');
const { during } = require('./support/browser');
const { newClient } = require('./support/dynamodb');
const { describeIndexes, newIndexedTable } = require('./support/indexes');
const { expressSubject } = require('./support/race-subjects');
const { racesOn, real } = require('./support/races');

describeIndexes(expressSubject());

describe('beside the published connect-dynamodb', () => {
  const Published = connectDynamoDB(session);
  const client = newClient();
  afterAll(() => client.destroy());
  const place = { ...real, newTable: newIndexedTable };
  const races = racesOn(expressSubject(), place);
  const indexes = { user: { value: 'user' } };

  test('its writes take a session out of the index, and the next request brings it back', async () => {
    const options = { indexes, absoluteTtl: 3_600_000 };
    const { browser, sid } = await races.newSession({ user: 'ann' }, options);
    const published = new Published({ table: races.table, client, initialized: true });
    const theirs = await races.newBrowser({}, {}, published);
    for (const [name, value] of browser.cookies) theirs.cookies.set(name, value);
    const { store } = browser;
    const begun = Number((await races.itemOf(sid))._c.N);
    // It reads the session, and a touch keeps the marks.
    expect((await theirs.visit(({ session: found }) => found.user)).body.said).toBe('ann');
    expect(Number((await races.itemOf(sid))._c.N)).toBe(begun);
    expect(await store.sessionsOf('user', 'ann')).toHaveLength(1);
    await theirs.visit(({ session: found }) => Object.assign(found, { cart: 1 }));
    expect(await races.itemOf(sid)).not.toHaveProperty('_c');
    expect(await store.sessionsOf('user', 'ann')).toEqual([]);
    expect(await store.destroyOf('user', 'ann')).toBe(0);
    await browser.visit();
    expect(await races.itemOf(sid)).toHaveProperty('_c');
    expect(await store.sessionsOf('user', 'ann')).toHaveLength(1);
    // A change of ours beside a write of its own.
    await during(
      browser,
      ({ session: found }) => Object.assign(found, { ours: 1 }),
      () => theirs.visit(({ session: found }) => Object.assign(found, { theirs: 1 })),
    );
    expect(await races.stored(sid)).toEqual({ user: 'ann', cart: 1, ours: 1, theirs: 1 });
    expect(await store.sessionsOf('user', 'ann')).toHaveLength(1);
    expect(browser.failures).toEqual([]);
  });
});
