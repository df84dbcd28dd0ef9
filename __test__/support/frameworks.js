'use strict';

/** The stores of each framework, as `sequences.js` uses them. */

const { FIRST_END } = require('./sequences');

const endOf = (number) => new Date((FIRST_END + number) * 1000);

/** @type {import('./sequences').Framework} */
const express = {
  kinds: ['get', 'set', 'touch', 'destroy'],
  id: (sid) => `sess:${sid}`,
  numberOf: (item) => JSON.parse(item.sess.S).number,
  writesEnds: true,
  async ask(store, kind, sid, number) {
    const session = { number, cookie: { expires: endOf(number) } };
    if (kind === 'get') return (await store.get(sid))?.number ?? null;
    if (kind === 'set') return store.set(sid, session);
    if (kind === 'touch') return (await store.touch(sid, session)) !== undefined;
    return store.destroy(sid);
  },
};

/** @type {import('./sequences').Framework} */
const koa = {
  kinds: ['get', 'set', 'destroy'],
  id: (sid) => sid,
  numberOf: (item) => Number(item.session.M.number.N),
  async ask(store, kind, sid, number) {
    if (kind === 'get') return (await store.get(sid))?.number ?? null;
    if (kind === 'set') return store.set(sid, { number }, 3_600_000);
    return store.destroy(sid);
  },
};

/** @type {import('./sequences').Framework} */
const shopify = {
  kinds: ['get', 'set', 'destroy', 'destroyMany'],
  id: (sid) => sid,
  numberOf: (item) => Number(item.state.S),
  async ask(storage, kind, id, number) {
    if (kind === 'get') return Number((await storage.loadSession(id))?.state ?? null) || null;
    if (kind === 'set') {
      return storage.storeSession({ id, shop: 'a', state: String(number), isOnline: false });
    }
    if (kind === 'destroy') return storage.deleteSession(id);
    return storage.deleteSessions([`${id}-first`, id, `${id}-last`]);
  },
};

module.exports = { express, koa, shopify };
