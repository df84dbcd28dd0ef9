'use strict';

/** Clients that are no clients of DynamoDB, and agents as the versions of Node make them. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const https = require('node:https');
require('@shopify/shopify-api/adapters/node');
const AWS = require('aws-sdk');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { credentials, region } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');

const { keep } = storesOf(DynamoDBStore);

/** A client of another service of aws-sdk v3, whose clients are all made alike. */
class S3Client {
  config = { serviceId: 'S3', region: async () => region };
  middlewareStack = { identify: () => [] };
  async send() {}
}

const stores = { DynamoDBStore, KoaStore, DynamoDBSessionStorage };

describe.each(Object.entries(stores))('%s refuses', (_name, Store) => {
  test.each([
    ['a client of S3 of v3', () => new S3Client(), 'S3'],
    ['a client of S3 of v2', () => new AWS.S3({ region }), 's3'],
    [
      'a client of the streams of DynamoDB of v2',
      () => new AWS.DynamoDBStreams({ region }),
      'dynamodbstreams',
    ],
  ])('%s', (_what, client, service) => {
    expect(() => new Store({ client: client() })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARG_VALUE',
        message:
          'option "client" must be a DynamoDBClient (aws-sdk v3) or an AWS.DynamoDB (aws-sdk v2), ' +
          `but is a client of ${service}`,
      }),
    );
  });
});

test('a client of another service cannot be put in the place of a client', () => {
  const store = keep(new DynamoDBStore({ initialized: true }));
  expect(() => {
    store.client = new S3Client();
  }).toThrow('"client" must be a client of DynamoDB, but is a client of S3');
});

/** What Node 24 sets among the options of each agent. */
const ofNode24 = { defaultPort: 443, protocol: 'https:' };

describe.each([
  ['an agent', () => new https.Agent({ maxSockets: 7, ...ofNode24 })],
  ['options of an agent', () => ({ maxSockets: 7, ...ofNode24 })],
])('%s with the port and protocol that Node sets', (_what, agent) => {
  test('is followed, and a client with it is adopted', () => {
    const client = new DynamoDBClient({
      region,
      credentials: { ...credentials },
      requestHandler: { httpsAgent: agent() },
    });
    const store = keep(new DynamoDBStore({ initialized: true, client }));
    expect(store.transport).toBe('native');
    const requestHandler = { httpsAgent: agent() };
    const config = { region, ...credentials, requestHandler };
    const other = keep(new DynamoDBStore({ initialized: true, dynamoConfig: config }));
    expect(other.transport).toBe('native');
  });
});

test.each([
  ['port', { defaultPort: 8443 }],
  ['protocol', { protocol: 'spdy:' }],
])('an agent with another %s is called', (_what, options) => {
  const agent = new https.Agent(options);
  const client = new AWS.DynamoDB({ region, ...credentials, httpOptions: { agent } });
  const store = keep(new DynamoDBStore({ initialized: true, client }));
  expect(store.transport).toBe('client');
});
