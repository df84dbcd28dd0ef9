'use strict';

/** Options that cannot be right: the error has what the option takes, its unit, and what it was set to. */

require('@shopify/shopify-api/adapters/node');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');

/** The message of the `TypeError` that a store is refused with. */
function refusalOf(Store, options) {
  try {
    new Store(options);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    expect(error.code).toBe('ERR_INVALID_ARG_VALUE');
    return error.message;
  }
  throw new Error('the store was made');
}

test.each([
  [
    { ttl: '1d' },
    'option "ttl" must be a number of milliseconds or a function, but is the text "1d"',
  ],
  [{ ttl: 0 }, 'option "ttl" must be more than 0 milliseconds, or a function, but is 0'],
  [
    { operationTimeout: '10s' },
    'option "operationTimeout" must be a number of milliseconds, but is the text "10s"',
  ],
  [
    { operationTimeout: -5 },
    'option "operationTimeout" must be a number of milliseconds from 1 to 2147483647, but is -5',
  ],
  [
    { touchInterval: '5m' },
    'option "touchInterval" must be a number of milliseconds or "auto", but is the text "5m"',
  ],
  [
    { dynamoConfig: { requestTimeout: '3s' } },
    'option "dynamoConfig.requestTimeout" must be a number of milliseconds, but is the text "3s"',
  ],
  [
    { dynamoConfig: { httpOptions: { timeout: true } } },
    'option "dynamoConfig.httpOptions.timeout" must be a number of milliseconds, but is true',
  ],
  [{ initialized: 'yes' }, 'option "initialized" must be a boolean, but is the text "yes"'],
  [{ table: 5 }, 'option "table" must be a string, but is 5'],
  [{ conflict: 'last' }, 'option "conflict" must be "merge", "overwrite" or "error"'],
  [{ transport: 'http' }, 'option "transport" must be "native" or "client"'],
  [
    { maxPendingCalls: 0.5 },
    'option "maxPendingCalls" must be a whole number of calls, at least 1, but is 0.5',
  ],
  [
    { dynamoConfig: { maxRetries: -1 } },
    'option "dynamoConfig.maxRetries" must be a whole number, at least 0, but is -1',
  ],
  [{ probeKey: 'ä'.repeat(1025) }, 'option "probeKey" must have at most 2048 bytes, but has 2050'],
  [
    { dynamoConfig: { sslEnabled: 'x' } },
    'option "dynamoConfig.sslEnabled" must be a boolean, but is a text',
  ],
  [{ dynamoConfig: { tls: 'x' } }, 'option "dynamoConfig.tls" must be a boolean, but is a text'],
  [
    { dynamoConfig: { accountId: '12345678901' } },
    'option "dynamoConfig.accountId" must have 12 digits',
  ],
  [
    { dynamoConfig: { credentials: { accessKeyId: 'a', secretAccessKey: 's', expiration: 'x' } } },
    'option "dynamoConfig.credentials.expiration" must be a date, but is string',
  ],
  // These are checked in the addon.
  [{ table: 'my table' }, 'or its ARN, but is "my table"'],
  [{ table: 'x'.repeat(300) }, 'or its ARN, but is a text of 300 characters'],
  [{ readCapacityUnits: 0 }, 'must be a whole number of capacity units, at least 1, but is 0'],
  [{ batchThreshold: 1.5 }, 'must be a whole number of operations, at least 1, but is 1.5'],
  [
    { dynamoConfig: { maxAttempts: 0 } },
    'option "dynamoConfig.maxAttempts" must be a whole number of attempts, at least 1, but is 0',
  ],
  [
    { dynamoConfig: { connectTimeout: 0 } },
    'must be a number of milliseconds, more than 0 and at most 2147483647, but is 0',
  ],
])('%j', (options, message) => {
  expect(refusalOf(DynamoDBStore, options)).toContain(message);
});

const SECRET = 'wJalrXUtnFEMI';

test.each([
  [{ dynamoConfig: { secretAccessKey: 12_345_678 } }, '12345678'],
  [{ dynamoConfig: { credentials: SECRET } }, SECRET],
  [{ dynamoConfig: { sessionToken: [SECRET] } }, SECRET],
  [{ dynamoConfig: `{"secretAccessKey":"${SECRET}"}` }, SECRET],
  [{ AWSConfigJSON: SECRET }, SECRET],
  [{ client: SECRET }, SECRET],
  [{ ttl: SECRET }, SECRET],
  [{ conflict: SECRET }, SECRET],
  [{ initialized: SECRET }, SECRET],
])('what may be secret is not shown: %j', (options, secret) => {
  expect(refusalOf(DynamoDBStore, options)).not.toContain(secret);
});

test.each([
  [KoaStore, { ttl: '1d' }, 'but is the text "1d"'],
  [
    KoaStore,
    { table: { useTtlExpired: 'no' } },
    '"table.useTtlExpired" must be a boolean, but is the',
  ],
  [DynamoDBSessionStorage, { tableTimeout: '2m' }, 'but is the text "2m"'],
])('%p with %j', (Store, options, message) => {
  expect(refusalOf(Store, options)).toContain(message);
});
