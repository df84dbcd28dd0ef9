'use strict';

/** Which touches are written, and when a session ends: express-session, with a clock of the tests. */

const { DynamoDBStore } = require('..');
const { newClock } = require('./support/clock');
const { dynamoConfig, putItem } = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');
const { racesOn } = require('./support/races');
const { expressSubject } = require('./support/race-subjects');

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

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
const races = racesOn(expressSubject(connection));
const { itemOf, newBrowser, newSession, stored } = races;

/** Whether the operations since the last look have a touch; a session is read in each request. */
function wasTouched() {
  const [read, ...rest] = proxy.operations();
  expect(read).toBe('GetItem');
  if (rest.length > 0) expect(rest).toEqual(['UpdateItem']);
  return rest.length > 0;
}

/** A browser that has logged in, with a cookie of an hour unless told otherwise. */
async function logIn(options, { maxAge = HOUR, ...appOptions } = {}) {
  const how = [options, { cookie: { maxAge }, ...appOptions }];
  const { browser, sid } = await newSession({ user: 'ann' }, ...how);
  proxy.operations();
  return { browser, sid };
}

/** The end of a session as the table has it, in milliseconds. */
const endOf = async (sid) => Number((await itemOf(sid)).expires.N) * SECOND;

describe('touchInterval', () => {
  test('a session ends when the table says so, to the second', async () => {
    const { browser, sid } = await logIn();
    clock.advance(3 * MINUTE - SECOND);
    await browser.visit();
    expect(wasTouched()).toBe(false);
    clock.set(clock.start + HOUR - 1);
    expect(await browser.store.get(sid)).toMatchObject({ user: 'ann' });
    clock.set(clock.start + HOUR);
    expect(await browser.store.get(sid)).toBeNull();
    expect((await browser.visit()).body.session).not.toHaveProperty('user');
  });

  test('a session that is touched in time ends no later than its cookie', async () => {
    const { browser, sid } = await logIn();
    clock.advance(3 * MINUTE);
    await browser.visit();
    expect(wasTouched()).toBe(true);
    clock.set(clock.start + 3 * MINUTE + HOUR - 1);
    expect(await browser.store.get(sid)).toMatchObject({ user: 'ann' });
    clock.set(clock.start + 3 * MINUTE + HOUR);
    expect(await browser.store.get(sid)).toBeNull();
  });

  test('an end that moves to an earlier second is always written', async () => {
    let ttl = HOUR;
    const { browser, sid } = await logIn({ touchInterval: HOUR, ttl: () => ttl }, { maxAge: null });
    for (const earlier of [SECOND, MINUTE, 50 * MINUTE]) {
      ttl = HOUR - earlier;
      await browser.visit();
      expect(wasTouched()).toBe(true);
      expect(await endOf(sid)).toBe(clock.now + ttl);
      await browser.visit();
      expect(wasTouched()).toBe(false);
    }
    // Back again: that is later.
    ttl = HOUR - 49 * MINUTE;
    await browser.visit();
    expect(wasTouched()).toBe(false);
  });

  test('a touch is written where the table has no end', async () => {
    const { browser, sid } = await logIn({ touchInterval: HOUR });
    const { expires, ...item } = await itemOf(sid);
    await putItem(races.table, item);
    await browser.visit();
    expect(wasTouched()).toBe(true);
    expect(await endOf(sid)).toBe(clock.now + HOUR);
  });

  test('a save counts as a touch', async () => {
    const { browser, sid } = await logIn();
    clock.advance(2 * MINUTE);
    await browser.visit(async (visit) => {
      visit.session.cart = 1;
      visit.session.touch();
      await visit.save();
      clock.advance(2 * MINUTE);
    });
    // The touch at the end of the request counts from its save.
    expect(proxy.operations()).toEqual(['GetItem', 'PutItem']);
    expect(await endOf(sid)).toBe(clock.start + 2 * MINUTE + HOUR);
  });
});

describe('the callback of touch', () => {
  /** Touches in the middle of a request, and gives what the callback gets. */
  const touch = (visit) =>
    new Promise((resolve, reject) => {
      visit.session.touch();
      visit.store.touch(visit.sid, visit.session, (error, value) =>
        error ? reject(error) : resolve(value ?? 'nothing'),
      );
    });

  test('gets the end that holds: the old one of a touch that is not written', async () => {
    const { browser } = await logIn();
    clock.advance(MINUTE);
    const { body } = await browser.visit(touch);
    expect(body.said).toEqual({ expires: (clock.start + HOUR) / SECOND });
    expect(wasTouched()).toBe(false);
  });

  test('gets the end that holds: the new one of a touch that is written', async () => {
    const { browser } = await logIn();
    clock.advance(3 * MINUTE);
    const { body } = await browser.visit(touch);
    expect(body.said).toEqual({ expires: (clock.now + HOUR) / SECOND });
    expect(wasTouched()).toBe(true);
  });

  test('gets the end that holds: of a cookie with another lifetime', async () => {
    const { browser } = await logIn();
    const { body } = await browser.visit((visit) => {
      visit.session.cookie.maxAge = 2 * HOUR;
      return touch(visit);
    });
    expect(body.said).toEqual({ expires: (clock.now + 2 * HOUR) / SECOND });
  });

  test.each([
    ['with the same lifetime', HOUR],
    ['with another lifetime', 2 * HOUR],
  ])('gets nothing where the session is gone: a cookie %s', async (_what, maxAge) => {
    const { browser, sid } = await logIn({ touchInterval: 0 });
    const { body } = await browser.visit(async (visit) => {
      await visit.store.destroy(sid);
      visit.session.cookie.maxAge = maxAge;
      return touch(visit);
    });
    expect(body.said).toBe('nothing');
    expect(await stored(sid)).toBeNull();
  });
});

describe('a save without a change', () => {
  test.each([
    ['resave', { resave: true }],
    ['rolling', { rolling: true }],
    ['resave and rolling', { resave: true, rolling: true }],
  ])('%s: is a touch', async (_which, appOptions) => {
    const { browser, sid } = await logIn({}, appOptions);
    const before = await itemOf(sid);
    clock.advance(3 * MINUTE - SECOND);
    const { headers } = await browser.visit();
    expect(Boolean(headers['set-cookie'])).toBe(Boolean(appOptions.rolling));
    expect(wasTouched()).toBe(false);
    expect(await itemOf(sid)).toEqual(before);
    clock.advance(SECOND);
    await browser.visit();
    expect(wasTouched()).toBe(true);
    expect(await itemOf(sid)).toEqual({
      ...before,
      expires: { N: String((clock.now + HOUR) / SECOND) },
      _e: { N: String(clock.now + HOUR) },
    });
    await browser.visit(({ session }) => Object.assign(session, { cart: 1 }));
    expect(proxy.operations()).toEqual(['GetItem', 'PutItem']);
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
  });

  test('is one whatever the session holds', async () => {
    const { browser } = await logIn({}, { resave: true });
    const cookie = { expires: 'never', text: '"cookie":{"expires":"2030-01-01T00:00:00.000Z"}' };
    const keys = { nested: { cookie, list: [{ expires: null }] }, 'é ✓': 1e21, expires: 'x' };
    await browser.visit(({ session }) => Object.assign(session, keys));
    proxy.operations();
    await browser.visit();
    expect(wasTouched()).toBe(false);
    // What looks like the end of the cookie is none.
    await browser.visit(({ session }) => {
      session.nested.cookie.expires = 'later';
    });
    expect(proxy.operations()).toEqual(['GetItem', 'PutItem']);
    await browser.visit(({ session }) => {
      session.expires = 'y';
    });
    expect(proxy.operations()).toEqual(['GetItem', 'PutItem']);
  });

  test.each([
    ['resave: false', {}],
    ['resave: true', { resave: true }],
  ])('%s: a millisecond that passes meanwhile is no change', async (_which, appOptions) => {
    const { browser, sid } = await logIn({}, appOptions);
    const { _v: version } = await itemOf(sid);
    // express-session looks at the clock twice when it gives a cookie its lifetime anew.
    clock.tick();
    await browser.visit();
    expect(wasTouched()).toBe(false);
    clock.advance(3 * MINUTE);
    await browser.visit();
    expect(wasTouched()).toBe(true);
    expect((await itemOf(sid))._v).toEqual(version);
  });

  test('by req.session.save is one too', async () => {
    const { browser } = await logIn();
    await browser.visit((visit) => visit.save());
    expect(wasTouched()).toBe(false);
  });

  test('of a new session is written', async () => {
    const browser = await newBrowser({}, { saveUninitialized: true });
    await browser.visit();
    expect(proxy.operations()).toEqual(['PutItem']);
  });
});

test('the options can be read', () => {
  const store = new DynamoDBStore({ touchInterval: 5000, conflict: 'error' });
  expect(store).toMatchObject({ touchInterval: 5000, conflict: 'error' });
  expect(new DynamoDBStore()).toMatchObject({ touchInterval: 'auto', conflict: 'merge' });
});
