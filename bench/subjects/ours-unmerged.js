'use strict';

const { ourCalls } = require('../lib/ours');

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
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'mixed', 'flood', 'local', 'start', 'memory'],
  async make(target, storeOptions) {
    return ourCalls(target, { batch: false, ...storeOptions });
  },
};
