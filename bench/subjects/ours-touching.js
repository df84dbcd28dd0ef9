'use strict';

const { openOurs, ourCalls } = require('../lib/ours');

const OPTIONS = { touchInterval: 0 };

/**
 * Every touch is written.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'ours-touching',
  label: 'dynamo-session-store, touchInterval: 0',
  ours: true,
  chart: false,
  format: 'connect',
  operations: ['get', 'set', 'touch'],
  modes: ['cost'],
  async make(target) {
    return ourCalls(target, OPTIONS);
  },
  open: (place) => openOurs(place, OPTIONS),
};
