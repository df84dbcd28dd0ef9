'use strict';

const { app } = require('./app');
const { big } = require('./big');
const { cost } = require('./cost');
const { events } = require('./events');
const { flood } = require('./flood');
const { canned, latency, local } = require('./loops');
const { memory } = require('./memory');
const { mixed } = require('./mixed');
const { outage } = require('./outage');
const { size } = require('./size');
const { soak } = require('./soak');
const { start } = require('./start');
const { throttling } = require('./throttling');
const { waiting } = require('./waiting');

/** The parts of the benchmark, in the order of their tables. */
const modes = [
  ...[app, canned, latency, mixed, flood, cost, local, start, memory, size],
  ...[big, events, outage, soak, throttling, waiting],
];

module.exports = { modes };
