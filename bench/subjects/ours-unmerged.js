'use strict';

const { openOurs, ourSubject } = require('../lib/ours');

/** Without batches: one request for each operation. */
module.exports = ourSubject(
  {
    name: 'ours-unmerged',
    label: 'dynamo-session-store, batch: false',
    chart: false,
    modes: ['canned', 'latency', 'mixed', 'flood', 'app', 'local', 'start', 'memory'],
  },
  openOurs,
  { batch: false },
);
