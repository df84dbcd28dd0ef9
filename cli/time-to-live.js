'use strict';

/** Turns on the time to live of a table. */

const { Failed, UsageError } = require('./failure');

/** @import { Opened } from '../lib/command' */

/**
 * @param {Opened} opened
 * @returns {Promise<{ attribute: string, changed: boolean }>}
 */
async function turnOnTimeToLive({ expires: attribute, sessions, table: name }) {
  if (attribute === undefined) {
    throw new UsageError('Shopify’s sessions have no end by default: add --expires-attribute.');
  }
  const plan = await sessions.table.planTimeToLive(attribute, true);
  if (plan.attribute !== attribute) {
    throw new Failed(
      `The time to live of table "${name}" is on "${plan.attribute}", but the store writes the end of sessions to ` +
        `"${attribute}". DynamoDB has one such attribute a table: turn it off there first.`,
    );
  }
  if (plan.change) await sessions.table.setTimeToLive(attribute, true);
  return { attribute, changed: plan.change === true };
}

module.exports = { turnOnTimeToLive };
