'use strict';

const { openWithClientV2 } = require('../lib/ours');

const OPTIONS = { transport: 'client' };

/**
 * The same with a client of the SDK v2.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'ours-called-v2',
  label: "dynamo-session-store, transport: 'client', SDK v2",
  ours: true,
  chart: false,
  format: 'connect',
  framework: 'express',
  operations: ['get', 'set', 'touch'],
  modes: ['app'],
  open: (place) => openWithClientV2(place, OPTIONS),
};
