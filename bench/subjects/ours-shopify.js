'use strict';

const { shopifyCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'ours-shopify',
  label: 'dynamo-session-store/shopify',
  ours: true,
  chart: true,
  format: 'shopify',
  operations: ['get', 'set'],
  modes: ['canned', 'latency', 'local', 'start', 'memory'],
  async make(target) {
    const { DynamoDBSessionStorage } = require('dynamo-session-store/shopify');
    const storage = new DynamoDBSessionStorage({
      sessionTableName: target.table,
      config: { endpoint: target.endpoint, region: REGION, credentials: CREDENTIALS },
    });
    return shopifyCalls(storage, target, () => storage.close());
  },
};
