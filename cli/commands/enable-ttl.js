'use strict';

/** `enable-ttl`: turns on DynamoDB's time to live, which deletes ended sessions. */

const { turnOnTimeToLive } = require('../time-to-live');

/** @type {import('../run').Definition} */
module.exports = {
  name: 'enable-ttl',
  summary: 'let DynamoDB delete ended sessions, free of charge',
  description:
    'Turns on the time to live of the table, on the attribute that holds the end of sessions.',
  async run(context) {
    const opened = await context.open();
    const { attribute, changed } = await turnOnTimeToLive(opened);
    await context.output.result({ table: opened.table, attribute, changed }, () =>
      changed
        ? `Turned on the time to live of table "${opened.table}" on "${attribute}".`
        : `The time to live of table "${opened.table}" is on already, on "${attribute}".`,
    );
  },
};
