'use strict';

/** `create-table`: creates the table that a store needs. */

const { positive } = require('../flags');
const { turnOnTimeToLive } = require('../time-to-live');

/** @type {import('../run').Definition} */
module.exports = {
  name: 'create-table',
  summary: 'create the table, with its indexes and its time to live',
  description:
    'Creates the table that the store needs, with its indexes and its time to live, and waits until it can be used.\n' +
    'A table that exists is left as it is.',
  define(command) {
    command.option('--pay-per-request', 'an on-demand table (express, koa)');
    command.option('--read-capacity-units <units>', 'of a provisioned table', positive);
    command.option('--write-capacity-units <units>', 'of a provisioned table', positive);
    command.option('--no-time-to-live', 'leave the time to live off');
  },
  async run(context) {
    const { flags, output } = context;
    const { timeToLive: withTimeToLive } = flags;
    // Time to live is turned on below, with an error if DynamoDB refuses it.
    const overrides = (/** @type {string} */ kind) =>
      kind === 'express' ? { timeToLive: false } : {};
    const opened = await context.open({ overrides });
    const { table } = opened.sessions;
    const { isTableMissing } = require('../../lib/command');
    const exists = await table.describe().then(
      () => true,
      (error) => {
        if (isTableMissing(error)) return false;
        throw error;
      },
    );
    if (!exists) await table.create();
    const timeToLive =
      exists || !withTimeToLive || opened.expires === undefined
        ? undefined
        : await turnOnTimeToLive(opened);
    await output.result(
      { table: opened.table, created: !exists, timeToLive: timeToLive?.attribute },
      () => {
        if (exists) return `Table "${opened.table}" exists already.`;
        const ends = timeToLive ? `, with time to live on "${timeToLive.attribute}"` : '';
        return `Created table "${opened.table}"${ends}.`;
      },
    );
  },
};
