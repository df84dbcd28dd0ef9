'use strict';

/** The option `createTable`: what a table gets that a store creates. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { execFile } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { describeTable, dynamoConfig, newTableName, send } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { refusal, table } = require('./support/stub-dynamodb');
const { v2, v3 } = require('./support/ways');

const { keep, newStub } = storesOf(DynamoDBStore);

/** All that AWS's CreateTable takes of it. */
const SETTINGS = {
  DeletionProtectionEnabled: true,
  OnDemandThroughput: { MaxReadRequestUnits: 400, MaxWriteRequestUnits: 100 },
  SSESpecification: { Enabled: true, KMSMasterKeyId: 'alias/sessions', SSEType: 'KMS' },
  TableClass: 'STANDARD_INFREQUENT_ACCESS',
  Tags: [
    { Key: 'team', Value: 'web' },
    { Key: 'empty', Value: '' },
  ],
};
/** What aws-sdk v2 does not know. */
const WARM = { WarmThroughput: { ReadUnitsPerSecond: 13_000, WriteUnitsPerSecond: 5000 } };
const RECOVERY = { PointInTimeRecoveryEnabled: true };

/** Each framework's store: its options for a table on demand, and its way to create it. */
const frameworks = {
  Express: {
    Store: DynamoDBStore,
    options: { payPerRequest: true },
    named: (name) => ({ table: name }),
    create: (store) => store.initialize(),
    hashKey: 'id',
  },
  Koa: {
    Store: KoaStore,
    options: { payPerRequest: true },
    named: (name) => ({ table: { name } }),
    create: (store) => store.createTableIfDontExists(),
    hashKey: 'sessionId',
  },
  Shopify: {
    Store: DynamoDBSessionStorage,
    options: {},
    named: (name) => ({ sessionTableName: name }),
    create: (storage) => storage.createTableIfNotExists(),
    hashKey: 'id',
  },
};

/** A store of a framework that reaches DynamoDB by these settings. */
function newStore({ Store, options }, config, more) {
  const settings = Store === DynamoDBSessionStorage ? { config } : { dynamoConfig: config };
  const reaching = config ? settings : {};
  return keep(new Store({ ...reaching, ...options, ...more }));
}

/** A DynamoDB without the table, until it is created. `answer` answers what the tests are about. */
async function newEmptyStub(hashKey, answer = () => undefined) {
  let isCreated = false;
  return newStub((call) => {
    const { operation } = call;
    const answered = answer(call);
    if (answered) return answered;
    if (operation === 'CreateTable') isCreated = true;
    if (operation !== 'DescribeTable') return {};
    return isCreated ? created(hashKey) : refusal('ResourceNotFoundException');
  });
}

/** The table, with the index that Shopify's storage looks for. */
function created(hashKey) {
  const { Table } = table('ACTIVE', hashKey).body;
  const keySchema = [{ AttributeName: 'shop', KeyType: 'HASH' }];
  const index = { IndexName: 'shop_index', IndexStatus: 'ACTIVE', KeySchema: keySchema };
  return { body: { Table: { ...Table, GlobalSecondaryIndexes: [index] } } };
}

const callsOf = (stub, name) =>
  stub.calls.filter(({ operation }) => operation === name).map(({ body }) => body);

/** What DynamoDB answers to UpdateContinuousBackups. */
const recovering = {
  body: {
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: {
        PointInTimeRecoveryStatus: 'ENABLED',
        EarliestRestorableDateTime: 1_795_218_096.5,
      },
    },
  },
};

const ways = [
  ['from the addon', undefined, WARM, { ...RECOVERY, RecoveryPeriodInDays: 7 }],
  ['through a client of aws-sdk v3', v3, WARM, { ...RECOVERY, RecoveryPeriodInDays: 7 }],
  ['through a client of aws-sdk v2', v2, {}, RECOVERY],
];

describe.each(Object.entries(frameworks))('%s:', (_name, framework) => {
  const { hashKey, create } = framework;

  test.each(ways)('%s, DynamoDB is asked for all of it', async (_way, way, warm, recovery) => {
    const { stub, config } = await newEmptyStub(hashKey, ({ operation }) =>
      operation === 'UpdateContinuousBackups' ? recovering : undefined,
    );
    const createTable = {
      ...SETTINGS,
      ...warm,
      PointInTimeRecoverySpecification: recovery,
    };
    const store = way
      ? newStore(framework, undefined, {
          client: way(stub.endpoint),
          transport: 'client',
          createTable,
        })
      : newStore(framework, config, { createTable });
    const warnings = jest.fn();
    store.on('warning', warnings);
    await create(store);
    await store.close();
    const [asked, ...others] = callsOf(stub, 'CreateTable');
    expect(others).toEqual([]);
    expect(asked).toMatchObject({ BillingMode: 'PAY_PER_REQUEST', ...SETTINGS, ...warm });
    expect(asked).not.toHaveProperty('PointInTimeRecoverySpecification');
    expect(callsOf(stub, 'UpdateContinuousBackups')).toEqual([
      { TableName: asked.TableName, PointInTimeRecoverySpecification: recovery },
    ]);
    expect(warnings).not.toHaveBeenCalled();
  });

  test('recovery is asked for until DynamoDB has set up backups, and no call waits', async () => {
    let refusals = 0;
    let release;
    const isReleased = new Promise((resolve) => {
      release = resolve;
    });
    const { stub, config } = await newEmptyStub(hashKey, ({ operation }) => {
      if (operation !== 'UpdateContinuousBackups') return undefined;
      refusals += 1;
      if (refusals > 3) return isReleased.then(() => recovering);
      return refusal('ContinuousBackupsUnavailableException', 'Backups are being enabled');
    });
    const store = newStore(framework, config, {
      createTable: { PointInTimeRecoverySpecification: RECOVERY },
    });
    await create(store);
    const closed = store.close();
    const isClosed = jest.fn();
    closed.then(isClosed);
    while (stub.count('UpdateContinuousBackups') < 4) await new Promise(setImmediate);
    expect(isClosed).not.toHaveBeenCalled();
    release();
    await closed;
    expect(stub.count('UpdateContinuousBackups')).toBe(4);
  });

  test('recovery that is refused is a warning', async () => {
    const { config } = await newEmptyStub(hashKey, ({ operation }) =>
      operation === 'UpdateContinuousBackups' ? refusal('AccessDeniedException') : undefined,
    );
    const store = newStore(framework, config, {
      createTable: { PointInTimeRecoverySpecification: RECOVERY },
    });
    const warned = once(store, 'warning');
    await create(store);
    const [warning] = await warned;
    expect(warning).toMatchObject({
      code: 'AccessDeniedException',
      message: expect.stringMatching(/^table ".*" has no point-in-time recovery: /),
      cause: expect.any(Error),
    });
  });

  test('the table of another process is left as it is', async () => {
    const { stub, config } = await newStub(({ operation }) => {
      if (operation === 'CreateTable') return refusal('ResourceInUseException');
      if (operation !== 'DescribeTable') return {};
      return stub.count('CreateTable') > 0
        ? table('ACTIVE', hashKey)
        : refusal('ResourceNotFoundException');
    });
    const store = newStore(framework, config, {
      createTable: { ...SETTINGS, PointInTimeRecoverySpecification: RECOVERY },
    });
    await create(store);
    await store.close();
    expect(stub.count('UpdateContinuousBackups')).toBe(0);
  });

  test('nothing is asked for that is not set', async () => {
    const { stub, config } = await newEmptyStub(hashKey);
    const store = newStore(framework, config, {
      createTable: {
        Tags: undefined,
        TableClass: null,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
      },
    });
    await create(store);
    await store.close();
    const [asked] = callsOf(stub, 'CreateTable');
    for (const name of [...Object.keys(SETTINGS), ...Object.keys(WARM)]) {
      expect(asked).not.toHaveProperty(name);
    }
    expect(stub.count('UpdateContinuousBackups')).toBe(0);
  });

  test('DynamoDB Local keeps what it knows, and its lack of recovery is a warning', async () => {
    const name = newTableName();
    const store = newStore(framework, dynamoConfig(), {
      ...framework.named(name),
      createTable: { ...SETTINGS, ...WARM, PointInTimeRecoverySpecification: RECOVERY },
    });
    const warned = once(store, 'warning');
    await create(store);
    expect((await warned)[0]).toMatchObject({ code: 'UnknownOperationException' });
    const { DeletionProtectionEnabled, OnDemandThroughput } = SETTINGS;
    expect(await describeTable(name)).toMatchObject({
      DeletionProtectionEnabled,
      OnDemandThroughput,
    });
    await send('UpdateTable', { TableName: name, DeletionProtectionEnabled: false });
  });

  const recovery = 'PointInTimeRecoverySpecification';
  test.each([
    ['createTable', []],
    ['createTable.DeletionProtectionEnabled', { DeletionProtectionEnabled: 'yes' }],
    ['createTable.TableClass', { TableClass: 'INFREQUENT' }],
    ['createTable.Tags', { Tags: { team: 'web' } }],
    ['createTable.Tags[1]', { Tags: [SETTINGS.Tags[0], 'team=web'] }],
    ['createTable.Tags[0].Key', { Tags: [{ Key: '', Value: 'web' }] }],
    ['createTable.Tags[0].Key', { Tags: [{ Value: 'web' }] }],
    ['createTable.Tags[0].Value', { Tags: [{ Key: 'team' }] }],
    ['createTable.Tags[0].value', { Tags: [{ Key: 'team', value: 'web' }] }],
    ['createTable.SSESpecification', { SSESpecification: true }],
    ['createTable.SSESpecification.SSEType', { SSESpecification: { SSEType: 'AES256' } }],
    ['createTable.SSESpecification.KMSMasterKeyId', { SSESpecification: { KMSMasterKeyId: ' ' } }],
    ['createTable.SSESpecification.SSEEnabled', { SSESpecification: { SSEEnabled: true } }],
    ['createTable.OnDemandThroughput', { OnDemandThroughput: {} }],
    [
      'createTable.OnDemandThroughput.MaxReadRequestUnits',
      { OnDemandThroughput: { MaxReadRequestUnits: -1 } },
    ],
    ['createTable.WarmThroughput', { WarmThroughput: {} }],
    [
      'createTable.WarmThroughput.WriteUnitsPerSecond',
      { WarmThroughput: { WriteUnitsPerSecond: 4000.5 } },
    ],
    [`createTable.${recovery}.PointInTimeRecoveryEnabled`, { [recovery]: {} }],
    [
      `createTable.${recovery}.RecoveryPeriodInDays`,
      { [recovery]: { ...RECOVERY, RecoveryPeriodInDays: 36 } },
    ],
    ['createTable.BillingMode', { BillingMode: 'PAY_PER_REQUEST' }],
    ['createTable.deletionProtectionEnabled', { deletionProtectionEnabled: true }],
  ])('a wrong %s is a TypeError that names it', (option, createTable) => {
    let error;
    try {
      newStore(framework, dynamoConfig(), { createTable });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining(`option "${option}"`),
    });
  });

  test('a maximum for requests on demand is refused for a table with capacity units', () => {
    const { OnDemandThroughput } = SETTINGS;
    const capacity =
      framework.Store === DynamoDBSessionStorage
        ? { readCapacityUnits: 5 }
        : { payPerRequest: false };
    expect(() =>
      newStore(framework, dynamoConfig(), { ...capacity, createTable: { OnDemandThroughput } }),
    ).toThrow(/option "createTable.OnDemandThroughput" must not be set .* capacity units/);
  });
});

test('the names are AWS’s, and others are told so', () => {
  const make = (createTable) => () => newStore(frameworks.Express, dynamoConfig(), { createTable });
  expect(make({ deletionProtectionEnabled: true })).toThrow(
    'option "createTable.deletionProtectionEnabled" is not known: "createTable" takes ' +
      'DeletionProtectionEnabled, OnDemandThroughput, PointInTimeRecoverySpecification, ' +
      'SSESpecification, TableClass, Tags, WarmThroughput. ' +
      'Did you mean "createTable.DeletionProtectionEnabled"?',
  );
  expect(make({ WarmThroughput: { readUnits: 5 } })).toThrow(
    /"createTable.WarmThroughput" takes ReadUnitsPerSecond, WriteUnitsPerSecond/,
  );
});

test('the index of Shopify’s table has the same throughput', async () => {
  const { stub, config } = await newEmptyStub('id');
  const { OnDemandThroughput } = SETTINGS;
  const storage = newStore(frameworks.Shopify, config, {
    createTable: { OnDemandThroughput, ...WARM },
  });
  await storage.createTableIfNotExists();
  expect(callsOf(stub, 'CreateTable')[0].GlobalSecondaryIndexes).toMatchObject([
    { IndexName: 'shop_index', OnDemandThroughput, ...WARM },
  ]);
});

test('a client of aws-sdk v2 says what it does not know', async () => {
  const { stub } = await newEmptyStub('id');
  const store = newStore(frameworks.Express, undefined, {
    client: v2(stub.endpoint),
    transport: 'client',
    createTable: WARM,
  });
  await expect(store.initialize()).rejects.toMatchObject({
    code: 'ERR_SESSION_CLIENT',
    message: expect.stringContaining('WarmThroughput'),
  });
});

test('a process that ends by itself has asked for recovery', async () => {
  let refusals = 0;
  const { stub, config } = await newEmptyStub('id', ({ operation }) => {
    if (operation !== 'UpdateContinuousBackups') return undefined;
    refusals += 1;
    return refusals > 2 ? recovering : refusal('ContinuousBackupsUnavailableException');
  });
  const options = {
    dynamoConfig: config,
    createTable: { PointInTimeRecoverySpecification: RECOVERY },
  };
  const script = `new (require('.').DynamoDBStore)(${JSON.stringify(options)}).initialize();`;
  await promisify(execFile)(process.execPath, ['-e', script], { cwd: join(__dirname, '..') });
  expect(stub.count('UpdateContinuousBackups')).toBe(3);
});

test('a table that is lost is made again with the same settings', async () => {
  let isThere = false;
  const { stub, config } = await newStub(({ operation }) => {
    if (operation === 'CreateTable') isThere = true;
    if (operation === 'CreateTable' || isThere) {
      return operation === 'DescribeTable' ? table() : {};
    }
    return refusal('ResourceNotFoundException');
  });
  const store = newStore(frameworks.Express, config, {
    createTable: { ...SETTINGS, PointInTimeRecoverySpecification: RECOVERY },
  });
  await store.get('one');
  isThere = false;
  await store.get('one');
  await store.close();
  const [first, second] = callsOf(stub, 'CreateTable');
  expect(first).toMatchObject(SETTINGS);
  expect(second).toEqual(first);
  expect(stub.count('UpdateContinuousBackups')).toBe(2);
});
