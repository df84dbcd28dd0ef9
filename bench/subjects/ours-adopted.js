'use strict';

const { expressCalls } = require('../lib/calls');
const { openWithClient } = require('../lib/ours');

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
  framework: 'express',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'flood', 'app', 'local', 'start', 'memory'],
  async make(target, storeOptions) {
    return expressCalls(openWithClient(target, storeOptions), target);
  },
  open: (place) => openWithClient(place),
};
