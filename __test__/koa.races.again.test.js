'use strict';

/** A logout and a login in one request: koa-session 5, 6 and 7. */

const Koa3 = require('koa');
const Koa2 = require('koa2');
const session7 = require('koa-session');
const session5 = require('koa-session-5');
const session6 = require('koa-session-6');
const { during } = require('./support/browser');
const { koaSubject } = require('./support/race-subjects');
const { racesOn } = require('./support/races');

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

const CONFLICTS = ['merge', 'overwrite', 'error'];

describe.each([
  ['koa-session 7', Koa3, session7, true],
  ['koa-session 6', Koa2, session6, true],
  ['koa-session 5', Koa2, session5, false],
])('%s', (_name, Koa, module, knowsRequests) => {
  const subject = koaSubject(Koa, module);
  const { newBrowser, newSession, stored } = racesOn(subject);
  const manually = { autoCommit: false };
  const withId = { genid: () => 'the same' };

  /** Has koa-session save or destroy the session at once. */
  const commit = (session) => session.manuallyCommit();

  /** A logout and a login in one request. */
  async function logOutAndIn(visit) {
    const { session } = visit;
    visit.session = null;
    await commit(session);
    visit.session = { user: 'ben' };
    await commit(visit.session);
  }

  describe.each(CONFLICTS)('%s:', (conflict) => {
    test('manuallyCommit: the login is stored', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, { conflict });
      const { cookies } = browser;
      const manual = await newBrowser({ conflict }, manually);
      for (const [name, value] of cookies) manual.cookies.set(name, value);
      await manual.visit(logOutAndIn);
      expect(manual.failures).toEqual([]);
      expect(await stored(sid)).toEqual({ user: 'ben' });
    });

    test('manuallyCommit: the login is stored of a request that has saved before', async () => {
      const browser = await newBrowser({ conflict }, manually);
      const answer = await browser.visit(async (visit) => {
        visit.session.user = 'ann';
        await commit(visit.session);
        await logOutAndIn(visit);
        visit.session.cart = 1;
        await commit(visit.session);
      });
      expect(browser.failures).toEqual([]);
      expect(await stored(subject.sidOf(answer))).toEqual({ user: 'ben', cart: 1 });
    });
  });

  // koa-session 5 has no regenerate(), and does not tell the store of its requests.
  if (!knowsRequests) return;

  describe.each(CONFLICTS)('%s:', (conflict) => {
    test('regenerate() under the same id: the login is stored', async () => {
      const browser = await newBrowser({ conflict }, withId);
      await browser.visit(set({ user: 'ann' }));
      await browser.visit(async (visit) => {
        visit.session.cart = 1;
        await visit.save();
        await visit.regenerate();
        visit.session = { user: 'ben' };
      });
      expect(browser.failures).toEqual([]);
      expect(await stored('the same')).toEqual({ user: 'ben' });
    });
  });

  test('a save that a request does not wait for does not disturb its login', async () => {
    const browser = await newBrowser({}, withId);
    await browser.visit(set({ user: 'ann' }));
    let saved;
    await browser.visit(async (visit) => {
      visit.session.cart = 1;
      saved = visit.save();
      await visit.regenerate();
      visit.session = { user: 'ben' };
    });
    await saved;
    expect(browser.failures).toEqual([]);
    expect(await stored('the same')).toEqual({ user: 'ben' });
  });

  test('a logout of the new session by another request stays one', async () => {
    const browser = await newBrowser({}, manually);
    let sid;
    await browser.visit(async (visit) => {
      visit.session.user = 'ann';
      sid = visit.sid;
      await commit(visit.session);
      await logOutAndIn(visit);
      await visit.store.destroy(sid);
      visit.session.cart = 1;
      await commit(visit.session);
    });
    expect(browser.failures).toEqual([]);
    expect(await stored(sid)).toBeNull();
  });

  test('a page that has the session of before adds nothing to the new one', async () => {
    const browser = await newBrowser({}, withId);
    await browser.visit(set({ user: 'ann' }));
    await during(browser, set({ cart: 1 }), () =>
      browser.visit(async (visit) => {
        await visit.regenerate();
        visit.session = { user: 'ann' };
      }),
    );
    expect(browser.failures).toEqual([]);
    expect(await stored('the same')).toEqual({ user: 'ann' });
  });

  test('a save that failed for ever before the logout is no news to the login', async () => {
    const browser = await newBrowser({}, withId);
    await browser.visit(set({ user: 'ann' }));
    await browser.visit(async (visit) => {
      visit.session.cart = 'x'.repeat(500_000);
      await expect(visit.save()).rejects.toMatchObject({ code: 'ERR_SESSION_TOO_LARGE' });
      visit.session.cart = 1;
      await visit.regenerate();
      visit.session = { user: 'ben' };
    });
    expect(browser.failures).toEqual([]);
    expect(await stored('the same')).toEqual({ user: 'ben' });
  });
});

describe('a store that is called by hand, with the ctx of a request', () => {
  const { newBrowser, stored } = racesOn(koaSubject(Koa3, session7));
  const DAY = 86_400_000;

  test.each(CONFLICTS)('%s: set, destroy and set', async (conflict) => {
    const { store } = await newBrowser({ conflict });
    const of = { ctx: {}, changed: true };
    await store.set('key', { user: 'ann' }, DAY, of);
    await store.destroy('key', of);
    await store.set('key', { user: 'ben' }, DAY, of);
    expect(await stored('key')).toEqual({ user: 'ben' });
    await store.set('key', { user: 'ben', cart: 1 }, DAY, of);
    expect(await stored('key')).toEqual({ user: 'ben', cart: 1 });
    await store.destroy('key');
    await store.set('key', { user: 'ben', cart: 2 }, DAY, of);
    expect(await stored('key')).toBeNull();
  });

  test.each(CONFLICTS)('%s: set, destroy and set without waiting', async (conflict) => {
    const { store } = await newBrowser({ conflict });
    const of = { ctx: {}, changed: true };
    await Promise.all([
      store.set('all', { user: 'ann' }, DAY, of),
      store.destroy('all', of),
      store.set('all', { user: 'ben' }, DAY, of),
      store.set('all', { user: 'ben', cart: 1 }, DAY, of),
    ]);
    expect(await stored('all')).toEqual({ user: 'ben', cart: 1 });
  });

  test('the original that follows an unawaited save is stored', async () => {
    const { store } = await newBrowser();
    const ctx = {};
    await store.set('original', { user: 'ann' }, DAY, { ctx, changed: true });
    const read = { ctx: {} };
    const original = await store.get('original', DAY, read);
    await Promise.all([
      store.set('original', { ...original, cart: 1 }, DAY, { ...read, changed: true }),
      store.set('original', original, DAY, { ...read, changed: false }),
    ]);
    expect(await stored('original')).toEqual({ user: 'ann' });
  });

  test('a new session that another has destroyed stays gone', async () => {
    const { store } = await newBrowser();
    const of = { ctx: {}, changed: true };
    await store.set('new', { user: 'ann' }, DAY, of);
    await store.destroy('new');
    await store.set('new', { user: 'ann', cart: 1 }, DAY, of);
    expect(await stored('new')).toBeNull();
  });
});
