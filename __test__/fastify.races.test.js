'use strict';

/** Requests of @fastify/session that use one session at the same time, and what they write. */

const { EventEmitter } = require('node:events');
const { Store } = require('express-session');
const { during } = require('./support/browser');
const { newClock } = require('./support/clock');
const { dynamoConfig } = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');
const { fastifySubject } = require('./support/race-subjects');
const { describeRaces, racesOn } = require('./support/races');

const HOUR = 3_600_000;
const MINUTE = 60_000;

let proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());

describeRaces(fastifySubject());

const connection = () => ({ dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint } });

describe.each([
  ['EventEmitter', EventEmitter],
  ["express-session's Store", Store],
])('a store on %s', (_name, base) => {
  const clock = newClock();
  const { itemOf, newSession, stored } = racesOn(fastifySubject(connection, base));

  /** A browser that has logged in, with a cookie of an hour. */
  async function logIn(options, appOptions) {
    const how = [options, { cookie: { maxAge: HOUR }, ...appOptions }];
    const { browser, sid } = await newSession({ user: 'ann' }, ...how);
    proxy.operations();
    return { browser, sid };
  }

  test('a view that changes nothing is read, and not written', async () => {
    const { browser } = await logIn();
    for (let view = 0; view < 3; view += 1) {
      clock.advance(30_000);
      expect((await browser.visit()).body.session).toMatchObject({ user: 'ann' });
      expect(proxy.operations()).toEqual(['GetItem']);
    }
  });

  test('the end of a session is moved where touchInterval says so', async () => {
    const { browser, sid } = await logIn();
    clock.advance(3 * MINUTE);
    await browser.visit();
    expect(proxy.operations()).toEqual(['GetItem', 'UpdateItem']);
    expect(Number((await itemOf(sid)).expires.N)).toBe((clock.now + HOUR) / 1000);
    expect((await browser.visit()).body.session.cookie).toMatchObject({ originalMaxAge: HOUR });
  });

  test('a change is written once, on the condition that the session is as it was', async () => {
    const { browser, sid } = await logIn();
    await browser.visit(({ session }) => Object.assign(session, { cart: 1 }));
    const written = proxy.answered.find(({ operation }) => operation === 'PutItem');
    expect(written.body).toHaveProperty('ConditionExpression');
    expect(proxy.operations()).toEqual(['GetItem', 'PutItem']);
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
  });

  test('a session that the store destroys in a handler stays destroyed', async () => {
    const { browser, sid } = await logIn();
    await browser.visit(({ store, session }) => {
      session.cart = 1;
      return store.destroy(sid);
    });
    expect(await stored(sid)).toBeNull();
  });

  test('a logout holds while a page that changes nothing is loading', async () => {
    const { browser, sid } = await logIn({ touchInterval: 0 });
    await during(
      browser,
      () => {},
      () => browser.visit((visit) => visit.logOut()),
    );
    expect(await stored(sid)).toBeNull();
  });

  test('a new session that is saved twice knows its first save', async () => {
    const { browser } = await logIn();
    browser.cookies.clear();
    const { body } = await browser.visit(async (visit) => {
      visit.session.one = 1;
      await visit.save();
      // Another process logs it out.
      await visit.store.destroy(visit.sid);
      visit.session.two = 2;
      await visit.save();
    });
    expect(await stored(body.sid)).toBeNull();
  });

  test('what carries the knowledge of a request is neither stored nor sent', async () => {
    const { browser, sid } = await logIn();
    const { body } = await browser.visit(({ session }) => Object.assign(session, { cart: 1 }));
    expect(Object.keys(body.session)).toEqual(['cookie', 'user', 'cart']);
    expect(Object.keys(JSON.parse((await itemOf(sid)).sess.S))).toEqual(['cookie', 'user', 'cart']);
  });
});
