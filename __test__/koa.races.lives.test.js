'use strict';

/** How long sessions last that several requests use at the same time: koa-session. */

const Koa3 = require('koa');
const Koa2 = require('koa2');
const session7 = require('koa-session');
const session6 = require('koa-session-6');
const { describeLifetimes } = require('./support/lifetimes');
const { koaSubject } = require('./support/race-subjects');
const { describeRemade } = require('./support/remade');

describe.each([
  ['Koa 3 with koa-session 7', Koa3, session7],
  ['Koa 2 with koa-session 6', Koa2, session6],
])('%s', (_name, Koa, module) => {
  const subject = koaSubject(Koa, module);
  describe('sessions that end', () => describeLifetimes(subject));
  describe('sessions that are made again under their id', () => describeRemade(subject));
});
