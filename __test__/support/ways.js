'use strict';

const AWS = require('aws-sdk');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { credentials, region } = require('./dynamodb');

/** Each way in which a user can say where DynamoDB is: the options of a store for an endpoint. */
const ways = {
  'with dynamoConfig': (endpoint) => ({ dynamoConfig: { endpoint, region, ...credentials } }),
  'with a client of aws-sdk v3': (endpoint) => ({
    client: new DynamoDBClient({ endpoint, region, credentials: { ...credentials } }),
  }),
  'with a client of aws-sdk v2': (endpoint) => ({
    client: new AWS.DynamoDB({ endpoint, region, credentials: new AWS.Credentials(credentials) }),
  }),
};

module.exports = { ways };
