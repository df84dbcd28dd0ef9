'use strict';

const { ourCallsWithClient } = require('../lib/ours');

/**
 * A client is passed, as apps that come from connect-dynamodb do; requests leave from the addon.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'ours-adopted',
  label: 'dynamo-session-store, client passed',
  ours: true,
  chart: false,
  format: 'connect',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'flood', 'local', 'start', 'memory'],
  async make(target, storeOptions) {
    return ourCallsWithClient(target, storeOptions);
  },
};
