'use strict';

const { expressCalls, madeWith } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/**
 * Without batches: one request for each operation.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'ours-unmerged',
  label: 'dynamo-session-store, batch: false',
  ours: true,
  chart: false,
  format: 'connect',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'local', 'start', 'memory'],
  async make(target) {
    const DynamoDBStore = require('../..')(require('express-session'));
    const { endpoint, table } = target;
    const dynamoConfig = { endpoint, region: REGION, credentials: CREDENTIALS };
    const options = { dynamoConfig, table, initialized: true, batch: false };
    const store = await madeWith('batch', () => new DynamoDBStore(options));
    return expressCalls(store, target, () => store.close());
  },
};
