'use strict';

/** People who log in and out in one session while pages have it, in every framework. */

const Koa = require('koa');
const koaSession = require('koa-session');
const { describeLogins } = require('./support/logins');
const { expressSubject, fastifySubject, koaSubject } = require('./support/race-subjects');

describe('express-session', () => describeLogins(expressSubject()));
describe('@fastify/session', () => describeLogins(fastifySubject()));
describe('koa-session', () => describeLogins(koaSubject(Koa, koaSession)));
