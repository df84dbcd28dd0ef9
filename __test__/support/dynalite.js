'use strict';

/** dynalite: a DynamoDB that leaves the item out where it refuses a conditional write. */

const { randomUUID } = require('node:crypto');
const { CreateTableCommand, GetItemCommand, DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { waitUntilTableExists } = require('@aws-sdk/client-dynamodb');
const { credentials, region } = require('./dynamodb');

/** dynalite, with what `races.js` asks of a place. */
function newDynalite() {
  const server = require('dynalite')({ createTableMs: 0 });
  let client;
  const place = {
    /** @type {string | undefined} */
    endpoint: undefined,

    async start() {
      await new Promise((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      place.endpoint = `http://127.0.0.1:${server.address().port}`;
      const { endpoint } = place;
      client = new DynamoDBClient({ endpoint, region, credentials: { ...credentials } });
    },

    async newTable({ hashKey }) {
      const TableName = `sessions-${randomUUID()}`;
      await client.send(
        new CreateTableCommand({
          TableName,
          AttributeDefinitions: [{ AttributeName: hashKey, AttributeType: 'S' }],
          KeySchema: [{ AttributeName: hashKey, KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
        }),
      );
      const patience = { client, minDelay: 0.05, maxDelay: 1, maxWaitTime: 30 };
      await waitUntilTableExists(patience, { TableName });
      return TableName;
    },

    async getItem(TableName, id, hashKey) {
      const Key = { [hashKey]: { S: id } };
      const request = new GetItemCommand({ TableName, Key, ConsistentRead: true });
      return (await client.send(request)).Item;
    },

    async stop() {
      client.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  return place;
}

module.exports = { newDynalite };
