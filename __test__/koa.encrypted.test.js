'use strict';

/** Encrypted sessions that koa-session touches: their end is beside them, because a touch cannot change it inside. */

const Koa3 = require('koa');
const Koa2 = require('koa2');
const session7 = require('koa-session');
const session6 = require('koa-session-6');
const { newClock } = require('./support/clock');
const { racesOn } = require('./support/races');
const { koaSubject } = require('./support/race-subjects');

const MINUTE = 60_000;
const encryption = { keys: [Buffer.alloc(32, 7).toString('base64')] };

describe.each([
  ['Koa 3 with koa-session 7', Koa3, session7],
  ['Koa 2 with koa-session 6', Koa2, session6],
])('%s', (_name, Koa, module) => {
  const clock = newClock();
  const subject = koaSubject(Koa, module);
  const { newSession } = racesOn(subject);

  test.each([
    [{ encryption }],
    [{ encryption, absoluteTtl: 365 * 24 * 60 * MINUTE, indexes: { user: { value: 'user' } } }],
  ])('a session in use lives on: %#', async (options) => {
    const lasting = { ...subject.lasting(60 * MINUTE), rolling: true };
    const { browser } = await newSession({ user: 'ann' }, options, lasting);
    const user = async () => (await browser.visit(({ session }) => session.user)).body.said;
    for (let view = 1; view <= 6; view += 1) {
      clock.advance(20 * MINUTE);
      expect([view, await user()]).toEqual([view, 'ann']);
    }
    clock.advance(60 * MINUTE + 1);
    expect(await user()).toBeUndefined();
    expect(browser.failures).toEqual([]);
  });
});
