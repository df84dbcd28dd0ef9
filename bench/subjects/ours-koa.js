'use strict';

const { koaCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'ours-koa',
  label: 'dynamo-session-store/koa',
  ours: true,
  chart: true,
  format: 'koa',
  operations: ['get', 'set'],
  modes: ['canned', 'latency', 'local', 'start', 'memory'],
  async make(target) {
    const DynamoDBStore = require('../../koa');
    const { endpoint, table } = target;
    const dynamoConfig = { endpoint, region: REGION, credentials: CREDENTIALS };
    const store = new DynamoDBStore({ dynamoConfig, table: { name: table } });
    return koaCalls(store, target, () => store.close());
  },
};
