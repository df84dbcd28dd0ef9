'use strict';

/** The table of a store: its state, key, time to live, indexes and replicas. */

const { isOn } = require('../time-to-live');
const { counted, error, list, ok, sentence, skipped, warning } = require('./finding');

/** @import { Failure } from '../../native/binding' */
/** @import { Answer, Facts } from '../../lib/diagnosis' */
/** @import { Finding } from './finding' */

/** The meaning of a table's states for a store. @type {Record<string, string>} */
const STATES = {
  CREATING: 'DynamoDB is creating it. Try again in a minute.',
  DELETING: 'DynamoDB is deleting it.',
  INACCESSIBLE_ENCRYPTION_CREDENTIALS:
    'DynamoDB cannot use its key of AWS KMS. Enable the key, and allow its use by the key policy.',
  ARCHIVING: 'DynamoDB is archiving it, because its key of AWS KMS cannot be used.',
  ARCHIVED: 'DynamoDB has archived it, because its key of AWS KMS could not be used. Restore it.',
};

/**
 * @param {Facts} facts
 * @param {Answer} answer to DescribeTable
 * @returns {Finding}
 */
function table(facts, { body, failure }) {
  const check = 'table';
  const name = `The table "${facts.table}"`;
  if (failure) return missing(facts, failure);
  const found = body?.Table ?? {};
  const { TableStatus: status = 'ACTIVE', ItemCount: items = 0, TableSizeBytes: size = 0 } = found;
  const isProtected = found.DeletionProtectionEnabled === true;
  const data = {
    arn: found.TableArn,
    status,
    items,
    bytes: size,
    deletionProtection: isProtected,
    stream: found.StreamSpecification?.StreamEnabled === true,
    tableClass: found.TableClassSummary?.TableClass ?? 'STANDARD',
  };
  if (status !== 'ACTIVE' && status !== 'UPDATING') {
    const advice = STATES[status] ?? 'Look it up in the console of AWS.';
    return error(check, `${name} has the status ${status}.`, { advice, data });
  }
  // DynamoDB updates both numbers about every six hours.
  const holds = `about ${counted(items, 'item')} (${sizeText(size)})`;
  const protection = isProtected ? 'on' : 'off';
  const text = `${name} is ${status.toLowerCase()} and holds ${holds}. Deletion protection is ${protection}.`;
  return ok(check, text, { data });
}

/**
 * @param {Facts} facts
 * @param {Failure} failure
 * @returns {Finding}
 */
function missing({ createsTable, table: name }, failure) {
  const check = 'table';
  const data = { code: failure.code };
  if (failure.code === 'ResourceNotFoundException') {
    const found = `The table "${name}" does not exist in this account and region.`;
    if (createsTable) {
      const advice = 'The store creates it with its first call.';
      return warning(check, found, { advice, data });
    }
    const advice =
      'Check the name, the region and the account, or create the table: docs/TABLE.md.';
    return error(check, found, { advice, data });
  }
  if (failure.code === 'AccessDeniedException') {
    const found = `The credentials must not describe the table "${name}", so its settings are not known.`;
    const advice = createsTable
      ? 'Allow dynamodb:DescribeTable, which the store needs before it creates a table.'
      : 'To see them here, allow dynamodb:DescribeTable to the role that runs this command.';
    return (createsTable ? error : warning)(check, found, { advice, data });
  }
  return error(check, sentence(failure.message), { data });
}

/** @param {number} bytes */
function sizeText(bytes) {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let size = bytes;
  while (size >= 1000 && units.length > 1) {
    size /= 1000;
    units.shift();
  }
  return `${units[0] === 'bytes' ? size : size.toPrecision(3)} ${units[0]}`;
}

/**
 * @param {Facts} facts
 * @param {any} described the description of the table
 * @returns {Finding}
 */
function key({ hashKey, kind }, described) {
  const check = 'key';
  const types = new Map();
  for (const { AttributeName, AttributeType } of described.AttributeDefinitions ?? []) {
    types.set(AttributeName, AttributeType);
  }
  /** @type {{ AttributeName: string, KeyType: string }[]} */
  const schema = described.KeySchema ?? [];
  const shown = list(
    schema.map((each) => `${each.AttributeName} (${types.get(each.AttributeName)})`),
  );
  const data = { key: schema.map(({ AttributeName }) => AttributeName), expected: hashKey };
  const [only] = schema;
  const isRight =
    schema.length === 1 && only.AttributeName === hashKey && types.get(hashKey) === 'S';
  if (isRight)
    return ok(check, `The key of the table is ${shown}, as the store needs it.`, { data });
  const option = kind === 'koa' ? 'table.hashKey' : 'hashKey';
  const canSet = kind !== 'shopify' && schema.length === 1 && types.get(only.AttributeName) === 'S';
  return error(check, `The key of the table is ${shown}, but the store needs ${hashKey} (S).`, {
    advice: canSet
      ? `Set the option "${option}" to "${only.AttributeName}", or use another table.`
      : 'A key cannot be changed: create another table, see docs/TABLE.md.',
    data,
  });
}

/**
 * @param {Facts} facts
 * @param {Answer} answer to DescribeTimeToLive
 * @returns {Finding}
 */
function timeToLive({ expires, table: name, wantsTimeToLive }, { body, failure }) {
  const check = 'time-to-live';
  if (failure) {
    const data = { code: failure.code };
    if (failure.code !== 'AccessDeniedException') {
      return skipped(check, `The time to live is not known: ${failure.message}`, { data });
    }
    const found = 'The credentials must not describe the time to live of the table.';
    const advice = 'To see it here, allow dynamodb:DescribeTimeToLive.';
    return skipped(check, found, { advice, data });
  }
  const { TimeToLiveStatus: status = 'DISABLED', AttributeName: attribute } =
    body?.TimeToLiveDescription ?? {};
  const data = { status, attribute, expected: expires };
  const isTurnedOn = isOn(status);
  if (!expires || !wantsTimeToLive) {
    const text = isTurnedOn ? `is on, for the attribute "${attribute}"` : 'is off';
    return ok(check, `The time to live ${text}. The options do not ask for it.`, { data });
  }
  const command =
    `aws dynamodb update-time-to-live --table-name ${name} ` +
    `--time-to-live-specification Enabled=true,AttributeName=${expires}`;
  if (!isTurnedOn) {
    return warning(check, `The time to live is ${status}, so DynamoDB deletes no ended sessions.`, {
      advice: `Turn it on: ${command}`,
      data,
    });
  }
  if (attribute !== expires) {
    const found = `The time to live is on for "${attribute}", but sessions have their end in "${expires}".`;
    const advice = `DynamoDB deletes no ended sessions. Turn it off, and an hour later on: ${command}`;
    return warning(check, found, { advice, data });
  }
  return ok(check, `DynamoDB deletes ended sessions, by the attribute "${attribute}".`, { data });
}

/**
 * @param {Facts} facts
 * @param {(string | Failure)[]} states the state of each index, or the error about it
 * @returns {Finding}
 */
function indexes({ indexes: wanted, kind }, states) {
  const check = 'indexes';
  if (wanted.length === 0)
    return ok(check, 'The options need no index.', { data: { indexes: [] } });
  const all = wanted.map(({ name }, at) => ({ name, state: states[at] }));
  const data = {
    indexes: all.map(({ name, state }) =>
      typeof state === 'string' ? { name, state } : { name, state: 'wrong', code: state.code },
    ),
  };
  const names = (/** @type {typeof all} */ some) => list(some.map(({ name }) => `"${name}"`));
  const wrong = all.filter(({ state }) => typeof state !== 'string');
  if (wrong.length > 0) {
    const reasons = wrong.map(({ state }) => sentence(/** @type {Failure} */ (state).message));
    const advice = 'Create the index as docs/TABLE.md and docs/USERS.md describe it.';
    return error(check, reasons.join(' '), { advice, data });
  }
  const absent = all.filter(({ state }) => state === 'missing' || state === 'deleting');
  if (absent.length > 0) {
    const found = `The table has no index ${names(absent)}.`;
    const advice =
      kind === 'shopify'
        ? 'Create the index, see docs/TABLE.md.'
        : 'Run ensureIndexes(), with a role that has dynamodb:UpdateTable.';
    return error(check, found, { advice, data });
  }
  const creating = all.filter(({ state }) => state === 'creating');
  if (creating.length > 0) {
    const found = `DynamoDB is creating the index ${names(creating)}.`;
    return warning(check, found, { advice: 'Wait until it is active.', data });
  }
  const plural = all.length > 1 ? 'The indexes' : 'The index';
  const verb = all.length > 1 ? 'are' : 'is';
  return ok(check, `${plural} ${names(all)} ${verb} active.`, { data });
}

/**
 * @param {Facts} facts
 * @param {any} described the description of the table
 * @returns {Finding}
 */
function replicas({ moves, wantsTimeToLive }, described) {
  const check = 'replicas';
  /** @type {any[]} */
  const all = described.Replicas ?? [];
  const witnesses = (described.GlobalTableWitnesses ?? []).map(
    (/** @type {any} */ { RegionName }) => RegionName,
  );
  if (all.length === 0) return ok(check, 'The table is in one Region.', { data: { replicas: [] } });
  const isStrong = described.MultiRegionConsistency === 'STRONG';
  const states = all.map(({ RegionName, ReplicaStatus = 'ACTIVE' }) => ({
    region: RegionName,
    status: ReplicaStatus,
  }));
  const data = {
    replicas: states,
    witnesses,
    consistency: isStrong ? 'STRONG' : 'EVENTUAL',
    version: described.GlobalTableVersion,
  };
  const regions = list(states.map(({ region, status }) => `${region} (${status})`));
  const witness = witnesses.length > 0 ? `, and a witness in ${list(witnesses)}` : '';
  const mode = isStrong ? 'strong' : 'eventual';
  const found = `The table has replicas in ${regions}${witness}, with multi-Region ${mode} consistency.`;
  if (isStrong && moves) {
    const text = `${found} Sessions cannot move to hashed ids there: such a table allows no transactions.`;
    return error(check, text, { advice: 'Use "hashIds" with one secret only.', data });
  }
  if (states.some(({ status }) => status !== 'ACTIVE')) {
    const advice = 'Look up the replicas that are not ACTIVE in the console of AWS.';
    return warning(check, found, { advice, data });
  }
  if (isStrong && wantsTimeToLive) {
    const text = `${found} Such a table has no time to live.`;
    const advice = 'Delete ended sessions with reap() in one Region, see docs/GLOBAL-TABLES.md.';
    return warning(check, text, { advice, data });
  }
  return ok(check, found, { data });
}

module.exports = { indexes, key, replicas, table, timeToLive };
