'use strict';

const { openWithClient, ourSubject } = require('../lib/ours');

/** A client is passed, as apps that come from connect-dynamodb do; requests leave from the addon. */
module.exports = ourSubject(
  {
    name: 'ours-adopted',
    label: 'dynamo-session-store, client passed',
    chart: false,
    modes: ['canned', 'latency', 'flood', 'app', 'local', 'start', 'memory'],
  },
  openWithClient,
);
