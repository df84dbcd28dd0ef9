'use strict';

const { expressCalls } = require('../lib/calls');

/** @type {import('../lib/calls').Subject} */
module.exports = {
  name: 'connect-redis',
  label: 'connect-redis 9 on a local Redis',
  ours: false,
  chart: true,
  format: 'redis',
  operations: ['get', 'set', 'touch'],
  // No latency can be put into a real server, and it is not DynamoDB Local.
  modes: ['canned', 'start', 'memory'],
  async make(target) {
    const { RedisStore } = require('connect-redis');
    const { createClient } = require('redis');
    const client = createClient({ url: target.endpoint });
    await client.connect();
    const store = new RedisStore({ client });
    return expressCalls({ store, close: () => client.destroy() }, target);
  },
};
