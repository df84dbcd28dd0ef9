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
  let state;
  try {
    state = await sessions.table.timeToLive();
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'AccessDeniedException') throw error;
    const problem = `The time to live of table "${table}" cannot be read: ${message}`;
    if (expires !== undefined) return output.warn(problem);
    throw new UsageError(
      `${problem}. Allow dynamodb:DescribeTimeToLive, or name the attribute with ${flag}.`,
    );
  }
  const { status, attribute } = state;
  if (!isOn(status) || attribute === expires) return;
  throw new UsageError(
    `The time to live of table "${table}" is on "${attribute}", which the sessions would lose: add ` +
      `${flag} ${attribute}.`,
  );
}

/**
 * Whether DynamoDB deletes by the time to live, or will soon.
 *
 * @param {string} status of the time to live, as DynamoDB describes it
 */
function isOn(status) {
  return status === 'ENABLED' || status === 'ENABLING';
}

module.exports = { isOn, requireEnds, turnOnTimeToLive };
