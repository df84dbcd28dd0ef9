'use strict';

/** The diagnosis of stores on a real DynamoDB: every line of a healthy store, and faults that the real one can have. */

const KoaStore = require('../koa');
const { DynamoDBStore } = require('..');
const { CHECKS, diagnose, permissions } = require('../cli/doctor');
const {
  dynamoConfig,
  items,
  newTable,
  newTableName,
  send,
  timeToLive,
} = require('./support/dynamodb');
const { newSecret } = require('./support/hashed-ids');
const { isCalled, ways } = require('./support/ways');

/** All findings, by their check. */
async function findingsOf(kind, options, settings) {
  const found = {};
  const order = [];
  for await (const finding of diagnose(kind, options, settings)) {
    order.push(finding.check);
    found[finding.check] = finding;
    expect(finding.found).toMatch(/[.!]$/);
  }
  expect(order).toEqual(CHECKS);
  return found;
}

/** The checks with a status. */
const withStatus = (found, status) => CHECKS.filter((check) => found[check].status === status);

const byShop = {
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'shop', AttributeType: 'S' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'shop_index',
      KeySchema: [{ AttributeName: 'shop', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
};

const turnOn = (TableName, AttributeName) =>
  send('UpdateTimeToLive', {
    TableName,
    TimeToLiveSpecification: { Enabled: true, AttributeName },
  });

/** For each kind of store: a new table in its format, with the options that lead there. */
const healthy = {
  express: async () => {
    const table = await newTable();
    await turnOn(table, 'expires');
    return [table, { table, initialized: true }];
  },
  koa: async () => {
    const name = await newTable({ hashKey: 'sessionId' });
    await turnOn(name, 'expires');
    return [name, { table: { name } }];
  },
  shopify: async () => {
    const sessionTableName = await newTable(byShop);
    await turnOn(sessionTableName, 'ends');
    return [sessionTableName, { sessionTableName, expiresTtl: 'ends' }];
  },
};

/** Settings of a connection under the name that this kind of store has for them. */
function connectionOf(kind) {
  const { accessKeyId, secretAccessKey, endpoint, region } = dynamoConfig();
  const credentials = { accessKeyId, secretAccessKey };
  return kind === 'shopify'
    ? { config: { endpoint, region, credentials } }
    : { dynamoConfig: { endpoint, region, accessKeyId, secretAccessKey } };
}

describe.each(Object.keys(healthy))('a healthy table for %s', (kind) => {
  test('has no fault, and is left as it was', async () => {
    const [table, options] = await healthy[kind]();
    const before = await send('DescribeTable', { TableName: table });
    const found = await findingsOf(kind, { ...options, ...connectionOf(kind) });
    expect(withStatus(found, 'ok')).toEqual(CHECKS);
    expect(await items(table, kind === 'koa' ? 'sessionId' : 'id')).toEqual({});
    expect(await send('DescribeTable', { TableName: table })).toEqual(before);
    expect((await timeToLive(table)).TimeToLiveStatus).toBe('ENABLED');
    expect(found.table.data).toMatchObject({ arn: before.Table.TableArn, status: 'ACTIVE' });
    expect(found.region.data).toEqual({ region: 'us-east-1', from: 'options' });
    expect(found.credentials.data).toMatchObject({ source: 'options' });
    const times = { p50: expect.any(Number), max: expect.any(Number) };
    expect(found['round-trip'].data).toEqual({ write: times, read: times, delete: times });
  });
});

test('a table that the store has created itself is as the store needs it, with its indexes', async () => {
  const options = {
    table: newTableName(),
    dynamoConfig: dynamoConfig(),
    indexes: { user: { value: 'userId' } },
    hashIds: { secret: newSecret() },
    absoluteTtl: 3_600_000,
  };
  const store = new DynamoDBStore(options);
  await store.initialize();
  await store.close();
  const found = await findingsOf('express', options);
  // The default of connect-dynamodb: 5 units, billed by the hour.
  expect(found).toMatchObject({ billing: { status: 'warning' } });
  expect(withStatus(found, 'ok')).toEqual(CHECKS.filter((check) => check !== 'billing'));
  expect(found.billing.data).toMatchObject({ mode: 'PROVISIONED', writeCapacityUnits: 5 });
  expect(found.billing.advice).toContain('PAY_PER_REQUEST');
  expect(found.indexes.data).toEqual({ indexes: [{ name: 'user-index', state: 'active' }] });
});

describe('the faults of a table', () => {
  test('it does not exist', async () => {
    const table = newTableName();
    const options = { table, dynamoConfig: dynamoConfig() };
    const created = await findingsOf('express', options);
    expect(created.table).toMatchObject({ status: 'warning', advice: expect.any(String) });
    expect(created['round-trip'].status).toBe('skipped');
    const needed = await findingsOf('express', { ...options, initialized: true });
    expect(needed.table).toMatchObject({ status: 'error', advice: expect.any(String) });
    await expect(send('DescribeTable', { TableName: table })).rejects.toThrow('non-existent');
  });

  test('it has another key', async () => {
    const table = await newTable({ hashKey: 'sid' });
    const found = await findingsOf('express', {
      table,
      initialized: true,
      dynamoConfig: dynamoConfig(),
    });
    expect(found.key).toMatchObject({
      status: 'error',
      found: expect.stringContaining('sid (S)'),
      advice: expect.stringContaining('"hashKey" to "sid"'),
    });
    expect(found['round-trip']).toMatchObject({ status: 'error', data: { step: 'write' } });
  });

  test('its time to live is off, or on for another attribute', async () => {
    const table = await newTable();
    const options = { table, initialized: true, dynamoConfig: dynamoConfig() };
    const off = await findingsOf('express', options);
    expect(off['time-to-live']).toMatchObject({ status: 'warning' });
    expect(off['time-to-live'].advice).toContain(`--table-name ${table}`);
    const unwanted = await findingsOf('express', { ...options, timeToLive: false });
    expect(unwanted['time-to-live'].status).toBe('ok');
    await turnOn(table, 'ttl');
    const other = await findingsOf('express', options);
    expect(other['time-to-live']).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('"ttl"'),
    });
  });

  test('an index is missing, or has another key', async () => {
    const table = await newTable(byShop);
    const options = { table, initialized: true, dynamoConfig: dynamoConfig() };
    const index = (/** @type {object} */ more) => ({ indexes: { user: { value: 'u', ...more } } });
    const missing = await findingsOf('express', { ...options, ...index({}) });
    expect(missing.indexes).toMatchObject({ status: 'error' });
    expect(missing.indexes.advice).toContain('ensureIndexes');
    const wrong = await findingsOf('express', { ...options, ...index({ index: 'shop_index' }) });
    expect(wrong.indexes).toMatchObject({
      status: 'error',
      data: { indexes: [{ name: 'shop_index', state: 'wrong' }] },
    });
    const bare = await newTable();
    const shopify = { sessionTableName: bare, ...connectionOf('shopify') };
    expect((await findingsOf('shopify', shopify)).indexes.status).toBe('error');
  });
});

describe.each(Object.entries(ways))('%s', (way, optionsOf) => {
  test('the diagnosis takes the ways of the store', async () => {
    const [, options] = await healthy.koa();
    const found = await findingsOf('koa', {
      ...options,
      ...optionsOf(process.env.DYNAMODB_ENDPOINT),
    });
    const skipped = isCalled(way) ? ['credentials', 'clock'] : [];
    expect(withStatus(found, 'skipped')).toEqual(skipped);
    expect(withStatus(found, 'ok')).toHaveLength(CHECKS.length - skipped.length);
    expect(found.region.found).toContain('us-east-1');
  });
});

describe('permissions', () => {
  test('each request is harmless, and what can be tried is allowed', async () => {
    const [table, options] = await healthy.express();
    await send('PutItem', { TableName: table, Item: { id: { S: 'sess:kept' } } });
    const before = await send('DescribeTable', { TableName: table });
    const all = await permissions(
      'express',
      { ...options, dynamoConfig: dynamoConfig(), indexes: { user: { value: 'u' } } },
      { uses: ['createTable', 'ensureIndexes', 'all'] },
    );
    const results = Object.fromEntries(all.map(({ action, result }) => [action, result]));
    expect(results).toEqual({
      'dynamodb:GetItem': 'allowed',
      'dynamodb:PutItem': 'allowed',
      'dynamodb:UpdateItem': 'allowed',
      'dynamodb:DeleteItem': 'allowed',
      'dynamodb:BatchGetItem': 'allowed',
      'dynamodb:BatchWriteItem': 'allowed',
      'dynamodb:Scan': 'allowed',
      'dynamodb:DescribeTable': 'allowed',
      'dynamodb:CreateTable': 'allowed',
      'dynamodb:DescribeTimeToLive': 'allowed',
      'dynamodb:UpdateTimeToLive': 'allowed',
      'dynamodb:UpdateTable': 'allowed',
      'dynamodb:TagResource': 'unknown',
      'dynamodb:UpdateContinuousBackups': 'unknown',
      'dynamodb:Query': 'allowed',
    });
    expect(Object.keys(await items(table))).toEqual(['sess:kept']);
    // DynamoDB Local counts the items at once.
    expect(await send('DescribeTable', { TableName: table })).toEqual(before);
  });

  test('a table that does not exist is not created', async () => {
    const table = newTableName();
    const all = await permissions('express', { table, dynamoConfig: dynamoConfig() });
    const resultOf = (action) => all.find((each) => each.action === `dynamodb:${action}`)?.result;
    expect(resultOf('CreateTable')).toBe('unknown');
    expect(resultOf('UpdateTimeToLive')).toBe('unknown');
    expect(resultOf('GetItem')).toBe('allowed');
    await expect(send('DescribeTable', { TableName: table })).rejects.toThrow('non-existent');
  });
});

test('what it writes has the form of the application, also with special keys and encryption', async () => {
  const [table, options] = await healthy.express();
  const found = await findingsOf('express', {
    ...options,
    dynamoConfig: dynamoConfig(),
    specialKeys: [
      { name: 'name', type: 'S' },
      { name: 'age', type: 'N' },
    ],
    encryption: { keys: () => [Buffer.alloc(32, 1)] },
    compress: true,
    reapInterval: 1,
  });
  expect(found['round-trip'].status).toBe('ok');
  expect(await items(table)).toEqual({});
});

test('a wrong option is an error, as of the store', async () => {
  const first = (kind, options) => diagnose(kind, options).next();
  await expect(first('express', { table: 1 })).rejects.toThrow('option "table"');
  await expect(first('redis', {})).rejects.toThrow('"express", "koa" or "shopify"');
  await expect(permissions('koa', {}, { uses: ['all of it'] })).rejects.toThrow('"uses"');
});

test('Koa: a table of the store itself', async () => {
  const name = newTableName();
  const options = { dynamoConfig: dynamoConfig(), table: { name, autoCreate: true } };
  await new Promise((resolve, reject) => {
    const store = new KoaStore(options, (error) => {
      store.close();
      error ? reject(error) : resolve(undefined);
    });
  });
  const found = await findingsOf('koa', options);
  expect(withStatus(found, 'error')).toEqual([]);
});
