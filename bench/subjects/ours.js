'use strict';

const { expressCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'ours',
  label: 'dynamo-session-store',
  ours: true,
  chart: true,
  format: 'connect',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'local', 'start', 'memory'],
  async make(target) {
    const DynamoDBStore = require('../..')(require('express-session'));
    const { endpoint, table } = target;
    const dynamoConfig = { endpoint, region: REGION, credentials: CREDENTIALS };
    const store = new DynamoDBStore({
      dynamoConfig,
      table,
      initialized: true,
      ...(process.env.TH && { batchThreshold: Number(process.env.TH) }),
    });
    return expressCalls(store, target, () => store.close());
  },
};
