'use strict';

const { koaCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/**
 * @param {import('../lib/calls').Place} place
 * @returns {import('../lib/calls').Opened}
 */
function open({ endpoint, table }) {
  const DynamoDBStore = require('dynamo-session-store/koa');
  const dynamoConfig = { endpoint, region: REGION, credentials: CREDENTIALS };
  const store = new DynamoDBStore({ dynamoConfig, table: { name: table } });
  return { store, close: () => store.close() };
}

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'ours-koa',
  label: 'dynamo-session-store/koa',
  ours: true,
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
