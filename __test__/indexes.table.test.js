'use strict';

/** The option `indexes` and the table: a new table, one that exists, and other indexes of the same name. */

const { once } = require('node:events');
const { Cookie } = require('express-session');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { describeTable, dynamoConfig, newTable, newTableName } = require('./support/dynamodb');
const { refusal, startStub, table: answerOfTable } = require('./support/stub-dynamodb');

const indexes = {
  user: { value: 'user', label: () => 'device' },
  provider: { value: 'oidc.sid', attribute: 'oidc_sid', index: 'oidc' },
};
const projected = (attribute) =>
  ['expires', '_e', '_c', '_t', `${attribute}_since`, `${attribute}_label`].sort();

const stores = [];
afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));
const opened = (store) => {
  stores.push(store);
  return store;
};
const newStore = (options) =>
  opened(new DynamoDBStore({ dynamoConfig: dynamoConfig(), indexes, ...options }));

/** The indexes of a table, as they matter here. */
async function indexesOf(table) {
  const { GlobalSecondaryIndexes = [] } = await describeTable(table);
  const found = GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection, IndexStatus }) => ({
    name: IndexName,
    key: KeySchema.map(({ AttributeName }) => AttributeName).join(),
    projected: Projection.NonKeyAttributes?.sort(),
    status: IndexStatus,
  }));
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}

const both = [
  { name: 'oidc', key: 'oidc_sid', projected: projected('oidc_sid'), status: 'ACTIVE' },
  { name: 'user-index', key: 'user', projected: projected('user'), status: 'ACTIVE' },
];

const login = (user) => ({ cookie: new Cookie(), user, oidc: { sid: 7 } });

describe.each([
  ['on demand', { payPerRequest: true }],
  ['provisioned', { readCapacityUnits: 3, writeCapacityUnits: 2 }],
])('a table %s', (_mode, billing) => {
  test('the store creates its table with the indexes', async () => {
    const store = newStore({ table: newTableName(), ...billing });
    await store.set('one', login('ann'));
    expect(await indexesOf(store.table)).toEqual(both);
    expect(await store.sessionsOf('user', 'ann')).toMatchObject([{ label: 'device' }]);
    expect(await store.sessionsOf('provider', 7)).toMatchObject([{ label: undefined }]);
  });
});

test('Koa: the index has the attribute of the end of sessions', async () => {
  const table = { name: newTableName(), autoCreate: true, ttlKey: 'ends' };
  const store = opened(
    new KoaStore({ table, payPerRequest: true, indexes, dynamoConfig: dynamoConfig() }),
  );
  await store.createTableIfDontExists();
  const [, { projected: found }] = await indexesOf(table.name);
  expect(found).toContain('ends');
  await store.set('one', { user: 'ann' }, 60_000);
  expect(await store.sessionsOf('user', 'ann')).toHaveLength(1);
});

test('an index of this name with another key, or without the attributes, is an error', async () => {
  const schema = (IndexName, AttributeName) => ({
    IndexName,
    KeySchema: [{ AttributeName, KeyType: 'HASH' }],
    Projection: { ProjectionType: 'KEYS_ONLY' },
  });
  const table = await newTable({
    AttributeDefinitions: ['id', 'user', 'shop'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    GlobalSecondaryIndexes: [schema('user-index', 'user'), schema('oidc', 'shop')],
  });
  const code = 'ERR_SESSION_TABLE_INDEX';
  const user = newStore({ table, initialized: true, indexes: { user: indexes.user } });
  await expect(user.ensureIndexes()).rejects.toMatchObject({
    code,
    message: expect.stringContaining('does not project the attribute'),
  });
  const provider = newStore({ table, initialized: true, indexes: { provider: indexes.provider } });
  await expect(provider.ensureIndexes()).rejects.toMatchObject({
    code,
    message: expect.stringContaining('has the partition key "shop"'),
  });
});

/**
 * A table without indexes, which creates one at a time. DynamoDB Local may take minutes for an index while other
 * tables are created and deleted.
 */
async function startTable(description) {
  const found = [];
  const created = [];
  const stub = await startStub(({ operation, body }) => {
    const isBusy = found.some(({ IndexStatus }) => IndexStatus === 'CREATING');
    if (operation === 'UpdateTable') {
      if (isBusy) return refusal('ResourceInUseException');
      const [{ Create }] = body.GlobalSecondaryIndexUpdates;
      created.push(Create);
      found.push({ ...Create, IndexStatus: 'CREATING', looks: 0 });
      return { body: {} };
    }
    if (operation !== 'DescribeTable') return { body: {} };
    for (const index of found) {
      index.looks += 1;
      if (index.looks > 4) index.IndexStatus = 'ACTIVE';
    }
    const { Table } = answerOfTable('ACTIVE').body;
    const indexes = found.length > 0 ? { GlobalSecondaryIndexes: found } : {};
    return { body: { Table: { ...Table, ...description, ...indexes } } };
  });
  return { stub, created };
}

test.each([
  ['on demand', { BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } }, undefined],
  [
    'provisioned',
    { ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 2 } },
    { ReadCapacityUnits: 3, WriteCapacityUnits: 2 },
  ],
])(
  'ensureIndexes() adds them to a table that exists, one after the other: %s',
  async (_mode, description, throughput) => {
    const { stub, created } = await startTable(description);
    const connection = { dynamoConfig: { ...dynamoConfig(), endpoint: stub.endpoint } };
    const store = newStore({ table: 'sessions', ...connection });
    const warnings = [];
    store.on('warning', ({ message, code }) => warnings.push({ message, code }));
    const events = [];
    store.on('index', ({ name, state }) => events.push(`${name} ${state}`));
    const other = newStore({ table: 'sessions', initialized: true, ...connection });
    await Promise.all([store.ensureIndexes(), other.ensureIndexes()]);
    await store.ensureIndexes();
    const definition = (IndexName, attribute) => ({
      IndexName,
      KeySchema: [{ AttributeName: attribute, KeyType: 'HASH' }],
      Projection: {
        ProjectionType: 'INCLUDE',
        NonKeyAttributes: expect.arrayContaining(projected(attribute)),
      },
      ...(throughput && { ProvisionedThroughput: throughput }),
    });
    expect(created).toEqual([definition('user-index', 'user'), definition('oidc', 'oidc_sid')]);
    expect(warnings[0]).toEqual({
      code: 'ERR_SESSION_TABLE_INDEX',
      message: expect.stringContaining('ensureIndexes()'),
    });
    expect(events.filter((event) => event.endsWith('active')).slice(0, 2)).toEqual([
      'user active',
      'provider active',
    ]);
    await stub.stop();
  },
);

test('ensureIndexes() resumes, and waits for an index of another name', async () => {
  const described = (index) => ({
    Table: {
      ...answerOfTable('ACTIVE').body.Table,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      GlobalSecondaryIndexes: index && [
        {
          IndexName: 'user-index',
          IndexStatus: index,
          KeySchema: [{ AttributeName: 'user', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    },
  });
  // Each creation looks at the table once more, and again if DynamoDB refuses it.
  const states = ['DELETING', ...Array(5), 'CREATING', 'ACTIVE'];
  const created = [];
  const stub = await startStub(({ operation, body }) => {
    if (operation === 'UpdateTable') {
      created.push(body);
      return created.length === 1
        ? refusal('ResourceInUseException', 'Attempt to change a resource which is in use')
        : { body: {} };
    }
    const [state] = states;
    if (operation === 'DescribeTable') states.shift();
    return { body: described(state) };
  });
  const store = newStore({
    table: 'sessions',
    initialized: true,
    dynamoConfig: { ...dynamoConfig(), endpoint: stub.endpoint },
    indexes: { user: { value: 'user' } },
  });
  const events = [];
  store.on('index', (event) => events.push(event));
  await store.ensureIndexes();
  expect(events.map(({ state }) => state)).toEqual(['waiting', 'creating', 'active']);
  expect(events[0]).toEqual({
    name: 'user',
    index: 'user-index',
    attribute: 'user',
    state: 'waiting',
  });
  expect(created).toHaveLength(2);
  await stub.stop();
});

test('ensureIndexes() ends with the store', async () => {
  const stub = await startStub(({ operation }) => ({
    body: operation === 'DescribeTable' ? answerOfTable('ACTIVE').body : {},
  }));
  const store = newStore({
    table: 'sessions',
    initialized: true,
    dynamoConfig: { ...dynamoConfig(), endpoint: stub.endpoint },
  });
  const begun = once(store, 'index');
  const ensured = store.ensureIndexes();
  ensured.catch(() => {});
  await begun;
  await store.close();
  await expect(ensured).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
  await stub.stop();
});

test('a missing index is DynamoDB’s error', async () => {
  const store = newStore({ table: await newTable(), initialized: true });
  await expect(store.sessionsOf('user', 'ann')).rejects.toMatchObject({
    code: 'ValidationException',
  });
});
