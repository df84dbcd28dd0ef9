'use strict';

const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const AWS = require('./aws-sdk-v2');
const { credentials, region } = require('./dynamodb');

const v3 = (endpoint) =>
  new DynamoDBClient({ endpoint, region, maxAttempts: 1, credentials: { ...credentials } });
const v2 = (endpoint) =>
  new AWS.DynamoDB({
    endpoint,
    region,
    maxRetries: 0,
    credentials: new AWS.Credentials(credentials),
  });

/** A way through v2 loses attributes that are called `__proto__`: that SDK drops them. */
const dropsProto = (way) => /through a client of aws-sdk v2|made of dynamoConfig/.test(way);

/** Each way in which a user can say where DynamoDB is: the options of a store for an endpoint. */
const ways = {
  'with dynamoConfig': (endpoint) => ({ dynamoConfig: { endpoint, region, ...credentials } }),
  'with a client of aws-sdk v3': (endpoint) => ({ client: v3(endpoint) }),
  'with a client of aws-sdk v2': (endpoint) => ({ client: v2(endpoint) }),
  'through a client of aws-sdk v3': (endpoint) => ({
    client: v3(endpoint),
    transport: 'client',
  }),
  'through a client of aws-sdk v2': (endpoint) => ({
    client: v2(endpoint),
    transport: 'client',
  }),
  'through a client made of dynamoConfig': (endpoint) => ({
    dynamoConfig: { endpoint, region, maxAttempts: 1, ...credentials },
    transport: 'client',
  }),
};

/** Whether a way calls a client for each request. */
const isCalled = (way) => way.startsWith('through');

module.exports = { dropsProto, isCalled, v2, v3, ways };
