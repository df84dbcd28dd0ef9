'use strict';

/** The option `absoluteTtl` with koa-session. */

const Koa3 = require('koa');
const Koa2 = require('koa2');
const session7 = require('koa-session');
const session6 = require('koa-session-6');
const { describeAbsoluteEnd } = require('./support/absolute');
const { koaSubject } = require('./support/race-subjects');

describe.each([
  ['Koa 3 with koa-session 7', Koa3, session7],
  ['Koa 2 with koa-session 6', Koa2, session6],
])('%s', (_name, Koa, module) => {
  describeAbsoluteEnd(koaSubject(Koa, module));
});
