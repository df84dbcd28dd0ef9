'use strict';

/** The tables that stores have, as DynamoDB names them. */

const { UsageError } = require('./failure');

/** @import { Opened, Place } from '../lib/command' */

/**
 * Asks DynamoDB which table a store has.
 *
 * @param {Opened} opened
 * @returns {Promise<Place & { arn: string }>}
 * @throws {SessionStoreError} if the table does not exist, or must not be described
 * @throws {UsageError} if the answer does not name the table
 */
async function placeOf(opened) {
  await opened.sessions.table.describe();
  // Loaded here: without the addon, `doctor` and `--help` still work.
  const { locate } = require('../lib/command');
  const { arn, ...place } = await locate(opened);
  if (arn !== undefined) return { arn, ...place };
  throw new UsageError(
    `DescribeTable does not tell the ARN of table "${opened.table}", so the command cannot find out whether source and ` +
      'target are the same table.',
  );
}

/**
 * Whether two places are the same table. The name in the options does not tell: it may be in another region, in another
 * account or at another endpoint, and the ARN of a table is also one of its names.
 *
 * @param {Place} one
 * @param {Place} other
 * @throws {UsageError} if that is not known
 */
function isSameTable(one, other) {
  if (one.arn !== other.arn) return false;
  if (one.id !== undefined && other.id !== undefined) return one.id === other.id;
  if (one.created !== other.created) return false;
  const isSameServer = one.endpoint === other.endpoint && one.region === other.region;
  if (isSameServer && one.endpoint !== undefined) return true;
  throw new UsageError(
    `Source and target have the same ARN, ${one.arn}, but their endpoints or regions differ or are not known, so the ` +
      'command cannot find out whether they are the same table. Use the same settings of the connection on both sides.',
  );
}

/**
 * A text for a table and the keys of a store in it, for resume files.
 *
 * @param {Place} place
 * @param {Opened} opened
 */
function textOfPlace({ arn, id, created }, { prefix }) {
  return [arn, id ?? created, prefix].filter(Boolean).join(' ');
}

module.exports = { isSameTable, placeOf, textOfPlace };
