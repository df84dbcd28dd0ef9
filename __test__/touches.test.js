'use strict';

/** Which touches are written, in every framework, with a clock of the tests. */

const Koa3 = require('koa');
const Koa2 = require('koa2');
const session7 = require('koa-session');
const session6 = require('koa-session-6');
const { expressSubject, fastifySubject, koaSubject } = require('./support/race-subjects');
const { describeTouches } = require('./support/touches');

/** A subject on which fewer cases are tried: its store is that of another one. */
const few = (newSubject) => (connection) => ({ ...newSubject(connection), isSlow: true });

describe.each([
  ['express-session', expressSubject],
  ['@fastify/session', few(fastifySubject)],
  ['Koa 3 with koa-session 7', (connection) => koaSubject(Koa3, session7, connection)],
  ['Koa 2 with koa-session 6', few((connection) => koaSubject(Koa2, session6, connection))],
])('%s:', (_framework, newSubject) => describeTouches(newSubject));
