'use strict';

const { openWithClientV2, ourSubject } = require('../lib/ours');

/** As `ours-called`, with a client of the SDK v2. */
module.exports = ourSubject(
  {
    name: 'ours-called-v2',
    label: "dynamo-session-store, transport: 'client', SDK v2",
    chart: false,
    modes: ['app'],
  },
  openWithClientV2,
  { transport: 'client' },
);
