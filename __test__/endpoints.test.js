'use strict';

/** Where DynamoDB is: every form of an endpoint, from every place that one can stand in. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { execFile } = require('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { promisify } = require('node:util');
const AWS = require('aws-sdk');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { readEndpoint } = require('../lib/aws/endpoint');
const { DynamoDBSessionStorage } = require('../shopify');
const { credentials, region } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { startStub, table } = require('./support/stub-dynamodb');

const { keep } = storesOf(DynamoDBStore);

let stub;
let port;
beforeAll(async () => {
  stub = await startStub(({ operation }) => (operation === 'DescribeTable' ? table() : {}));
  port = Number(new URL(stub.endpoint).port);
});
afterAll(() => stub.stop());

const settings = () => ({ region, ...credentials, maxAttempts: 1 });

describe.each([
  ['host:port', () => `localhost:${port}`],
  ['HOST:port', () => `LOCALHOST:${port}`],
  ['//host:port', () => `//localhost:${port}`],
  ['address:port', () => `127.0.0.1:${port}`],
  ['a URL', () => `http://localhost:${port}`],
  ['a URL object', () => new URL(`http://localhost:${port}`)],
  ['an AWS.Endpoint', () => new AWS.Endpoint(`http://localhost:${port}`)],
  [
    'the endpoint of a client of v3',
    () => ({ protocol: 'http:', hostname: 'localhost', port, path: '/' }),
  ],
  ['the same without a protocol', () => ({ hostname: 'localhost', port })],
  ['an endpoint rule of v3', () => ({ url: new URL(`http://localhost:${port}`) })],
])('%s is reached', (_form, endpoint) => {
  test.each([
    ['from the addon', undefined],
    ['through a client that is made of it', 'client'],
  ])('%s', async (_way, transport) => {
    const dynamoConfig = { ...settings(), endpoint: endpoint() };
    const store = keep(new DynamoDBStore({ dynamoConfig, transport, initialized: true }));
    expect(await store.get('sid')).toBeNull();
  });
});

describe('an address without a scheme is plain HTTP on the machine itself,', () => {
  test.each([
    'localhost',
    'localhost:8000',
    'localhost.:8000',
    'dynamodb.localhost:8000/path',
    '127.0.0.1:8000',
    '127.1.2.3',
    '0.0.0.0:8000',
    '[::1]:8000',
    '[::]:8000',
  ])('%s', (address) => {
    expect(readEndpoint(address, 'dynamoConfig')).toBe(`http://${address}`);
    expect(readEndpoint(`//${address}`, 'dynamoConfig')).toBe(`http://${address}`);
  });
});

describe('and elsewhere TLS, as in aws-sdk v2,', () => {
  test.each([
    'dynamodb.eu-west-1.amazonaws.com',
    'dynamodb:8000',
    'localhost.example.com:8000',
    'notlocalhost:8000',
    '127.0.0.1.example.com',
    '10.0.0.1:8000',
    '[2001:db8::1]:8000',
  ])('%s', (address) => {
    const url = readEndpoint(address, 'dynamoConfig');
    expect(url).toBe(`https://${address}`);
    expect(new URL(url).href).toBe(new URL(new AWS.Endpoint(address).href).href);
    // v2's own switch.
    expect(readEndpoint(address, 'dynamoConfig', false)).toBe(`http://${address}`);
  });
});

test.each([
  '',
  '//',
  'not a url',
  'ftp://localhost:8000',
  'http:localhost',
  'localhost:port',
  'localhost:8000?query',
  8000,
  true,
  {},
])('%p is an error that names the option', (endpoint) => {
  const make = () => new DynamoDBStore({ dynamoConfig: { endpoint } });
  expect(make).toThrow(TypeError);
  expect(make).toThrow(/^option "dynamoConfig\.endpoint" must /);
});

describe('an address on the machine itself, as it stands in', () => {
  const address = () => `localhost:${port}`;
  afterEach(() => {
    AWS.config = new AWS.Config();
  });

  const isReached = async (store) => expect(await keep(store).get('sid')).toBeFalsy();

  test("Koa's dynamoConfig", () =>
    isReached(new KoaStore({ dynamoConfig: { ...settings(), endpoint: address() } })));

  test("Shopify's config", async () => {
    const config = { ...settings(), endpoint: address() };
    const storage = keep(new DynamoDBSessionStorage({ config }));
    expect(await storage.loadSession('sid')).toBeUndefined();
  });

  test('AWSConfigJSON', () =>
    isReached(new DynamoDBStore({ AWSConfigJSON: { ...settings(), endpoint: address() } })));

  test('the file of AWSConfigPath', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'endpoint-'));
    const AWSConfigPath = join(folder, 'config.json');
    writeFileSync(AWSConfigPath, JSON.stringify({ ...settings(), endpoint: address() }));
    await isReached(new DynamoDBStore({ AWSConfigPath }));
    rmSync(folder, { recursive: true });
  });

  test('AWS.config of aws-sdk v2', async () => {
    AWS.config.update({ endpoint: address(), ...settings() });
    await isReached(new DynamoDBStore({}));
  });

  test.each(['AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL'])('%s', async (name) => {
    // The addon reads the variables of the process, and not the copy that Jest gives to a test.
    const script = `
      const { DynamoDBStore } = require('.');
      const store = new DynamoDBStore({ dynamoConfig: ${JSON.stringify(settings())} });
      store.initialize().then(() => store.close());
    `;
    await promisify(execFile)(process.execPath, ['-e', script], {
      cwd: join(__dirname, '..'),
      env: { PATH: process.env.PATH, [name]: address() },
    });
  });

  test('a function', () =>
    isReached(
      new DynamoDBStore({ dynamoConfig: { ...settings(), endpoint: async () => address() } }),
    ));
});

test('a client of aws-sdk v3 with one is an error: it is no URL to that SDK', async () => {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient({ endpoint: `localhost:${port}`, region, credentials });
  const store = keep(new DynamoDBStore({ client, initialized: true }));
  await expect(store.get('sid')).rejects.toThrow(/^option "client\.endpoint" must /);
});
