'use strict';

/** What a request saves more than once: @fastify/session. */

const { fastifySubject } = require('./support/race-subjects');
const { describeSaves } = require('./support/saves');

describeSaves(fastifySubject, 'express');
