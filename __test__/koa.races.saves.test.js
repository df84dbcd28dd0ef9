'use strict';

/** Requests that save their session more than once: koa-session, and a store with the `ctx` of one. */

const Koa3 = require('koa');
const Koa2 = require('koa2');
const session7 = require('koa-session');
const session6 = require('koa-session-6');
const { racesOn } = require('./support/races');
const { koaSubject } = require('./support/race-subjects');

const MINUTE = 60_000;

describe.each([
  ['Koa 3 with koa-session 7', Koa3, session7],
  ['Koa 2 with koa-session 6', Koa2, session6],
])('%s', (_name, Koa, module) => {
  const { newBrowser, newSession, stored } = racesOn(koaSubject(Koa, module));

  test('takes back what it has saved first, without waiting for that', async () => {
    // With it, koa-session saves the session at the end too, and says that nothing was changed.
    const { browser, sid } = await newSession({ step: 'idle' }, {}, { rolling: true });
    let saved;
    await browser.visit(({ session }) => {
      session.step = 'working';
      saved = session.manuallyCommit();
      session.step = 'idle';
    });
    await saved;
    expect(await stored(sid)).toEqual({ step: 'idle' });
    expect(browser.failures).toEqual([]);
  });

  test.each(['merge', 'overwrite', 'error'])(
    '%s: a new session that is destroyed between its saves stays gone',
    async (conflict) => {
      const browser = await newBrowser({ conflict });
      const { body } = await browser.visit(async (visit) => {
        visit.session.user = 'ann';
        await visit.save();
        await browser.store.destroy(visit.sid, { ctx: {} });
        visit.session.visits = 1;
      });
      expect(await stored(body.sid)).toBeNull();
      expect(browser.failures).toEqual([]);
    },
  );
});

describe('a store that is told of the request', () => {
  const races = racesOn(koaSubject(Koa3, session7));
  const { stored } = races;
  const stores = [];
  afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));

  function open(options) {
    const store = koaSubject(Koa3, session7).newStore(races.table, options);
    stores.push(store);
    return store;
  }

  describe.each(['merge', 'overwrite', 'error'])('%s:', (conflict) => {
    test('the session as it was read is written over a save that nobody awaits', async () => {
      const store = open({ conflict });
      const key = `${conflict}-back`;
      await store.set(key, { step: 'idle' }, MINUTE);
      const ctx = {};
      const read = await store.get(key, MINUTE, { ctx });
      const saves = [
        store.set(key, { step: 'working' }, MINUTE, { ctx, changed: true }),
        store.set(key, read, MINUTE, { ctx, changed: false }),
      ];
      await Promise.all(saves);
      expect(await stored(key)).toEqual({ step: 'idle' });
    });

    test.each([
      ['awaits', true],
      ['does not await', false],
    ])(
      'a new session whose first save it %s is destroyed by another: it stays gone',
      async (_what, waits) => {
        const store = open({ conflict });
        const other = open();
        const key = `${conflict}-gone-${waits}`;
        const ctx = {};
        const saved = store.set(key, { user: 'ann' }, MINUTE, { ctx, changed: true });
        if (waits) await saved;
        await other.destroy(key, { ctx: {} });
        await store.set(key, { user: 'ann', visits: 1 }, MINUTE, { ctx, changed: true });
        await saved;
        expect(await stored(key)).toBeNull();
      },
    );
  });
});
