'use strict';

/**
 * The store in memory that comes with express-session: no other process, and no waiting.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'memory-store',
  label: 'MemoryStore of express-session',
  ours: false,
  chart: true,
  format: 'memory',
  framework: 'express',
  operations: [],
  modes: ['app'],
  open() {
    const { MemoryStore } = require('express-session');
    return { store: new MemoryStore(), close() {} };
  },
};
