'use strict';

/** The option `absoluteTtl` with express-session. */

const express = require('express');
const session = require('express-session');
const request = require('supertest');
const { describeAbsoluteEnd } = require('./support/absolute');
const { newClock } = require('./support/clock');
const { newTable, setExpires } = require('./support/dynamodb');
const { racesOn } = require('./support/races');
const { expressSubject } = require('./support/race-subjects');

describeAbsoluteEnd(expressSubject());

describe('beyond requests', () => {
  const clock = newClock();
  const { newSession, stored } = racesOn(expressSubject());
  const HOUR = 3_600_000;

  test('all(), ids(), length() and reap() take the session for ended', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, { absoluteTtl: HOUR });
    const { store } = browser;
    // An end that another writer has set.
    await setExpires(store.table, `sess:${sid}`, Math.floor((clock.now + 100 * HOUR) / 1000));
    clock.advance(HOUR - 1);
    expect(await store.ids()).toEqual([sid]);
    expect(await store.reap()).toBe(0);
    clock.advance(1);
    expect([await store.all(), await store.ids(), await store.length()]).toEqual([[], [], 0]);
    expect(await store.reap()).toBe(1);
    expect(await stored(sid)).toBeNull();
  });

  test('a response that is sent before the session is saved has the limited cookie too', async () => {
    const store = expressSubject().newStore(await newTable(), { absoluteTtl: HOUR });
    const app = express();
    const cookie = { maxAge: 8 * HOUR };
    app.use(session({ store, secret: 'a', resave: false, saveUninitialized: true, cookie }));
    app.get('/', (incoming, response) => {
      const { cookie: own } = incoming.session;
      response.write(JSON.stringify({ maxAge: own.maxAge, originalMaxAge: own.originalMaxAge }));
      response.end();
    });
    const first = await request(app).get('/');
    const [line] = first.headers['set-cookie'];
    expect(Date.parse(line.match(/Expires=([^;]+)/)[1])).toBe(clock.now + HOUR);
    expect(JSON.parse(first.text)).toEqual({ maxAge: HOUR, originalMaxAge: 8 * HOUR });
    clock.advance(HOUR / 2);
    const { text } = await request(app).get('/').set('cookie', line.split(';')[0]);
    expect(JSON.parse(text)).toEqual({ maxAge: HOUR / 2, originalMaxAge: 8 * HOUR });
    await store.close();
  });
});
