'use strict';

const { openWithClientV2, ourSubject } = require('../lib/ours');

/** As `ours-adopted`, with a client of the SDK v2. */
module.exports = ourSubject(
  {
    name: 'ours-adopted-v2',
    label: 'dynamo-session-store, client of SDK v2 passed',
    chart: false,
    modes: ['app'],
  },
  openWithClientV2,
);
