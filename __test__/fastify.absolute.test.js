'use strict';

/** The option `absoluteTtl` with @fastify/session. */

const { describeAbsoluteEnd } = require('./support/absolute');
const { fastifySubject } = require('./support/race-subjects');

describeAbsoluteEnd(fastifySubject());
