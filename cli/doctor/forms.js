'use strict';

/** Harmless forms of requests: whether DynamoDB allows the request can be seen, and nothing is changed. */

const { randomBytes } = require('node:crypto');

/** @import { Subject } from '../../lib/diagnosis' */
/** @import { Need } from './needs' */

/**
 * The known facts about the table.
 *
 * @typedef {object} Known
 * @property {any} [table] its description. Not set: it could not be described
 * @property {any} [timeToLive] the description of its time to live
 *
 * @typedef {{ operation: string, input: object }} Form
 */

/** An id that no session has. */
function randomId() {
  return `doctor-${randomBytes(24).toString('base64url')}`;
}

/**
 * Returns the harmless form of a request, or the reason why there is none.
 *
 * @param {Need} need
 * @param {Subject} subject
 * @param {Known} known
 * @returns {Form | string}
 */
function formOf(need, subject, known) {
  const { hashKey, table: TableName } = subject.facts;
  const id = randomId();
  // With the prefix of the store's keys, for policies on `dynamodb:LeadingKeys`.
  const Key = { [hashKey]: { S: subject.keyOf(id) } };
  // No item has the random key, so no write with this condition changes anything.
  const never = {
    ConditionExpression: 'attribute_exists(#key)',
    ExpressionAttributeNames: { '#key': hashKey },
  };
  const send = (/** @type {object} */ input) => ({ operation: need.action, input });
  switch (need.action) {
    case 'GetItem':
      return send({ TableName, Key });
    case 'PutItem':
      return send({ TableName, Item: Key, ...never });
    case 'UpdateItem':
      return send({
        TableName,
        Key,
        ...never,
        UpdateExpression: 'REMOVE #none',
        ExpressionAttributeNames: { '#key': hashKey, '#none': '_doctor' },
      });
    case 'DeleteItem':
      return send({ TableName, Key, ...never });
    case 'BatchGetItem':
      return send({ RequestItems: { [TableName]: { Keys: [Key] } } });
    case 'BatchWriteItem':
      return send({ RequestItems: { [TableName]: [{ DeleteRequest: { Key } }] } });
    // Only counts, so that no id of a session crosses.
    case 'Scan':
      return send({ TableName, Limit: 1, Select: 'COUNT' });
    case 'Query':
      return send({ TableName, ...query(need, subject, id), Limit: 1, Select: 'COUNT' });
    case 'DescribeTable':
    case 'DescribeTimeToLive':
      return send({ TableName });
    default:
      return formOnTable(need, TableName, known);
  }
}

/**
 * @param {Need} need
 * @param {Subject} subject
 * @param {string} value that no session has in the index
 */
function query(need, { facts }, value) {
  const index = facts.indexes.find(({ name }) => name === need.index);
  return {
    IndexName: need.index,
    KeyConditionExpression: '#value = :value',
    ExpressionAttributeNames: { '#value': index?.attribute ?? '' },
    ExpressionAttributeValues: { ':value': { S: value } },
  };
}

/**
 * The form of a request that could change a table.
 *
 * @param {Need} need
 * @param {string} TableName
 * @param {Known} known
 * @returns {Form | string}
 */
function formOnTable({ action }, TableName, { table, timeToLive }) {
  if (!table) return 'the table is not known to exist, so the request could have an effect';
  if (action === 'CreateTable') {
    const { KeySchema } = table;
    const keys = KeySchema.map((/** @type {any} */ { AttributeName }) => AttributeName);
    const AttributeDefinitions = table.AttributeDefinitions.filter(
      (/** @type {any} */ { AttributeName }) => keys.includes(AttributeName),
    );
    const BillingMode = 'PAY_PER_REQUEST';
    // The table exists, so DynamoDB refuses to create it.
    return {
      operation: action,
      input: { TableName, KeySchema, AttributeDefinitions, BillingMode },
    };
  }
  if (action === 'UpdateTimeToLive') {
    if (timeToLive?.TimeToLiveStatus !== 'ENABLED') {
      return 'the time to live is not on, so the request would turn it on';
    }
    const { AttributeName } = timeToLive;
    const TimeToLiveSpecification = { AttributeName, Enabled: true };
    // DynamoDB refuses to turn on a time to live that is on.
    return { operation: action, input: { TableName, TimeToLiveSpecification } };
  }
  if (action === 'UpdateTable') {
    const IndexName = randomId();
    const GlobalSecondaryIndexUpdates = [{ Delete: { IndexName } }];
    // No table has an index with the random name, so DynamoDB refuses to delete it.
    return { operation: action, input: { TableName, GlobalSecondaryIndexUpdates } };
  }
  return 'there is no form of the request without an effect';
}

module.exports = { formOf, randomId };
