'use strict';

/** Secrets in every place, and no finding and no permission shows one. */

const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { diagnose, permissions } = require('../cli/doctor');
const { withCleanEnvironment } = require('./support/clean-environment');
const {
  ACCESS_KEY,
  DATA,
  ENCRYPTION_KEY,
  ID_SECRET,
  SECRET_KEY,
  SID,
  TOKEN,
} = require('./support/secrets/planted');
const { refusal, startStub } = require('./support/stub-dynamodb');

const place = withCleanEnvironment();

const SECRET = /hunter2|Aa1\+Aa1/i;

const keys = { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY, sessionToken: TOKEN };

/** The ways in which a program gives its credentials. */
const givers = {
  options: (endpoint) => ({ dynamoConfig: { endpoint, region: 'eu-west-1', credentials: keys } }),
  'a provider': (endpoint) => ({
    dynamoConfig: { endpoint, region: 'eu-west-1', credentials: async () => ({ ...keys }) },
  }),
  'a provider that fails': (endpoint) => ({
    dynamoConfig: {
      endpoint,
      region: 'eu-west-1',
      credentials: async () => ({ ...keys, secretAccessKey: `${SECRET_KEY}\n` }),
    },
  }),
  'an adopted client': (endpoint) => ({
    client: new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials: { ...keys } }),
  }),
  'a called client': (endpoint) => ({
    client: new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials: { ...keys } }),
    transport: 'client',
  }),
  'the environment': (endpoint) => {
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
      AWS_SESSION_TOKEN: TOKEN,
    });
    return { dynamoConfig: { endpoint } };
  },
  'a profile': (endpoint) => {
    const file = join(place.folder, 'credentials');
    const lines = ['[default]', `aws_access_key_id = ${ACCESS_KEY}`];
    const more = [`aws_secret_access_key = ${SECRET_KEY}`, `aws_session_token = ${TOKEN}`];
    writeFileSync(file, [...lines, ...more].join('\n'));
    process.env.AWS_SHARED_CREDENTIALS_FILE = file;
    return { dynamoConfig: { endpoint } };
  },
};

const item = { id: { S: `sess:${SID}` }, sess: { S: JSON.stringify({ data: DATA }) } };
const Table = {
  TableName: 'sessions',
  TableStatus: 'ACTIVE',
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
};

/** What DynamoDB does: answers in which a secret could be quoted. */
const answers = {
  'answers with items': ({ operation }) => {
    if (operation === 'DescribeTable') return { body: { Table } };
    if (operation === 'Scan' || operation === 'Query') {
      return { body: { Items: [item], Count: 1, LastEvaluatedKey: { id: item.id } } };
    }
    return operation === 'GetItem' ? { body: { Item: item } } : undefined;
  },
  'denies, and quotes the request': ({ body, headers, operation }) =>
    refusal(
      'AccessDeniedException',
      `User ${headers.authorization} ${headers['x-amz-security-token']} is not authorized to perform: ` +
        `dynamodb:${operation} because ${ACCESS_KEY} ${JSON.stringify(body)}`,
    ),
  'refuses the token, and quotes it': ({ headers }) =>
    refusal(
      'UnrecognizedClientException',
      `The security token ${headers['x-amz-security-token']} of ${ACCESS_KEY} with ${SECRET_KEY} is invalid`,
    ),
  'tears connections': () => 'tear',
};

describe.each(Object.keys(givers))('credentials by %s', (giver) => {
  test.each(Object.keys(answers))('DynamoDB %s', async (answer) => {
    const stub = await startStub(answers[answer]);
    try {
      const options = {
        initialized: true,
        encryption: { keys: [ENCRYPTION_KEY] },
        hashIds: { secret: ID_SECRET },
        indexes: { user: { value: 'user' } },
        operationTimeout: 2000,
        ...givers[giver](stub.endpoint),
      };
      const findings = [];
      for await (const finding of diagnose('express', options)) findings.push(finding);
      expect(findings).toHaveLength(13);
      const all = await permissions('express', options, { uses: ['all', 'createTable'] });
      const text = JSON.stringify([findings, all]);
      expect(SECRET.exec(text)?.index).toBeUndefined();
    } finally {
      await stub.stop();
    }
  });
});

test('the address of a proxy is shown without its password', async () => {
  const findings = [];
  const dynamoConfig = {
    endpoint: 'http://dynamodb.invalid',
    credentials: keys,
    proxy: 'http://user:hunter2@127.0.0.1:9',
  };
  for await (const finding of diagnose('express', { initialized: true, dynamoConfig })) {
    findings.push(finding);
  }
  expect(findings.find(({ check }) => check === 'endpoint')?.status).toBe('error');
  expect(JSON.stringify(findings)).not.toMatch(SECRET);
});
