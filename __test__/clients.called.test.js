'use strict';

/** Clients that cannot be adopted: each operation goes to them as a command of their SDK's. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ProvisionedThroughputExceededException,
} = require('@aws-sdk/client-dynamodb');
const { mockClient } = require('aws-sdk-client-mock');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { v2, v3 } = require('./support/clients');
const { newTable } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');

const { keep, newStub } = storesOf(DynamoDBStore);

const newStore = (options) => keep(new DynamoDBStore({ initialized: true, ...options }));

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

  test('sees the parameters of a command in the same order each time', async () => {
    const client = v3();
    mock = mockClient(client);
    const storage = keep(new DynamoDBSessionStorage({ client }));
    const session = { shop: 'a', state: 'b', isOnline: false, scope: 'c', accessToken: 'd' };
    for (let call = 0; call < 5; call += 1) await storage.storeSession({ id: 'one', ...session });
    const inputs = mock.commandCalls(PutItemCommand).map((call) => call.args[0].input);
    expect(inputs.map((input) => Object.keys(input.Item))).toEqual(
      Array(5).fill(['accessToken', 'id', 'isOnline', 'scope', 'shop', 'state']),
    );
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
      // Where that was follows, if another place could have answered.
      message: expect.stringMatching(/^for a reason( \(table "\w+".*\))?$/),
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
      'the client has no method "putItem"',
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
