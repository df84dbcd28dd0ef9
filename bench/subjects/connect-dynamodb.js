'use strict';

const { expressCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/**
 * @param {import('../lib/calls').Place} place
 * @returns {import('../lib/calls').Opened}
 */
function open({ endpoint, table }) {
  const session = require('express-session');
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const DynamoDBStore = require('connect-dynamodb')(session);
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const store = new DynamoDBStore({ client, table, initialized: true });
  return { store, close: () => client.destroy() };
}

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'connect-dynamodb',
  label: 'connect-dynamodb 3.0.5 (SDK v3)',
  ours: false,
  chart: true,
  format: 'connect',
  framework: 'express',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'mixed', 'cost', 'app', 'local', 'start', 'memory'],
  async make(target) {
    return expressCalls(open(target), target);
  },
  open,
};
