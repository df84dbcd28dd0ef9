'use strict';

const { expressCalls } = require('../lib/calls');
const { openWithClient } = require('../lib/ours');

const OPTIONS = { transport: 'client' };

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
  framework: 'express',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'app', 'local', 'start', 'memory'],
  async make(target) {
    return expressCalls(openWithClient(target, OPTIONS), target);
  },
  open: (place) => openWithClient(place, OPTIONS),
};
