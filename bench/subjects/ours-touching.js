'use strict';

const { expressCalls } = require('../lib/calls');
const { openOurs } = require('../lib/ours');

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
  chart: true,
  format: 'connect',
  framework: 'express',
  operations: ['get', 'set', 'touch'],
  modes: ['cost', 'app'],
  async make(target) {
    return expressCalls(openOurs(target, OPTIONS), target);
  },
  open: (place) => openOurs(place, OPTIONS),
};
