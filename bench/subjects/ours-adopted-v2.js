'use strict';

const { openWithClientV2 } = require('../lib/ours');

/**
 * The same with a client of the SDK v2.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'ours-adopted-v2',
  label: 'dynamo-session-store, client of SDK v2 passed',
  ours: true,
  chart: false,
  format: 'connect',
  framework: 'express',
  operations: ['get', 'set', 'touch'],
  modes: ['app'],
  open: (place) => openWithClientV2(place),
};
