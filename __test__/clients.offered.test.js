'use strict';

/** The clients that a store offers: made of its options, passed to it, or put in their place. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const http = require('node:http');
const AWS = require('aws-sdk');
const { DynamoDB, DynamoDBClient, UpdateItemCommand } = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocument } = require('@aws-sdk/lib-dynamodb');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { local, v3 } = require('./support/clients');
const { dynamoConfig, newTable, region } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');

const { keep, newStub } = storesOf(DynamoDBStore);

const newStore = (options) => keep(new DynamoDBStore({ initialized: true, ...options }));

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
