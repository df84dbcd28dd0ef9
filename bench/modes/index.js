'use strict';

const { app } = require('./app');
const { cost } = require('./cost');
const { flood } = require('./flood');
const { canned, latency, local } = require('./loops');
const { memory } = require('./memory');
const { mixed } = require('./mixed');
const { size } = require('./size');
const { start } = require('./start');

/** In the order of their tables. */
const modes = [app, canned, latency, mixed, flood, cost, local, start, memory, size];

module.exports = { modes };
