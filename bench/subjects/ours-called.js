'use strict';

const { ourCallsWithClient } = require('../lib/ours');

/**
 * Requests go through the client that is passed, and so through the event loop.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'ours-called',
  label: "dynamo-session-store, transport: 'client'",
  ours: true,
  chart: false,
  format: 'connect',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'local', 'start', 'memory'],
  async make(target) {
    return ourCallsWithClient(target, { transport: 'client' });
  },
};
