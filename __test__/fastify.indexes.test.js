'use strict';

/** The option `indexes` with @fastify/session. */

const { describeIndexes } = require('./support/indexes');
const { fastifySubject } = require('./support/race-subjects');

describeIndexes(fastifySubject());
