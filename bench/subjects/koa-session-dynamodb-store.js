'use strict';

const { koaCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/**
 * @param {import('../lib/calls').Place} place
 * @returns {import('../lib/calls').Opened}
 */
function open({ endpoint, table }) {
  const DynamoDBStore = require('koa-session-dynamodb-store');
  const store = new DynamoDBStore({
    table: { name: table, autoCreate: false },
    dynamoConfig: { ...CREDENTIALS, endpoint, region: REGION },
  });
  return { store, close() {} };
}

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'koa-session-dynamodb-store',
  label: 'koa-session-dynamodb-store 1.1.1 (SDK v2)',
  ours: false,
  chart: true,
  format: 'koa',
  framework: 'koa',
  operations: ['get', 'set'],
  modes: ['canned', 'latency', 'cost', 'app', 'local', 'start', 'memory'],
  async make(target) {
    return koaCalls(open(target), target);
  },
  open,
};
