'use strict';

const { DynamoDBStore } = require('../..');
const { SetupError } = require('../setup');
const { local } = require('./app');

/**
 * Checks, before the app starts, that credentials are set and DynamoDB answers.
 *
 * @param {{ endpoint: string | undefined, table: string }} dynamo
 * @throws {SetupError} with the message of the store's error
 */
async function checkDynamo({ endpoint, table }) {
  if (endpoint) Object.assign(process.env, local(endpoint));
  const store = new DynamoDBStore({ table, tableTimeout: 20_000 });
  try {
    await store.describeSessionsTable();
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'ResourceNotFoundException') throw new SetupError(`${message} [${code}]`);
  } finally {
    await store.close();
  }
}

module.exports = { checkDynamo };
