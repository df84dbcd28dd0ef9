'use strict';

const { expressCalls } = require('../lib/calls');

/**
 * @param {{ endpoint: string }} place
 * @returns {Promise<import('../lib/calls').Opened>}
 */
async function open({ endpoint }) {
  const { RedisStore } = require('connect-redis');
  const { createClient } = require('redis');
  const client = createClient({ url: endpoint });
  await client.connect();
  return { store: new RedisStore({ client }), close: () => client.destroy() };
}

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'connect-redis',
  label: 'connect-redis 9 on a local Redis',
  ours: false,
  chart: true,
  format: 'redis',
  framework: 'express',
  operations: ['get', 'set', 'touch'],
  // No latency can be put into a real server, and it is not DynamoDB Local.
  modes: ['canned', 'app', 'start', 'memory'],
  async make(target) {
    return expressCalls(await open(target), target);
  },
  open,
};
