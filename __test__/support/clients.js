'use strict';

/** Clients of both SDKs for the real DynamoDB, as an app makes them. */

const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const AWS = require('./aws-sdk-v2');
const { credentials, region } = require('./dynamodb');

const local = () => ({
  endpoint: process.env.DYNAMODB_ENDPOINT,
  region,
  credentials: { ...credentials },
});
const v3 = (settings) => new DynamoDBClient({ ...local(), ...settings });
const v2 = (settings) =>
  new AWS.DynamoDB({ ...local(), credentials: new AWS.Credentials(credentials), ...settings });

module.exports = { local, v3, v2 };
