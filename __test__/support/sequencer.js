'use strict';

/**
 * The order in which Jest runs the test files: those that take longest come first. Jest goes by the times
 * of its last run, and without these by the sizes of files. But the longest are small files that run a
 * large suite of `support/`: one that begins last has all cores but its own wait for it.
 */

const { basename } = require('node:path');
const { default: TestSequencer } = require('@jest/test-sequencer');

/** Files that take more than ten seconds, those that take longest first. */
const LONG = [
  'outages',
  'races.ways',
  'express.touch.parity',
  'order',
  'aws.throttling',
  'outages.probe',
  'koa.races',
  'pending',
  'order.frameworks',
  'order.table',
  'order.http',
  'express.contract',
  'koa.contract',
  'shopify.contract',
].map((name) => `${name}.test.js`);

/** @param {{ path: string }} test */
function rank({ path }) {
  const place = LONG.indexOf(basename(path));
  return place === -1 ? LONG.length : place;
}

module.exports = class extends TestSequencer {
  /** @param {any[]} tests */
  sort(tests) {
    // The sort is stable: all others stay in Jest's order.
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
};
