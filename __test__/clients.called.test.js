'use strict';

/** Clients that cannot be adopted: each operation goes to them as a command of their SDK's. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const http = require('node:http');
const AWS = require('aws-sdk');
const {
  DescribeTableCommand,
  DynamoDB,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ProvisionedThroughputExceededException,
  UpdateItemCommand,
} = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocument } = require('@aws-sdk/lib-dynamodb');
const { mockClient } = require('aws-sdk-client-mock');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { credentials, dynamoConfig, newTable, region } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');

const { keep, newStub } = storesOf(DynamoDBStore);

const newStore = (options) => keep(new DynamoDBStore({ initialized: true, ...options }));

const local = () => ({
  endpoint: process.env.DYNAMODB_ENDPOINT,
  region,
  credentials: { ...credentials },
});
const v3 = (settings) => new DynamoDBClient({ ...local(), ...settings });
const v2 = (settings) =>
  new AWS.DynamoDB({ ...local(), credentials: new AWS.Credentials(credentials), ...settings });

/** A middleware that passes everything on. */
const passing = (next) => async (args) => next(args);

class Logged extends DynamoDBClient {
  send(...args) {
    return super.send(...args);
  }
}

/** Clients that were customised, and what is said of each. */
const customised = {
  'v3, a middleware added': () => {
    const client = v3();
    client.middlewareStack.add(passing, { step: 'build', name: 'tracing' });
    return [client, 'its middleware was changed'];
  },
  'v3, a middleware removed': () => {
    const client = v3();
    client.middlewareStack.remove('loggerMiddleware');
    return [client, 'its middleware was changed'];
  },
  'v3, a request handler of another class': () => {
    const { requestHandler } = v3().config;
    const handle = (...args) => requestHandler.handle(...args);
    const own = { handle, metadata: requestHandler.metadata, destroy() {} };
    return [v3({ requestHandler: own }), '"requestHandler" of its own'];
  },
  'v3, a logger': () => [
    v3({ logger: { debug() {}, info() {}, warn() {}, error() {} } }),
    '"logger"',
  ],
  'v3, a signer': () => {
    const client = v3();
    const { signer } = client.config;
    client.config.signer = (scheme) => signer(scheme);
    return [client, '"signer"'];
  },
  'v3, an endpoint provider': () => {
    const { endpointProvider } = v3().config;
    return [v3({ endpointProvider: (...args) => endpointProvider(...args) }), '"endpointProvider"'];
  },
  'v3, its send replaced': () => {
    const client = v3();
    const send = client.send.bind(client);
    client.send = (command) => send(command);
    return [client, '"send" was replaced'];
  },
  'v3, a subclass with a send of its own': () => [new Logged(local()), '"send" was replaced'],
  'v2, a listener': () => {
    const client = v2();
    client.on('apiCall', () => {});
    return [client, 'listeners'];
  },
  'v2, requests customised': () => {
    const client = v2();
    client.customizeRequests((request) => request.on('build', () => {}));
    return [client, 'customizeRequests'];
  },
  'v2, an agent that says where to connect from': () => [
    v2({ httpOptions: { agent: new http.Agent({ localAddress: '127.0.0.1' }) } }),
    'agent',
  ],
  'v2, a logger': () => [v2({ logger: { log() {} } }), '"logger"'],
  'v2, delays of its own': () => [v2({ retryDelayOptions: { base: 10 } }), 'retry delays'],
  'v2, a method replaced': () => {
    const client = v2();
    const { getItem } = client;
    client.getItem = (...args) => getItem.apply(client, args);
    return [client, '"getItem" was replaced'];
  },
};

describe.each(Object.entries(customised))('%s', (_name, make) => {
  test('is called', async () => {
    const [client] = make();
    const store = newStore({ client, table: await newTable() });
    expect(store.transport).toBe('client');
    await store.set('abc', { a: 1 });
    expect(await store.get('abc')).toMatchObject({ a: 1 });
    await store.destroy('abc');
    expect(await store.get('abc')).toBeNull();
    expect(store.transport).toBe('client');
  });

  test('is no client for the native transport, and it is said why', () => {
    const [client, why] = make();
    const open = () => new DynamoDBStore({ client, transport: 'native' });
    expect(open).toThrow(TypeError);
    expect(open).toThrow(/^option "transport" cannot be "native"/);
    expect(open).toThrow(why);
  });
});

describe('what shows only once the settings of a client are asked for', () => {
  const hidden = {
    'an agent that says where to connect from': () =>
      v3({ requestHandler: { httpAgent: new http.Agent({ localAddress: '127.0.0.1' }) } }),
    'an agent that keeps no connection': () =>
      v3({ requestHandler: { httpAgent: new http.Agent({ keepAlive: false }) } }),
    'a retry strategy': () => {
      class Own {
        mode = 'standard';
        acquireInitialRetryToken = async () => ({ getRetryCount: () => 0, getRetryDelay: () => 0 });
        refreshRetryTokenForRetry = async () => {
          throw new Error('no more');
        };
        recordSuccess() {}
      }
      return v3({ retryStrategy: new Own() });
    },
  };

  test.each(Object.entries(hidden))('%s: the client is called', async (_name, make) => {
    const store = newStore({ client: make(), table: await newTable() });
    await store.set('abc', { a: 1 });
    expect(await store.get('abc')).toMatchObject({ a: 1 });
    expect(store.transport).toBe('client');
  });

  test.each(Object.entries(hidden))('%s: with "native", a TypeError', async (_name, make) => {
    const store = newStore({ client: make(), transport: 'native' });
    const failure = store.get('abc');
    await expect(failure).rejects.toBeInstanceOf(TypeError);
    await expect(failure).rejects.toThrow(
      /"transport" cannot be "native": it has an? .* of its own/,
    );
  });
});

test('a middleware that adds a header does so', async () => {
  const { stub } = await newStub(() => ({}));
  const client = v3({ endpoint: stub.endpoint });
  client.middlewareStack.add(
    (next) => async (args) => {
      args.request.headers['x-trace'] = 'trace-1';
      return next(args);
    },
    { step: 'build', name: 'tracing' },
  );
  const store = newStore({ client });
  await store.get('abc');
  await store.set('abc', {});
  expect(stub.calls.map(({ headers }) => headers['x-trace'])).toEqual(['trace-1', 'trace-1']);
});

describe('aws-sdk-client-mock', () => {
  let mock;
  afterEach(() => mock.restore());

  test.each([
    ['the class', () => DynamoDBClient],
    ['the client', (client) => client],
  ])('on %s sees commands and answers them', async (_what, target) => {
    const client = v3();
    mock = mockClient(target(client));
    const sess = JSON.stringify({ a: 1 });
    mock.on(GetItemCommand).resolves({ Item: { sess: { S: sess }, expires: { N: '4102444800' } } });
    mock.on(PutItemCommand).resolves({});
    const store = newStore({ client });
    expect(store.transport).toBe('client');
    expect(await store.get('abc')).toEqual({ a: 1 });
    await store.set('abc', { b: 2, cookie: { maxAge: 1000 } });
    expect(mock.commandCalls(GetItemCommand)[0].args[0].input).toEqual({
      TableName: 'sessions',
      Key: { id: { S: 'sess:abc' } },
      ConsistentRead: true,
    });
    expect(mock.commandCalls(PutItemCommand)[0].args[0].input).toMatchObject({
      TableName: 'sessions',
      Item: {
        id: { S: 'sess:abc' },
        type: { S: 'connect-session' },
        sess: { S: JSON.stringify({ b: 2, cookie: { maxAge: 1000 } }) },
        expires: { N: expect.stringMatching(/^\d+$/) },
      },
    });
  });

  test('without answers: a table that is there, and no sessions', async () => {
    const client = v3();
    mock = mockClient(client);
    const store = keep(new DynamoDBStore({ client }));
    expect(await store.get('abc')).toBeNull();
    await store.set('abc', {});
    expect(mock.commandCalls(DescribeTableCommand)).toHaveLength(1);
  });

  test('that comes when the client was adopted already, and goes again', async () => {
    const client = v3();
    const store = newStore({ client, table: await newTable() });
    await store.set('abc', { real: true });
    expect(store.transport).toBe('native');
    mock = mockClient(client);
    mock.on(GetItemCommand).resolves({});
    expect(store.transport).toBe('client');
    expect(await store.get('abc')).toBeNull();
    mock.restore();
    expect(await store.get('abc')).toMatchObject({ real: true });
    expect(store.transport).toBe('native');
  });

  test('errors come back as from it', async () => {
    const client = v3();
    mock = mockClient(client);
    const $metadata = { httpStatusCode: 400, requestId: 'R1', attempts: 3, totalRetryDelay: 120 };
    const failure = new ProvisionedThroughputExceededException({ message: 'slow down', $metadata });
    mock.on(GetItemCommand).rejects(failure);
    const error = await newStore({ client })
      .get('abc')
      .catch((thrown) => thrown);
    expect(error).toMatchObject({
      name: 'ProvisionedThroughputExceededException',
      code: 'ProvisionedThroughputExceededException',
      message: 'slow down',
      requestId: 'R1',
      retryable: true,
    });
    expect(error.$metadata).toEqual($metadata);
  });

  test.each([
    ['CredentialsProviderError', 'ERR_SESSION_CREDENTIALS', false],
    ['TimeoutError', 'ERR_SESSION_UNREACHABLE', true],
    ['SomethingElse', 'ERR_SESSION_CLIENT', false],
  ])('%s of the client keeps its name', async (name, code, retryable) => {
    const client = v3();
    mock = mockClient(client);
    mock.on(GetItemCommand).rejects(Object.assign(new Error('for a reason'), { name }));
    await expect(newStore({ client }).get('abc')).rejects.toMatchObject({
      name,
      code,
      retryable,
      message: 'for a reason',
      cause: expect.any(Error),
    });
  });

  test('the error that connect-dynamodb looks for makes the store create its table', async () => {
    const client = v3();
    mock = mockClient(client);
    const missing = Object.assign(new Error('no such table'), {
      name: 'ResourceNotFoundException',
    });
    mock.on(DescribeTableCommand).rejectsOnce(missing);
    const store = keep(new DynamoDBStore({ client, timeToLive: false }));
    await store.set('abc', {});
    const commands = mock.calls().map(({ args }) => args[0].constructor.name);
    expect(commands).toEqual([
      'DescribeTableCommand',
      'CreateTableCommand',
      'DescribeTableCommand',
      'PutItemCommand',
    ]);
  });
});

describe('an object that only looks like a client:', () => {
  const item = { sess: { S: '{"a":1}' }, expires: { N: 4_102_444_800 } };

  test.each([
    ['callbacks', { getItem: (_input, callback) => setImmediate(callback, null, { Item: item }) }],
    ['promises', { getItem: async () => ({ Item: item }) }],
    ['promise()', { getItem: () => ({ promise: async () => ({ Item: item }) }) }],
    ['send', { send: async () => ({ Item: item }) }],
  ])('answers by %s', async (_way, client) => {
    const store = newStore({ client });
    expect(await store.get('abc')).toEqual({ a: 1 });
    expect(store.transport).toBe('client');
  });

  test.each([
    ['callbacks', { getItem: (_input, callback) => callback(new Error('no')) }],
    ['promises', { getItem: () => Promise.reject(new Error('no')) }],
    ['promise()', { getItem: () => ({ promise: () => Promise.reject(new Error('no')) }) }],
    [
      'an exception',
      {
        getItem: () => {
          throw new Error('no');
        },
      },
    ],
    [
      'send',
      {
        send: () => {
          throw new Error('no');
        },
      },
    ],
    ['no error at all', { getItem: () => Promise.reject() }],
  ])('fails by %s', async (_way, client) => {
    await expect(newStore({ client }).get('abc')).rejects.toMatchObject({
      code: 'ERR_SESSION_CLIENT',
    });
  });

  test('a method that it does not have is named', async () => {
    const client = { getItem: async () => ({}) };
    await expect(newStore({ client }).set('abc', {})).rejects.toThrow(
      'the client has no "putItem"',
    );
  });

  test('one that never answers ends with the deadline', async () => {
    const store = newStore({
      client: { send: () => new Promise(() => {}) },
      operationTimeout: 150,
    });
    await expect(store.get('abc')).rejects.toMatchObject({ code: 'ERR_SESSION_TIMEOUT' });
  });

  test('answers that are none are errors', async () => {
    const store = newStore({ client: { send: async () => ({ Item: { sess: 'x' } }) } });
    await expect(store.get('abc')).rejects.toBeInstanceOf(Error);
  });
});

test('bytes keep their way there and back', async () => {
  for (const client of [v3(), v2()]) {
    const store = newStore({
      client,
      transport: 'client',
      table: await newTable(),
      specialKeys: [{ name: 'token', type: 'B' }],
    });
    await store.set('abc', { token: Buffer.from([0, 255, 128]) });
    const loaded = await store.get('abc');
    expect(Buffer.from(loaded.token)).toEqual(Buffer.from([0, 255, 128]));
  }
  const koa = keep(
    new KoaStore({
      client: v2(),
      transport: 'client',
      table: { name: await newTable({ hashKey: 'sessionId' }) },
    }),
  );
  await koa.set('abc', { B: 'text', bytes: Buffer.from([0, 255]) }, 1000);
  expect(await koa.get('abc')).toEqual({ B: 'text', bytes: Buffer.from([0, 255]) });
});

describe('a client that is closed or destroyed under the store', () => {
  test('of v3 goes on, as it does for its other users', async () => {
    const client = v3();
    const store = newStore({ client, transport: 'client', table: await newTable() });
    await store.set('abc', { a: 1 });
    client.destroy();
    expect(await store.get('abc')).toMatchObject({ a: 1 });
  });

  test('that then refuses is an error for the caller', async () => {
    let destroyed = false;
    const client = {
      async send() {
        if (destroyed) throw new Error('the client was destroyed');
        return {};
      },
    };
    const store = newStore({ client });
    expect(await store.get('abc')).toBeNull();
    destroyed = true;
    await expect(store.get('abc')).rejects.toThrow('the client was destroyed');
  });
});

describe('the option transport', () => {
  test.each(['', 'http', 5, {}])('cannot be %p', (transport) => {
    for (const open of [
      () => new DynamoDBStore({ transport }),
      () => new KoaStore({ transport }),
      () => new DynamoDBSessionStorage({ transport }),
    ]) {
      expect(open).toThrow(
        expect.objectContaining({
          name: 'TypeError',
          message: expect.stringContaining('"transport"'),
        }),
      );
    }
  });

  test('"client" calls a client that could be adopted', async () => {
    const client = v3();
    const store = newStore({ client, transport: 'client', table: await newTable() });
    expect(store.transport).toBe('client');
    let sent = 0;
    client.middlewareStack.add((next) => (args) => {
      sent += 1;
      return next(args);
    });
    await store.get('abc');
    expect(sent).toBe(1);
  });

  test('"native" adopts a client that can be', async () => {
    const store = newStore({ client: v3(), transport: 'native', table: await newTable() });
    expect(await store.get('abc')).toBeNull();
    expect(store.transport).toBe('native');
  });
});

describe('settings that only a client can follow', () => {
  test('of v3: one is made of them', async () => {
    const lines = [];
    const log = (line) => line.commandName && lines.push(line.commandName);
    const logger = { trace: log, debug: log, info: log, warn: log, error: log };
    const store = newStore({
      dynamoConfig: { ...dynamoConfig(), logger },
      table: await newTable(),
    });
    expect(store.transport).toBe('client');
    await store.get('abc');
    expect(store.client).toBeInstanceOf(DynamoDBClient);
    expect(lines).toEqual(['GetItemCommand']);
  });

  test('of v2: one is made of them', async () => {
    const agent = new http.Agent({ keepAlive: true, localAddress: '127.0.0.1' });
    const store = newStore({
      dynamoConfig: { ...dynamoConfig(), httpOptions: { agent } },
      table: await newTable(),
    });
    expect(store.transport).toBe('client');
    await store.get('abc');
    expect(store.client).toBeInstanceOf(AWS.DynamoDB);
    expect(store.client.config.httpOptions.agent).toBe(agent);
    agent.destroy();
  });

  test('are refused with "native"', () => {
    const dynamoConfig = { requestHandler: { httpsAgent: { rejectUnauthorized: false } } };
    expect(() => new DynamoDBStore({ dynamoConfig, transport: 'native' })).toThrow(
      /"transport" cannot be "native": option "dynamoConfig.requestHandler"/,
    );
  });
});

describe('store.client', () => {
  test('of Express is made of the options when it is first asked for', async () => {
    const table = await newTable();
    const store = newStore({ table, dynamoConfig: { ...dynamoConfig(), maxAttempts: 7 } });
    const { client } = store;
    expect(client).toBeInstanceOf(DynamoDBClient);
    expect(store.client).toBe(client);
    expect(await client.config.maxAttempts()).toBe(7);
    await client.send(new UpdateItemCommand({ TableName: table, Key: { id: { S: 'sess:abc' } } }));
    expect(store.transport).toBe('native');
  });

  test('with the options of connect-dynamodb 2.x is one of aws-sdk v2', async () => {
    const { client } = newStore({ AWSConfigJSON: dynamoConfig() });
    expect(client).toBeInstanceOf(AWS.DynamoDB);
    expect(client.endpoint.href).toBe(`${process.env.DYNAMODB_ENDPOINT}/`);
  });

  test('has the credentials of a provider, in v2 too', async () => {
    const { stub } = await newStub(() => ({}));
    const provide = async () => ({ accessKeyId: 'ROTATED', secretAccessKey: 's' });
    const settings = { endpoint: stub.endpoint, region, credentials: provide };
    await newStore({ dynamoConfig: settings, transport: 'client' }).get('abc');
    const koa = keep(new KoaStore({ dynamoConfig: settings, transport: 'client' }));
    await koa.get('abc');
    expect(koa.dynamoService).toBeInstanceOf(AWS.DynamoDB);
    expect(stub.calls).toHaveLength(2);
    for (const { headers } of stub.calls) expect(headers.authorization).toContain('ROTATED');
  });

  test('that is replaced by another is the one that is called', async () => {
    const store = newStore({ dynamoConfig: dynamoConfig() });
    store.client = { send: async () => ({ Item: { sess: { S: '{"fake":true}' } } }) };
    expect(await store.get('abc')).toEqual({ fake: true });
    expect(store.transport).toBe('client');
    expect(() => {
      store.client = {};
    }).toThrow(TypeError);
  });

  test('with a stub on it is called', async () => {
    const store = newStore({ dynamoConfig: dynamoConfig() });
    store.client.send = async () => ({ Item: { sess: { S: '{"stubbed":true}' } } });
    expect(await store.get('abc')).toEqual({ stubbed: true });
  });

  test('of Shopify is the one that was passed, or made', () => {
    const client = v3();
    const open = (options) => keep(new DynamoDBSessionStorage(options));
    expect(open({ client }).client).toBe(client);
    expect(open({ config: local() }).client).toBeInstanceOf(DynamoDBClient);
    expect(open({ config: local() }).transport).toBe('native');
    expect(open({ config: local(), transport: 'client' }).transport).toBe('client');
  });
});

describe('dynamoService and documentClient of Koa', () => {
  const newKoa = (options) => keep(new KoaStore(options));

  test('are those of aws-sdk v2, made of the options', async () => {
    const name = await newTable({ hashKey: 'sessionId' });
    const store = newKoa({ dynamoConfig: dynamoConfig(), table: { name } });
    await store.set('abc', { a: 1 }, 10_000);
    expect(store.dynamoService).toBeInstanceOf(AWS.DynamoDB);
    expect(store.documentClient).toBeInstanceOf(AWS.DynamoDB.DocumentClient);
    const Key = { sessionId: 'abc' };
    const { Item } = await store.documentClient.get({ TableName: name, Key }).promise();
    expect(Item.session).toEqual({ a: 1 });
    expect(store.transport).toBe('native');
  });

  test('belong to the client that was passed', async () => {
    const client = v3();
    const store = newKoa({ client });
    expect(store.dynamoService).toBe(client);
    expect(store.documentClient).toBeInstanceOf(DynamoDBDocument);
    const aggregated = new DynamoDB(local());
    expect(newKoa({ client: aggregated }).dynamoService).toBe(aggregated);
  });

  test('a stub of dynamoService.describeTable is used', async () => {
    const store = newKoa({ dynamoConfig: dynamoConfig(), table: { name: 'stubbed' } });
    store.dynamoService.describeTable = () => ({
      promise: () =>
        Promise.reject(Object.assign(new Error(), { code: 'ResourceNotFoundException' })),
    });
    expect(await store.isTableCreated()).toBeNull();
    store.dynamoService.describeTable = jest.fn().mockReturnValue({
      promise: async () => ({ Table: { TableStatus: 'ACTIVE' } }),
    });
    store.dynamoService.describeTimeToLive = jest.fn().mockReturnValue({
      promise: async () => ({ TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } }),
    });
    expect(await store.isTableCreated()).toMatchObject({
      describeTable: { Table: { TableStatus: 'ACTIVE' } },
      describeTimeToLive: { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } },
    });
    expect(store.dynamoService.describeTable.mock.calls[0][0]).toEqual({ TableName: 'stubbed' });
  });

  test('a dynamoService that is put in its place is used', async () => {
    const store = newKoa({ dynamoConfig: dynamoConfig() });
    store.dynamoService = {
      describeTable: () => ({ promise: () => Promise.reject(new Error('no')) }),
    };
    await expect(store.isTableCreated()).rejects.toThrow('no');
  });
});

test('a refusal by DynamoDB itself reads the same through v3 and v2', async () => {
  const { stub } = await newStub(() => refusal('AccessDeniedException', 'not authorized'));
  const clients = [
    v3({ endpoint: stub.endpoint, maxAttempts: 1 }),
    v2({ endpoint: stub.endpoint, maxRetries: 0 }),
  ];
  for (const client of clients) {
    await expect(newStore({ client, transport: 'client' }).get('abc')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      code: 'AccessDeniedException',
      message: 'not authorized',
      $metadata: { httpStatusCode: 400, requestId: 'REQUEST-ID' },
    });
  }
});
