'use strict';

/**
 * Every store that is measured, in the order of the tables.
 *
 * @type {readonly import('../lib/calls').Subject[]}
 */
const subjects = [
  require('./no-session'),
  require('./memory-store'),
  require('./no-session-koa'),
  require('./connect-dynamodb'),
  require('./dynamodb-store'),
  require('./koa-session-dynamodb-store'),
  require('./shopify'),
  require('./connect-redis'),
  require('./ours'),
  require('./ours-adopted'),
  require('./ours-adopted-v2'),
  require('./ours-called'),
  require('./ours-called-v2'),
  require('./ours-unmerged'),
  require('./ours-touching'),
  require('./ours-koa'),
  require('./ours-shopify'),
  require('./napi-noop'),
];

/** What the stores of a framework are compared with, where they are compared by that. */
const BASELINES = { express: 'connect-dynamodb', koa: 'koa-session-dynamodb-store' };

/** What all are compared with elsewhere. */
const BASELINE = BASELINES.express;

module.exports = { BASELINE, BASELINES, subjects };
