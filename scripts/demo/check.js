'use strict';

const { DynamoDBStore } = require('../..');
const { SetupError } = require('../setup');
const { local } = require('./app');

/**
 * Makes sure that there are keys, and that DynamoDB answers, before an app is started that needs both.
 *
 * @param {{ endpoint: string | undefined, table: string }} dynamo
 * @throws {SetupError} with the store's own words
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
