'use strict';

/**
 * An Express app without sessions: what a page costs before any store.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'no-session',
  label: 'Express without sessions',
  ours: false,
  chart: true,
  format: 'none',
  framework: 'express',
  operations: [],
  modes: ['app'],
  open: () => ({ store: undefined, close() {} }),
};
