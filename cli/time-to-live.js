'use strict';

/** The time to live of a table: turning it on, and keeping it in the sessions that the command writes. */

const { Failed, UsageError } = require('./failure');

/** @import { Opened } from '../lib/command' */
/** @import { Output } from './output' */

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

/**
 * Fails if sessions of Shopify would be written without the attribute of the table's time to live. Shopify's storage
 * replaces the whole item, and writes the attribute only if the option `expiresTtl` names it.
 *
 * @param {Opened} opened the store that reads or writes the sessions
 * @param {Output} output
 * @param {string} [flag] the flag that names the attribute
 */
async function requireEnds(opened, output, flag = '--expires-attribute') {
  const { expires, kind, sessions, table } = opened;
  if (kind !== 'shopify') return;
  const { status, attribute } = await sessions.table.timeToLive().catch((error) => {
    if (error.code !== 'AccessDeniedException') throw error;
    const message = `The time to live of table "${table}" cannot be read: ${error.message}`;
    if (expires === undefined) {
      throw new UsageError(
        `${message}. Allow dynamodb:DescribeTimeToLive, or name the attribute with ${flag}.`,
      );
    }
    output.warn(message);
    return { status: 'UNKNOWN', attribute: undefined };
  });
  if (!['ENABLED', 'ENABLING'].includes(status) || attribute === expires) return;
  throw new UsageError(
    `The time to live of table "${table}" is on "${attribute}", which the sessions would lose: add ` +
      `${flag} ${attribute}.`,
  );
}

module.exports = { requireEnds, turnOnTimeToLive };
