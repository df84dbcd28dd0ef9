'use strict';

/**
 * A Koa app without sessions: what a page costs before any store.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'no-session-koa',
  label: 'Koa without sessions',
  ours: false,
  chart: false,
  format: 'none',
  framework: 'koa',
  operations: [],
  modes: ['app'],
  open: () => ({ store: undefined, close() {} }),
};
