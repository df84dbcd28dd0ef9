'use strict';

const { openOurs, ourCalls } = require('../lib/ours');

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'ours',
  label: 'dynamo-session-store',
  ours: true,
  chart: true,
  format: 'connect',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'mixed', 'flood', 'cost', 'local', 'start', 'memory'],
  async make(target, storeOptions) {
    return ourCalls(target, storeOptions);
  },
  open: (place) => openOurs(place),
};
