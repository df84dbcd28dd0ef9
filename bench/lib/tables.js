'use strict';

const { CREDENTIALS, REGION, TABLES } = require('./formats');

/**
 * Creates the table of every format in a DynamoDB that has none of them, such as DynamoDB Local in
 * memory.
 *
 * @param {string} endpoint
 */
async function createTables(endpoint) {
  // Not at the top: the dependencies may have to be installed first.
  const { CreateTableCommand, DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  for (const { table, hashKey } of Object.values(TABLES)) {
    const command = new CreateTableCommand({
      TableName: table,
      AttributeDefinitions: [{ AttributeName: hashKey, AttributeType: 'S' }],
      KeySchema: [{ AttributeName: hashKey, KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    await client.send(command).catch((/** @type {Error} */ error) => {
      if (error.name !== 'ResourceInUseException') throw error;
    });
  }
  client.destroy();
}

module.exports = { createTables };
