'use strict';

/** A request that saves its session while another one has it, in every framework. */

const Koa3 = require('koa');
const Koa2 = require('koa2');
const session7 = require('koa-session');
const session6 = require('koa-session-6');
const { describeMerges } = require('./support/merges');
const { expressSubject, fastifySubject, koaSubject } = require('./support/race-subjects');

describe.each([
  ['express-session', expressSubject()],
  ['@fastify/session', fastifySubject()],
  ['Koa 3 with koa-session 7', koaSubject(Koa3, session7)],
  ['Koa 2 with koa-session 6', koaSubject(Koa2, session6)],
])('%s:', (_framework, subject) => describeMerges(subject));
