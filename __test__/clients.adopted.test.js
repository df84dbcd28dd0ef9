'use strict';

/** Clients whose settings are taken over: what they say holds for the requests of the addon. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const AWS = require('aws-sdk');
const { DynamoDB, DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocumentClient } = require('@aws-sdk/lib-dynamodb');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { credentials, newTable, region } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { privateCa, startStub } = require('./support/stub-dynamodb');

const { keep, newStub } = storesOf(DynamoDBStore);

const newStore = (options) => keep(new DynamoDBStore({ initialized: true, ...options }));

/** A new client of each SDK. `attempts` include the first. */
const kinds = {
  'aws-sdk v3': ({ attempts, timeout, connectTimeout, ...settings }) =>
    new DynamoDBClient({
      region,
      credentials: { ...credentials },
      maxAttempts: attempts,
      requestHandler: { requestTimeout: timeout, connectionTimeout: connectTimeout },
      ...settings,
    }),
  'aws-sdk v2': ({ attempts, timeout, connectTimeout, ...settings }) =>
    new AWS.DynamoDB({
      region,
      credentials: new AWS.Credentials(credentials),
      ...(attempts && { maxRetries: attempts - 1 }),
      httpOptions: { ...(timeout && { timeout }), ...(connectTimeout && { connectTimeout }) },
      ...settings,
    }),
};

describe.each(Object.entries(kinds))('a client of %s is adopted:', (_name, newClient) => {
  test('its requests go out from the addon', async () => {
    const client = newClient({ endpoint: process.env.DYNAMODB_ENDPOINT });
    const store = newStore({ client, table: await newTable() });
    expect(store.transport).toBe('native');
    await store.set('abc', { a: 1 });
    expect(await store.get('abc')).toMatchObject({ a: 1 });
    expect(store.transport).toBe('native');
    expect(store.client).toBe(client);
  });

  test('region, credentials and user agent', async () => {
    const { stub } = await newStub(() => ({}));
    const client = newClient({
      endpoint: stub.endpoint,
      region: 'eu-central-2',
      customUserAgent: 'shop/1.2',
    });
    await newStore({ client }).get('abc');
    const { authorization, 'user-agent': agent } = stub.calls[0].headers;
    expect(authorization).toMatch(/Credential=test\/\d+\/eu-central-2\/dynamodb\//);
    expect(agent).toMatch(/^aws-sdk-rust\/.* shop\/1\.2$/);
  });

  test('attempts', async () => {
    const { stub } = await newStub(() => ({ status: 500 }));
    const client = newClient({ endpoint: stub.endpoint, attempts: 2 });
    await expect(newStore({ client }).get('abc')).rejects.toMatchObject({ retryable: true });
    expect(stub.calls).toHaveLength(2);
  });

  test('the time that an attempt may take', async () => {
    const { stub } = await newStub(() => 'hang');
    const client = newClient({ endpoint: stub.endpoint, attempts: 1, timeout: 150 });
    await expect(newStore({ client }).get('abc')).rejects.toMatchObject({
      code: 'ERR_SESSION_TIMEOUT',
      message: expect.stringContaining('150 ms'),
    });
  });

  test('a client that is destroyed under the store serves on', async () => {
    const client = newClient({ endpoint: process.env.DYNAMODB_ENDPOINT });
    const store = newStore({ client, table: await newTable() });
    await store.set('abc', { a: 1 });
    client.destroy?.();
    expect(await store.get('abc')).toMatchObject({ a: 1 });
  });
});

describe('endpoints of v3:', () => {
  test.each([
    ['a text', (url) => url.href],
    ['a URL', (url) => url],
    [
      'an object',
      ({ protocol, hostname, port }) => ({ protocol, hostname, port: Number(port), path: '/' }),
    ],
    ['a function', (url) => async () => ({ url })],
  ])('%s', async (_form, form) => {
    const { stub } = await newStub(() => ({}));
    const endpoint = form(new URL(stub.endpoint));
    await newStore({ client: kinds['aws-sdk v3']({ endpoint }) }).get('abc');
    expect(stub.calls).toHaveLength(1);
  });

  test('retries slow down for a mode of its own', async () => {
    const { stub } = await newStub(() => ({ status: 500 }));
    const client = kinds['aws-sdk v3']({ endpoint: stub.endpoint, retryMode: 'adaptive' });
    const store = newStore({ client });
    await expect(store.get('abc')).rejects.toThrow();
    expect(store.transport).toBe('native');
    expect(stub.calls.length).toBeGreaterThan(1);
  });
});

describe('endpoints of v2:', () => {
  test.each([
    ['a text', (url) => url],
    ['an AWS.Endpoint', (url) => new AWS.Endpoint(url)],
    ['a text without a scheme, and without TLS', (url) => url.slice('http://'.length)],
  ])('%s', async (_form, form) => {
    const { stub } = await newStub(() => ({}));
    const client = kinds['aws-sdk v2']({ endpoint: form(stub.endpoint), sslEnabled: false });
    await newStore({ client }).get('abc');
    expect(stub.calls).toHaveLength(1);
  });

  test('a client without a region says so', async () => {
    const { stub } = await newStub(() => ({}));
    const client = kinds['aws-sdk v2']({ endpoint: stub.endpoint, region: '' });
    await expect(newStore({ client }).get('abc')).rejects.toMatchObject({
      code: 'ERR_SESSION_SETTINGS',
      message: expect.stringContaining('region'),
    });
  });
});

test('DynamoDB and DynamoDBDocumentClient of v3 are adopted too', async () => {
  const settings = { endpoint: process.env.DYNAMODB_ENDPOINT, region };
  const table = await newTable();
  const clients = [
    new DynamoDB({ ...settings, credentials: { ...credentials } }),
    DynamoDBDocumentClient.from(
      new DynamoDBClient({ ...settings, credentials: { ...credentials } }),
    ),
  ];
  for (const client of clients) {
    const store = newStore({ client, table });
    await store.set('abc', { a: 1 });
    expect(await store.get('abc')).toMatchObject({ a: 1 });
    expect(store.transport).toBe('native');
  }
});

describe('the configuration of a client, without the client:', () => {
  test('with functions that give settings', async () => {
    const { stub } = await newStub(() => ({ status: 500 }));
    const store = newStore({
      dynamoConfig: {
        region: async () => 'eu-south-1',
        endpoint: async () => ({ url: new URL(stub.endpoint) }),
        maxAttempts: async () => 2,
        retryMode: async () => 'standard',
        useFipsEndpoint: () => false,
        credentials: async () => ({ ...credentials }),
        customUserAgent: [['shop', '1.2'], ['beta']],
        requestHandler: { requestTimeout: 2000, connectionTimeout: 500 },
      },
    });
    await expect(store.get('abc')).rejects.toMatchObject({ retryable: true });
    expect(store.transport).toBe('native');
    expect(stub.calls).toHaveLength(2);
    expect(stub.calls[0].headers.authorization).toContain('/eu-south-1/');
    expect(stub.calls[0].headers['user-agent']).toMatch(/ shop\/1\.2 beta$/);
  });

  test.each([
    ['retryMode', 'eager'],
    ['accountIdEndpointMode', 'always'],
    ['customUserAgent', 5],
    ['region', {}],
  ])('a wrong %s is a TypeError', (name, value) => {
    expect(() => new DynamoDBStore({ dynamoConfig: { [name]: value } })).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringContaining(`"dynamoConfig.${name}"`),
      }),
    );
  });

  test('a function that fails is an error that says why', async () => {
    const dynamoConfig = {
      region: async () => {
        throw new Error('the region is not known');
      },
    };
    await expect(newStore({ dynamoConfig }).get('abc')).rejects.toMatchObject({
      code: 'ERR_SESSION_SETTINGS',
      message: expect.stringContaining('the region is not known'),
    });
  });
});

describe('what AWS.config of aws-sdk v2 was given', () => {
  const before = { ...AWS.config };
  afterEach(() => {
    for (const name of Object.keys(AWS.config)) AWS.config[name] = before[name];
  });

  test.each([
    ['Express', DynamoDBStore, { initialized: true }],
    ['Koa', KoaStore, { dynamoConfig: {} }],
  ])('is the default of %s', async (_name, Store, options) => {
    const { stub } = await newStub(() => ({}));
    AWS.config.update({
      region: 'af-south-1',
      endpoint: stub.endpoint,
      credentials: new AWS.Credentials('GLOBAL', 'secret'),
      maxRetries: 0,
    });
    await keep(new Store(options)).get('abc');
    expect(stub.calls[0].headers.authorization).toMatch(/Credential=GLOBAL\/\d+\/af-south-1\//);
  });

  test('gives way to AWSConfigJSON and AWSRegion', async () => {
    const { stub } = await newStub(() => ({}));
    AWS.config.update({
      region: 'af-south-1',
      endpoint: stub.endpoint,
      credentials: new AWS.Credentials('GLOBAL', 'secret'),
    });
    await newStore({ AWSConfigJSON: { region: 'sa-east-1' } }).get('abc');
    await newStore({ AWSRegion: 'ca-west-1' }).get('abc');
    expect(stub.calls.map(({ headers }) => headers.authorization.split('/')[2])).toEqual([
      'sa-east-1',
      'ca-west-1',
    ]);
  });

  test('is what a client of v2 made after it has', async () => {
    const { stub } = await newStub(() => ({}));
    AWS.config.update({ region: 'af-south-1', credentials: new AWS.Credentials('GLOBAL', 's') });
    await newStore({ client: new AWS.DynamoDB({ endpoint: stub.endpoint }) }).get('abc');
    expect(stub.calls[0].headers.authorization).toMatch(/Credential=GLOBAL\/\d+\/af-south-1\//);
  });
});

describe('an HTTPS endpoint with a private certificate authority', () => {
  let stub;
  beforeAll(async () => {
    stub = await startStub(() => ({}), { secure: true });
  });
  afterAll(() => stub.stop());

  /** What comes of a request from a process with these environment variables. */
  async function outcome(env, options) {
    const script = `
      const { DynamoDBStore } = require('.');
      const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
      const settings = {
        endpoint: '${stub.endpoint}', region: 'us-east-1', maxAttempts: 1,
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      };
      const store = new DynamoDBStore({ initialized: true, ...(${options}) });
      store.get('abc').then(console.log, ({ code, message }) => console.log(code, message));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
      cwd: join(__dirname, '..'),
      env: { ...process.env, AWS_CA_BUNDLE: undefined, ...env },
    });
    return stdout.trim();
  }

  const forms = {
    'dynamoConfig alone': '{ dynamoConfig: settings }',
    'an adopted client': '{ client: new DynamoDBClient(settings) }',
  };

  test.each(Object.entries(forms))(
    'is trusted by NODE_EXTRA_CA_CERTS, with %s',
    async (_form, options) => {
      expect(await outcome({ NODE_EXTRA_CA_CERTS: privateCa }, options)).toBe('null');
    },
  );

  test('is trusted by AWS_CA_BUNDLE', async () => {
    expect(await outcome({ AWS_CA_BUNDLE: privateCa }, forms['dynamoConfig alone'])).toBe('null');
  });

  test.each([
    [{ SSL_CERT_FILE: privateCa, SSL_CERT_DIR: undefined }, 'null'],
    [{ SSL_CERT_FILE: undefined, SSL_CERT_DIR: undefined }, /^ERR_SESSION_UNREACHABLE/],
    // The system does not have it either.
    [
      { SSL_CERT_FILE: undefined, SSL_CERT_DIR: undefined, NODE_USE_SYSTEM_CA: '1' },
      /^ERR_SESSION_UNREACHABLE/,
    ],
  ])('with %p: %p', async (env, expected) => {
    expect(await outcome(env, forms['dynamoConfig alone'])).toMatch(expected);
  });

  test('is not trusted without', async () => {
    const said = await outcome({}, forms['an adopted client']);
    expect(said).toMatch(/^ERR_SESSION_UNREACHABLE .*certificate/i);
  });

  test('is trusted where nothing is checked: then the client is called', async () => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    expect(await outcome(env, forms['an adopted client'])).toBe('null');
  });

  test.each([
    ['a file that is not there', join(__dirname, 'no-such-file.pem'), 'cannot be read'],
    ['a file without certificates', __filename, 'does not hold PEM certificates'],
  ])('AWS_CA_BUNDLE with %s is an error that names it', async (_what, AWS_CA_BUNDLE, why) => {
    const said = await outcome({ AWS_CA_BUNDLE }, forms['dynamoConfig alone']);
    expect(said).toMatch(/^ERR_SESSION_SETTINGS .*AWS_CA_BUNDLE/);
    expect(said).toContain(why);
  });
});
