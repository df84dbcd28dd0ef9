'use strict';

const { expressCalls } = require('../lib/calls');
const { CREDENTIALS, REGION } = require('../lib/formats');

/**
 * @param {import('../lib/calls').Place} place
 * @returns {import('../lib/calls').Opened}
 */
function open({ endpoint, table }) {
  const DynamoDBStore = require('dynamodb-store');
  const store = new DynamoDBStore({
    table: { name: table },
    dynamoConfig: { ...CREDENTIALS, endpoint, region: REGION },
  });
  // It looks for its table at construction, and no call waits for that.
  return { store, close() {} };
}

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'dynamodb-store',
  label: 'dynamodb-store 1.2.0 (SDK v2)',
  ours: false,
  chart: true,
  format: 'dynamodb-store',
  framework: 'express',
  operations: ['get', 'set', 'touch'],
  modes: ['canned', 'latency', 'cost', 'app', 'local', 'start', 'memory'],
  async make(target) {
    return expressCalls(open(target), target);
  },
  open,
};
