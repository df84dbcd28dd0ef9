'use strict';

const { shopifyCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'shopify',
  label: "Shopify's DynamoDB storage 8 (SDK v3)",
  ours: false,
  chart: true,
  format: 'shopify',
  operations: ['get', 'set'],
  modes: ['canned', 'latency', 'local', 'start', 'memory'],
  async make(target) {
    const { DynamoDBSessionStorage } = require('@shopify/shopify-app-session-storage-dynamodb');
    const storage = new DynamoDBSessionStorage({
      sessionTableName: target.table,
      config: { endpoint: target.endpoint, region: REGION, credentials: CREDENTIALS },
    });
    return shopifyCalls(storage, target, () => {});
  },
};
