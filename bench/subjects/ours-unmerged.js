'use strict';

const { expressCalls } = require('../lib/calls');
const { openOurs } = require('../lib/ours');

const OPTIONS = { batch: false };

/**
 * Without batches: one request for each operation.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'ours-unmerged',
  label: 'dynamo-session-store, batch: false',
  ours: true,
  chart: false,
  format: 'connect',
  framework: 'express',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'mixed', 'flood', 'app', 'local', 'start', 'memory'],
  async make(target, storeOptions) {
    return expressCalls(openOurs(target, { ...OPTIONS, ...storeOptions }), target);
  },
  open: (place) => openOurs(place, OPTIONS),
};
