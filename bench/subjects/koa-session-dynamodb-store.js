'use strict';

const { koaCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'koa-session-dynamodb-store',
  label: 'koa-session-dynamodb-store 1.1.1 (SDK v2)',
  ours: false,
  chart: true,
  format: 'koa',
  operations: ['get', 'set'],
  modes: ['canned', 'latency', 'local', 'start', 'memory'],
  async make(target) {
    const DynamoDBStore = require('koa-session-dynamodb-store');
    const store = new DynamoDBStore({
      table: { name: target.table, autoCreate: false },
      dynamoConfig: { ...CREDENTIALS, endpoint: target.endpoint, region: REGION },
    });
    return koaCalls(store, target, () => {});
  },
};
