'use strict';

/** The option `indexes` with koa-session. */

const Koa3 = require('koa');
const session7 = require('koa-session');
const { describeIndexes } = require('./support/indexes');
const { koaSubject } = require('./support/race-subjects');

describeIndexes(koaSubject(Koa3, session7));
