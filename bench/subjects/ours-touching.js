'use strict';

const { openOurs, ourSubject } = require('../lib/ours');

/** Every touch is written. */
module.exports = ourSubject(
  {
    name: 'ours-touching',
    label: 'dynamo-session-store, touchInterval: 0',
    chart: true,
    modes: ['cost', 'app'],
  },
  openOurs,
  { touchInterval: 0 },
);
