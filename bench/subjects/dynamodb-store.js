'use strict';

const { expressCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'dynamodb-store',
  label: 'dynamodb-store 1.2.0 (SDK v2)',
  ours: false,
  chart: true,
  format: 'dynamodb-store',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'local', 'start', 'memory'],
  async make(target) {
    const DynamoDBStore = require('dynamodb-store');
    const store = new DynamoDBStore({
      table: { name: target.table },
      dynamoConfig: { ...CREDENTIALS, endpoint: target.endpoint, region: REGION },
    });
    // It looks for its table at construction, and no call waits for that.
    return expressCalls(store, target, () => {});
  },
};
