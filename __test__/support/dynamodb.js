'use strict';

/**
 * The real DynamoDB of the tests. The tests reach it by plain HTTP: most of them use no AWS SDK, and Jest would load
 * one for each test file, in half a second.
 */

const { randomUUID } = require('node:crypto');
const http = require('node:http');
const { text } = require('node:stream/consumers');
const { setTimeout: wait } = require('node:timers/promises');

const region = 'us-east-1';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** Connection settings as `dynamoConfig` takes them. */
function dynamoConfig() {
  return { endpoint: process.env.DYNAMODB_ENDPOINT, region, ...credentials };
}

/** A `DynamoDBClient` for the same place. */
function newClient() {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  // A copy of the credentials: the SDK marks the object that it is given.
  const own = { ...credentials };
  return new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT, region, credentials: own });
}

/** Closes connections that wait for a request before the server does. */
const agent = new http.Agent({ keepAlive: true, timeout: 5000 });

/** DynamoDB Local reads the region and the access key, and does not check the signature. */
const authorization =
  `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20300101/${region}/dynamodb/aws4_request, ` +
  'SignedHeaders=host, Signature=none';

/** How often a request is sent that the server has failed to answer. */
const TRIES = 3;

/**
 * Sends a request.
 *
 * @param {string} operation such as `GetItem`
 * @param {object} parameters
 * @returns {Promise<any>} the answer
 * @throws an `Error` with the name of DynamoDB's error
 */
async function send(operation, parameters) {
  for (let tries = 1; ; tries += 1) {
    const { status, body } = await post(operation, parameters);
    if (status === 200) return body;
    if (status < 500 || tries === TRIES) {
      const error = new Error(`${operation}: ${body.message ?? body.Message}`);
      error.name = String(body.__type).replace(/^.*#/, '');
      throw error;
    }
  }
}

/** Sends a request once. */
async function post(operation, parameters) {
  const request = http.request(process.env.DYNAMODB_ENDPOINT, {
    method: 'POST',
    agent,
    headers: {
      authorization,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
    },
  });
  const response = await new Promise((resolve, reject) => {
    request
      .once('response', resolve)
      .once('error', reject)
      .end(JSON.stringify(parameters, encodeBytes));
  });
  return { status: response.statusCode, body: JSON.parse(await text(response), decodeBytes) };
}

/** DynamoDB's JSON has bytes as Base64. */
function encodeBytes(key, value) {
  // `value` is already what the method `toJSON` of a `Buffer` returns.
  const bytes = this[key];
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('base64') : value;
}

function decodeBytes(key, value) {
  return key === 'B' && typeof value === 'string'
    ? new Uint8Array(Buffer.from(value, 'base64'))
    : value;
}

/** A name that no other test has. */
function newTableName() {
  return `sessions-${randomUUID()}`;
}

/**
 * Creates a table keyed by the string attribute `hashKey`, unless `table` says otherwise.
 *
 * @returns {Promise<string>} its name
 */
async function newTable({ hashKey = 'id', ...table } = {}) {
  const TableName = newTableName();
  await send('CreateTable', {
    TableName,
    AttributeDefinitions: [{ AttributeName: hashKey, AttributeType: 'S' }],
    KeySchema: [{ AttributeName: hashKey, KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    ...table,
  });
  await tableIsActive(TableName);
  return TableName;
}

/** Waits until a new table can be used. */
async function tableIsActive(TableName) {
  while ((await describeTable(TableName)).TableStatus !== 'ACTIVE') await wait(50);
}

async function putItem(TableName, Item) {
  await send('PutItem', { TableName, Item });
}

async function getItem(TableName, id, hashKey = 'id') {
  const Key = { [hashKey]: { S: id } };
  return (await send('GetItem', { TableName, Key, ConsistentRead: true })).Item;
}

async function deleteItem(TableName, id, hashKey = 'id') {
  await send('DeleteItem', { TableName, Key: { [hashKey]: { S: id } } });
}

async function setExpires(TableName, id, expires) {
  await send('UpdateItem', {
    TableName,
    Key: { id: { S: id } },
    UpdateExpression: 'SET expires = :e',
    ExpressionAttributeValues: { ':e': { N: String(expires) } },
  });
}

/** Every item of a table, by key. */
async function items(TableName, hashKey = 'id') {
  const found = {};
  let ExclusiveStartKey;
  do {
    const page = await send('Scan', { TableName, ExclusiveStartKey, ConsistentRead: true });
    for (const item of page.Items) found[item[hashKey].S] = item;
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return found;
}

async function describeTable(TableName) {
  return (await send('DescribeTable', { TableName })).Table;
}

async function timeToLive(TableName) {
  return (await send('DescribeTimeToLive', { TableName })).TimeToLiveDescription;
}

/**
 * The JavaScript value of an attribute.
 *
 * @returns {any}
 */
function plain(attribute) {
  const [[type, value]] = Object.entries(attribute);
  if (type === 'M') {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  }
  if (type === 'L') return value.map(plain);
  if (type === 'N') return Number(value);
  return type === 'NULL' ? null : value;
}

/** Seconds since the Unix epoch. */
function seconds() {
  return Math.floor(Date.now() / 1000);
}

module.exports = {
  credentials,
  deleteItem,
  describeTable,
  dynamoConfig,
  getItem,
  items,
  newClient,
  newTable,
  newTableName,
  plain,
  putItem,
  region,
  seconds,
  send,
  setExpires,
  tableIsActive,
  timeToLive,
};
