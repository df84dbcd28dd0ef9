'use strict';

const { start } = require('../../scripts/dynamodb-local');
const { quietSdks } = require('../../scripts/quiet');

/** Before the first test: a DynamoDB Local for all, unless `DYNAMODB_ENDPOINT` names another. */
module.exports = async () => {
  quietSdks();
  const server = await start();
  // The workers, which are started later, inherit it.
  process.env.DYNAMODB_ENDPOINT = server.endpoint;
  globalThis.stopDynamodbLocal = server.stop;
};
