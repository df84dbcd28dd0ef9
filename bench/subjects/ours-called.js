'use strict';

const { expressCalls, madeWith } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/**
 * Requests go through the client that is passed, and so through the event loop.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'ours-called',
  label: "dynamo-session-store, transport: 'client'",
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
    const options = { client, table, initialized: true, transport: 'client' };
    const store = await madeWith('transport', () => new DynamoDBStore(options));
    return expressCalls(store, target, async () => {
      await store.close();
      client.destroy();
    });
  },
};
