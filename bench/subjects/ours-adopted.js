'use strict';

const { expressCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/**
 * A client is passed, as apps that come from connect-dynamodb do; requests leave from the addon.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'ours-adopted',
  label: 'dynamo-session-store, client passed',
  ours: true,
  chart: false,
  format: 'connect',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'local', 'start', 'memory'],
  async make(target) {
    const session = require('express-session');
    const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
    const DynamoDBStore = require('../..')(session);
    const { endpoint, table } = target;
    const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
    const store = new DynamoDBStore({ client, table, initialized: true });
    return expressCalls(store, target, async () => {
      await store.close();
      client.destroy();
    });
  },
};
