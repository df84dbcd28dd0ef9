'use strict';

/** The real DynamoDB of the tests, reached as a user of the AWS SDK would. */

const { randomUUID } = require('node:crypto');
const {
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} = require('@aws-sdk/client-dynamodb');

const region = 'us-east-1';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** Connection settings as `dynamoConfig` takes them. */
function dynamoConfig() {
  return { endpoint: process.env.DYNAMODB_ENDPOINT, region, ...credentials };
}

/** A `DynamoDBClient` for the same place. */
function newClient() {
  // A copy of the credentials: the SDK marks the object that it is given.
  const own = { ...credentials };
  return new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT, region, credentials: own });
}

const client = newClient();

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
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: hashKey, AttributeType: 'S' }],
      KeySchema: [{ AttributeName: hashKey, KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      ...table,
    }),
  );
  await waitUntilTableExists(
    { client, minDelay: 0.05, maxDelay: 1, maxWaitTime: 30 },
    { TableName },
  );
  return TableName;
}

async function putItem(TableName, Item) {
  await client.send(new PutItemCommand({ TableName, Item }));
}

async function getItem(TableName, id, hashKey = 'id') {
  const Key = { [hashKey]: { S: id } };
  return (await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item;
}

async function deleteItem(TableName, id, hashKey = 'id') {
  await client.send(new DeleteItemCommand({ TableName, Key: { [hashKey]: { S: id } } }));
}

async function setExpires(TableName, id, expires) {
  await client.send(
    new UpdateItemCommand({
      TableName,
      Key: { id: { S: id } },
      UpdateExpression: 'SET expires = :e',
      ExpressionAttributeValues: { ':e': { N: String(expires) } },
    }),
  );
}

/** Every item of a table, by key. */
async function items(TableName, hashKey = 'id') {
  const found = {};
  let ExclusiveStartKey;
  do {
    const page = await client.send(
      new ScanCommand({ TableName, ExclusiveStartKey, ConsistentRead: true }),
    );
    for (const item of page.Items) found[item[hashKey].S] = item;
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return found;
}

async function describeTable(TableName) {
  return (await client.send(new DescribeTableCommand({ TableName }))).Table;
}

async function timeToLive(TableName) {
  const answer = await client.send(new DescribeTimeToLiveCommand({ TableName }));
  return answer.TimeToLiveDescription;
}

/** Seconds since the Unix epoch. */
function seconds() {
  return Math.floor(Date.now() / 1000);
}

module.exports = {
  client,
  credentials,
  deleteItem,
  describeTable,
  dynamoConfig,
  getItem,
  items,
  newClient,
  newTable,
  newTableName,
  putItem,
  region,
  seconds,
  setExpires,
  timeToLive,
};
