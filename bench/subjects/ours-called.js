'use strict';

const { openWithClient, ourSubject } = require('../lib/ours');

/** Requests go through the client that is passed, and so through the event loop. */
module.exports = ourSubject(
  {
    name: 'ours-called',
    label: "dynamo-session-store, transport: 'client'",
    chart: false,
    modes: ['canned', 'latency', 'app', 'local', 'start', 'memory'],
  },
  openWithClient,
  { transport: 'client' },
);
