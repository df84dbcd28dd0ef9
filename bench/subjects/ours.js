'use strict';

const { expressCalls } = require('../lib/calls');
const { openOurs } = require('../lib/ours');

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'ours',
  label: 'dynamo-session-store',
  ours: true,
  chart: true,
  format: 'connect',
  framework: 'express',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'mixed', 'flood', 'cost', 'app', 'local', 'start', 'memory'],
  async make(target, storeOptions) {
    return expressCalls(openOurs(target, storeOptions), target);
  },
  open: (place) => openOurs(place),
};
