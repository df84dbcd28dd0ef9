'use strict';

const { openOurs, ourSubject } = require('../lib/ours');

/** With its defaults. */
module.exports = ourSubject(
  {
    name: 'ours',
    label: 'dynamo-session-store',
    chart: true,
    modes: ['canned', 'latency', 'mixed', 'flood', 'cost', 'app', 'local', 'start', 'memory'],
  },
  openOurs,
);
