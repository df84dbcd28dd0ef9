'use strict';

/** How long sessions last that several requests use at the same time: @fastify/session. */

const { describeLifetimes } = require('./support/lifetimes');
const { fastifySubject } = require('./support/race-subjects');
const { describeRemade } = require('./support/remade');

const subject = fastifySubject();

describe('sessions that end', () => describeLifetimes(subject));
describe('sessions that are made again under their id', () => describeRemade(subject));
