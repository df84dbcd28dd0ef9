'use strict';

/** Items that other writers have written as this package does not, in every framework. */

const Koa = require('koa');
const koaSession = require('koa-session');
const { during } = require('./support/browser');
const { putItem } = require('./support/dynamodb');
const { expressSubject, fastifySubject, koaSubject } = require('./support/race-subjects');
const { racesOn } = require('./support/races');

const CONFLICTS = ['merge', 'overwrite', 'error'];

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

const conflictError = expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' });

describe.each([
  ['express-session', expressSubject()],
  ['@fastify/session', fastifySubject()],
  ['koa-session', koaSubject(Koa, koaSession)],
])('%s: a version of somebody else', (_name, subject) => {
  const races = racesOn(subject);
  const { itemOf, newSession, stored } = races;

  describe.each([
    ['a number', { N: '1' }],
    ['nothing', { NULL: true }],
    ['a map', { M: { S: { S: 'a' } } }],
    ['bytes', { B: new Uint8Array([1]) }],
    ['an empty text', { S: '' }],
    ['a text without a dot', { S: 'abc' }],
    ['a text with everything in it', { S: '1;2;é🦀\u0000"\\' }],
    ['a long text', { S: 'a'.repeat(10_000) }],
  ])('that is %s', (_what, version) => {
    /** A session with that version, as a new browser has it. */
    async function newVisitor(conflict) {
      const { browser, sid } = await newSession({ user: 'ann' }, { conflict, touchInterval: 0 });
      await putItem(races.table, { ...(await itemOf(sid)), _v: version });
      return { browser, sid };
    }

    test.each(CONFLICTS)('%s: saves go on', async (conflict) => {
      const { browser, sid } = await newVisitor(conflict);
      await browser.visit();
      for (const cart of [1, 2]) {
        await browser.visit(set({ cart }));
        expect(await stored(sid)).toEqual({ user: 'ann', cart });
      }
      expect(browser.failures).toEqual([]);
    });

    test.each(CONFLICTS)('%s: two requests change it', async (conflict) => {
      const { browser, sid } = await newVisitor(conflict);
      await during(browser, set({ cart: 1 }), () => browser.visit(set({ token: 'abc' })));
      const [expected, failures] = {
        merge: [{ cart: 1, token: 'abc' }, []],
        overwrite: [{ cart: 1 }, []],
        error: [{ token: 'abc' }, [conflictError]],
      }[conflict];
      expect(await stored(sid)).toEqual({ user: 'ann', ...expected });
      expect(browser.failures).toEqual(failures);
    });

    test.each(CONFLICTS)('%s: a logout holds', async (conflict) => {
      const { browser, sid } = await newVisitor(conflict);
      for (const page of [set({ cart: 1 }), () => {}]) {
        await during(browser, page, () => browser.visit((visit) => visit.logOut()));
        expect(await stored(sid)).toBeNull();
      }
      expect(browser.failures).toEqual([]);
    });

    test('it is written while a page has the session', async () => {
      const { browser, sid } = await newSession({ user: 'ann' });
      await during(browser, set({ cart: 1 }), async () => {
        await browser.visit(set({ token: 'abc' }));
        await putItem(races.table, { ...(await itemOf(sid)), _v: version });
      });
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, token: 'abc' });
      expect(browser.failures).toEqual([]);
    });
  });
});

describe.each([
  ['express-session', expressSubject()],
  ['@fastify/session', fastifySubject()],
])('%s: a session as another writer spells it', (_name, subject) => {
  const races = racesOn(subject);
  const { itemOf, newSession, stored } = races;

  /** Puts text of JSON into a session: the keys of an object, without the braces. */
  async function spell(sid, keys) {
    const { _v, ...item } = await itemOf(sid);
    const { cookie } = JSON.parse(item.sess.S);
    const sess = `{"cookie":${JSON.stringify(cookie)},${keys}}`;
    await putItem(races.table, { ...item, sess: { S: sess } });
  }

  test.each([
    ['a number with a fraction of nothing', '"a":1.0', '"a":2.0', 2],
    ['a number that is too exact', '"a":9007199254740993', '"a":9007199254740995', 2 ** 53 + 4],
    ['a number that is too large', '"a":1e400', '"a":1', 1],
    ['a number with a large E', '"a":1E2', '"a":3E2', 300],
    ['a text with escapes', '"a":"\\u0061"', '"a":"\\u0062"', 'b'],
    ['half a surrogate pair', '"a":"\\ud83e"', '"a":"\\ud83f"', '\ud83f'],
    ['a key with escapes', '"\\u0061":1', '"\\u0061":2', 2],
    ['a key that stands there twice', '"a":0,"a":1', '"a":0,"a":2', 2],
    ['a list in spaces', '"a": [ 1.0 ,2 ]', '"a": [ 3.0 ]', [3]],
    ['a map in another order', '"a":{"c":1.0,"b":2}', '"a":{"c":3,"b":2}', { c: 3, b: 2 }],
  ])('%s: a request that has not changed it keeps what others write', async (_what, ...cases) => {
    const [before, after, value] = cases;
    const { browser, sid } = await newSession({ user: 'ann' });
    await spell(sid, before);
    await during(browser, set({ cart: 1 }), () => spell(sid, after));
    expect(await stored(sid)).toEqual({ a: value, cart: 1 });
    await browser.visit(set({ cart: 2 }));
    expect(await stored(sid)).toEqual({ a: value, cart: 2 });
    expect(browser.failures).toEqual([]);
  });

  test('error: what is only spelt differently is a conflict, and the next request has none', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict: 'error' });
    await spell(sid, '"a":1.0');
    await during(browser, set({ cart: 1 }), () => spell(sid, '"a":1'));
    expect(browser.failures.splice(0)).toEqual([conflictError]);
    await browser.visit(set({ cart: 2 }));
    expect(browser.failures).toEqual([]);
    expect(await stored(sid)).toEqual({ a: 1, cart: 2 });
  });

  test.each(['\ud800', '\udc00', '\udc00\ud800', '🦀', 'a"\\b', ''])(
    'two requests change a session with the key %j',
    async (key) => {
      const { browser, sid } = await newSession({ user: 'ann', [key]: 1 });
      await during(browser, set({ cart: 1 }), () => browser.visit(set({ [key]: 2 })));
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, [key]: 2 });
      await during(browser, set({ [key]: 3 }), () => browser.visit(set({ cart: 2 })));
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 2, [key]: 3 });
      expect(browser.failures).toEqual([]);
    },
  );
});
