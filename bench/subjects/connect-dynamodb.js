'use strict';

const { expressCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'connect-dynamodb',
  label: 'connect-dynamodb 3.0.5 (SDK v3)',
  ours: false,
  chart: true,
  format: 'connect',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'mixed', 'local', 'start', 'memory'],
  async make(target) {
    const session = require('express-session');
    const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
    const DynamoDBStore = require('connect-dynamodb')(session);
    const { endpoint, table } = target;
    const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
    const store = new DynamoDBStore({ client, table, initialized: true });
    return expressCalls(store, target, () => client.destroy());
  },
};
