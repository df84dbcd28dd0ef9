'use strict';

/** The diagnosis of stores where a real DynamoDB has no faults: denials, clocks, replicas, outages, credentials. */

const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { CHECKS, diagnose, permissions } = require('../cli/doctor');
const { withCleanEnvironment } = require('./support/clean-environment');
const { refusal, startStub } = require('./support/stub-dynamodb');

const place = withCleanEnvironment();

/** @type {Awaited<ReturnType<typeof startStub>>[]} */
const stubs = [];
afterEach(() => Promise.all(stubs.splice(0).map((stub) => stub.stop())));

/** The description of a table for Express. */
const described = {
  TableName: 'sessions',
  TableArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/sessions',
  TableStatus: 'ACTIVE',
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
};
const deletes = {
  TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' },
};

/**
 * A DynamoDB with a table, which keeps items. `answer` may answer instead.
 *
 * @param {object} [table] what differs in its description
 * @param {(call: any) => any} [answer]
 */
async function newDynamoDB(table = {}, answer = () => undefined) {
  const items = new Map();
  const stub = await startStub(async (call) => {
    const { body, operation } = call;
    const instead = await answer(call);
    if (instead) return instead;
    if (operation === 'DescribeTable') return { body: { Table: { ...described, ...table } } };
    if (operation === 'DescribeTimeToLive') return { body: deletes };
    if (body.ConditionExpression === 'attribute_exists(#key)') {
      return refusal('ConditionalCheckFailedException');
    }
    if (operation === 'PutItem') items.set(body.Item.id.S, body.Item);
    if (operation === 'DeleteItem') items.delete(body.Key.id.S);
    if (operation === 'GetItem') return { body: { Item: items.get(body.Key.id.S) } };
    return undefined;
  });
  stubs.push(stub);
  return { stub, items };
}

const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'test' };

const optionsFor = ({ endpoint }, more = {}) => ({
  initialized: true,
  dynamoConfig: { endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 },
  ...more,
});

async function findingsOf(options, settings) {
  const found = {};
  for await (const finding of diagnose('express', options, settings)) {
    found[finding.check] = finding;
  }
  expect(Object.keys(found)).toEqual(CHECKS);
  return found;
}

const withStatus = (found, status) => CHECKS.filter((check) => found[check].status === status);

/** IAM's message. */
const denial = (operation, because) =>
  refusal(
    'AccessDeniedException',
    `User: arn:aws:sts::111122223333:assumed-role/web/i-1 is not authorized to perform: dynamodb:${operation} on ` +
      `resource: ${described.TableArn} ${because}`,
  );

const NO_POLICY = 'because no identity-based policy allows the dynamodb:X action';

test('the stub is healthy', async () => {
  const { stub, items } = await newDynamoDB();
  const found = await findingsOf(optionsFor(stub));
  expect(withStatus(found, 'ok')).toEqual(CHECKS);
  expect(items.size).toBe(0);
});

describe('denials', () => {
  test.each([
    ['UpdateItem', 'error', {}],
    ['Query', 'error', { indexes: { user: { value: 'u' } } }],
    ['BatchWriteItem', 'warning', {}],
    ['BatchWriteItem', 'ok', { batch: false }],
    ['Scan', 'ok', {}],
    ['Scan', 'error', { reapInterval: 3_600_000 }],
    ['CreateTable', 'error', { initialized: false }],
    ['UpdateTimeToLive', 'warning', { initialized: false }],
  ])('%s: %s', async (action, status, more) => {
    const index = {
      AttributeDefinitions: [
        ...described.AttributeDefinitions,
        { AttributeName: 'user', AttributeType: 'S' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'user-index',
          IndexStatus: 'ACTIVE',
          KeySchema: [{ AttributeName: 'user', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    };
    const { stub } = await newDynamoDB(index, ({ operation }) =>
      operation === action ? denial(action, NO_POLICY) : undefined,
    );
    const found = await findingsOf(optionsFor(stub, more));
    expect(found.permissions.status).toBe(status);
    const { permissions: all } = found.permissions.data;
    const it = all.find((each) => each.action === `dynamodb:${action}`);
    expect(it).toMatchObject({ result: 'denied' });
    expect(it.reason).toBe(NO_POLICY);
    if (status === 'ok') return;
    expect(found.permissions.advice).toContain(`dynamodb:${action}`);
    expect(found.permissions.found).toContain('no identity-based policy');
    // The caller's name is none of its business.
    expect(JSON.stringify(found.permissions)).not.toContain('assumed-role');
  });

  test('DescribeTable: the rest is examined without it', async () => {
    const { stub, items } = await newDynamoDB({}, ({ operation }) =>
      operation.startsWith('Describe')
        ? denial(operation, 'with an explicit deny in a service control policy')
        : undefined,
    );
    const found = await findingsOf(optionsFor(stub));
    expect(found.table).toMatchObject({ status: 'warning' });
    expect(withStatus(found, 'skipped')).toEqual([
      'key',
      'time-to-live',
      'billing',
      'indexes',
      'replicas',
    ]);
    expect(found.permissions.status).toBe('ok');
    expect(found['round-trip'].status).toBe('ok');
    expect(items.size).toBe(0);
    // Without the table's description, no request is sent that could change a table.
    expect(stub.count('CreateTable') + stub.count('UpdateTable')).toBe(0);
    // The store creates the table only after it has described it.
    const creating = await findingsOf(optionsFor(stub, { initialized: false }));
    expect(creating.table.status).toBe('error');
    expect(creating.permissions.status).toBe('error');
  });

  test.each(['ThrottlingException', 'UnrecognizedClientException'])(
    '%s says nothing about a permission',
    async (name) => {
      const { stub } = await newDynamoDB({}, ({ operation }) =>
        operation === 'BatchGetItem' ? refusal(name) : undefined,
      );
      const all = await permissions('express', optionsFor(stub));
      const it = all.find(({ action }) => action === 'dynamodb:BatchGetItem');
      expect(it).toMatchObject({ result: 'unknown', reason: expect.stringContaining(name) });
    },
  );
});

test('no request of the permissions could change anything', async () => {
  const { stub } = await newDynamoDB();
  const uses = ['createTable', 'ensureIndexes', 'all'];
  const indexes = { user: { value: 'u' } };
  await permissions('express', optionsFor(stub, { indexes, prefix: 'shop:' }), { uses });
  const writes = stub.calls.filter(({ operation }) => /^(Put|Update|Delete)Item$/.test(operation));
  expect(writes).toHaveLength(3);
  for (const { body } of writes) {
    expect(body.ConditionExpression).toBe('attribute_exists(#key)');
    // Policies by the leading key allow the prefix of the store.
    expect((body.Key ?? body.Item).id.S).toMatch(/^shop:doctor-.{32}$/);
  }
  const requests = (operation) =>
    stub.calls.filter((call) => call.operation === operation).map(({ body }) => body);
  expect(requests('BatchWriteItem')[0].RequestItems.sessions).toEqual([
    { DeleteRequest: { Key: { id: { S: expect.stringMatching(/^shop:doctor-/) } } } },
  ]);
  for (const body of [...requests('Scan'), ...requests('Query')]) {
    expect(body).toMatchObject({ Limit: 1, Select: 'COUNT' });
  }
  expect(requests('UpdateTimeToLive')).toEqual([
    {
      TableName: 'sessions',
      TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
    },
  ]);
  const [{ GlobalSecondaryIndexUpdates: updates }] = requests('UpdateTable');
  expect(updates).toEqual([{ Delete: { IndexName: expect.stringMatching(/^doctor-.{32}$/) } }]);
});

describe('the clock', () => {
  test.each([
    [20, 'warning', 'behind'],
    [-20, 'warning', 'ahead of'],
    [900, 'error', 'behind'],
    [0, 'ok', 'agrees'],
  ])('of DynamoDB is %s s ahead: %s', async (seconds, status, says) => {
    const { stub } = await newDynamoDB({}, ({ operation }) =>
      operation === 'DescribeTable'
        ? {
            body: { Table: described },
            headers: { date: new Date(Date.now() + seconds * 1000).toUTCString() },
          }
        : undefined,
    );
    const { clock } = await findingsOf(optionsFor(stub));
    expect(clock).toMatchObject({ status, found: expect.stringContaining(says) });
    expect(Math.abs(clock.data.secondsAhead - seconds)).toBeLessThan(60);
  });
});

describe('replicas', () => {
  const replicas = (...states) =>
    states.map((ReplicaStatus, at) => ({ RegionName: `eu-west-${at + 1}`, ReplicaStatus }));

  test('all of them are named, and each write is billed for each', async () => {
    const { stub } = await newDynamoDB({ Replicas: replicas('ACTIVE', 'ACTIVE') });
    const { billing, replicas: found } = await findingsOf(optionsFor(stub));
    expect(found).toMatchObject({ status: 'ok', data: { consistency: 'EVENTUAL' } });
    expect(found.found).toContain('eu-west-1 (ACTIVE) and eu-west-2 (ACTIVE)');
    expect(billing.data).toMatchObject({ regions: 2, writeUnitsOfAView: 0.66 });
  });

  test('one that is not active is a warning', async () => {
    const { stub } = await newDynamoDB({ Replicas: replicas('ACTIVE', 'CREATING') });
    expect((await findingsOf(optionsFor(stub))).replicas.status).toBe('warning');
  });

  test('strong consistency allows neither time to live nor moves of sessions', async () => {
    const { stub } = await newDynamoDB({
      Replicas: replicas('ACTIVE', 'ACTIVE'),
      GlobalTableWitnesses: [{ RegionName: 'eu-west-3', WitnessStatus: 'ACTIVE' }],
      MultiRegionConsistency: 'STRONG',
    });
    const { replicas: found } = await findingsOf(optionsFor(stub));
    expect(found).toMatchObject({ status: 'warning', data: { witnesses: ['eu-west-3'] } });
    expect(found.found).toContain('no time to live');
    const hashIds = { secret: 's'.repeat(32), migrate: true };
    const moving = await findingsOf(optionsFor(stub, { hashIds }));
    expect(moving.replicas).toMatchObject({ status: 'error' });
  });
});

test.each([
  ['CREATING', 'creating it'],
  ['INACCESSIBLE_ENCRYPTION_CREDENTIALS', 'key of AWS KMS'],
])('a table with the status %s', async (TableStatus, advice) => {
  const { stub } = await newDynamoDB({ TableStatus });
  const { indexes, table } = await findingsOf(optionsFor(stub, { indexes: { u: { value: 'u' } } }));
  expect(table).toMatchObject({ status: 'error', advice: expect.stringContaining(advice) });
  expect(indexes.status).toBe('skipped');
});

describe('where nobody answers', () => {
  const afterEndpoint = CHECKS.slice(CHECKS.indexOf('clock'));

  test('a dead address', async () => {
    const { stub } = await newDynamoDB();
    const options = optionsFor(stub);
    await stubs.pop()?.stop();
    const found = await findingsOf(options);
    expect(found.endpoint).toMatchObject({ status: 'error', advice: expect.any(String) });
    expect(found.endpoint.found).toContain(stub.endpoint);
    expect(withStatus(found, 'skipped')).toEqual(afterEndpoint);
  });

  test('a server that never answers: the signal ends the wait', async () => {
    const stop = new AbortController();
    const { stub } = await newDynamoDB({}, () => {
      stop.abort();
      return 'hang';
    });
    const reason = expect.objectContaining({ name: 'AbortError' });
    await expect(findingsOf(optionsFor(stub), { signal: stop.signal })).rejects.toEqual(reason);
    await expect(findingsOf(optionsFor(stub), { signal: stop.signal })).rejects.toEqual(reason);
  });
});

test('if the signal is aborted during a round, its session is deleted', async () => {
  const stop = new AbortController();
  const { stub, items } = await newDynamoDB({}, ({ body, operation }) => {
    if (operation === 'PutItem' && !body.ConditionExpression?.includes('#key')) stop.abort();
  });
  await expect(findingsOf(optionsFor(stub), { signal: stop.signal })).rejects.toThrow('abort');
  expect(stub.count('DeleteItem')).toBeGreaterThan(1);
  expect(items.size).toBe(0);
});

test('a read that fails leaves no session either', async () => {
  const { stub, items } = await newDynamoDB({}, ({ body, operation }) =>
    operation === 'GetItem' && body.ConsistentRead ? refusal('ValidationException') : undefined,
  );
  const found = await findingsOf(optionsFor(stub));
  expect(found['round-trip']).toMatchObject({ status: 'error', data: { step: 'read' } });
  expect(items.size).toBe(0);
});

describe('credentials and region', () => {
  const withoutCredentials = ({ endpoint }) => ({ initialized: true, dynamoConfig: { endpoint } });

  test('none: the sources are named, and nothing is sent', async () => {
    const { stub } = await newDynamoDB();
    const found = await findingsOf(withoutCredentials(stub));
    expect(found.credentials).toMatchObject({ status: 'error', advice: expect.any(String) });
    expect(found.credentials.found).toContain('AWS_ACCESS_KEY_ID');
    expect(found.region).toMatchObject({ status: 'ok', data: { from: 'AWS_REGION' } });
    expect(found.endpoint.status).toBe('skipped');
    expect(stub.calls).toEqual([]);
  });

  test('environment variables', async () => {
    const { stub } = await newDynamoDB();
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint,
    });
    const found = await findingsOf({ initialized: true });
    expect(found.credentials.data).toEqual({ source: 'environment', from: 'the environment' });
    expect(found.endpoint).toMatchObject({ data: { from: 'AWS_ENDPOINT_URL_DYNAMODB' } });
    expect(withStatus(found, 'ok')).toEqual(CHECKS);
  });

  test('a profile of the shared files, with the region', async () => {
    const { stub } = await newDynamoDB();
    delete process.env.AWS_REGION;
    const lines = ['[shop]', 'aws_access_key_id = A', 'aws_secret_access_key = B'];
    const file = join(place.folder, 'credentials');
    writeFileSync(file, `${lines.join('\n')}\nregion = eu-north-1\n`);
    Object.assign(process.env, { AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: 'shop' });
    const found = await findingsOf(withoutCredentials(stub));
    expect(found.credentials).toMatchObject({
      data: { source: 'profile' },
      found: expect.stringContaining('profile "shop" of the shared files'),
    });
    expect(found.region.data).toEqual({ region: 'eu-north-1', from: 'profile' });
  });

  test('a program, whose credentials end', async () => {
    const { stub } = await newDynamoDB();
    const script = join(place.folder, 'give.js');
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    const given = { Version: 1, AccessKeyId: 'A', SecretAccessKey: 'B', Expiration };
    writeFileSync(script, `console.log(${JSON.stringify(JSON.stringify(given))})`);
    const file = join(place.folder, 'config');
    writeFileSync(file, `[default]\ncredential_process = "${process.execPath}" "${script}"\n`);
    process.env.AWS_CONFIG_FILE = file;
    const { credentials: found } = await findingsOf(withoutCredentials(stub));
    expect(found).toMatchObject({
      status: 'ok',
      data: { source: 'process', ends: new Date(Expiration).toISOString() },
    });
  });

  test('a container', async () => {
    const { stub } = await newDynamoDB();
    const given = {
      AccessKeyId: 'A',
      SecretAccessKey: 'B',
      Token: 'C',
      Expiration: '2040-01-01T00:00:00Z',
    };
    const http = require('node:http');
    const server = http.createServer((_request, response) => response.end(JSON.stringify(given)));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `http://127.0.0.1:${port}/`;
    const { credentials: found } = await findingsOf(withoutCredentials(stub));
    expect(found.data).toMatchObject({ source: 'container', ends: '2040-01-01T00:00:00.000Z' });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('a provider in the options', async () => {
    const { stub } = await newDynamoDB();
    const dynamoConfig = { endpoint: stub.endpoint, credentials: async () => credentials };
    const found = await findingsOf({ initialized: true, dynamoConfig });
    expect(found.credentials.data).toMatchObject({ source: 'provider' });
  });

  test('no region: any will do for an endpoint of its own', async () => {
    const { stub } = await newDynamoDB();
    delete process.env.AWS_REGION;
    const { region } = await findingsOf({
      initialized: true,
      dynamoConfig: { endpoint: stub.endpoint, credentials },
    });
    expect(region).toMatchObject({ status: 'ok', data: { from: 'default' } });
  });

  test('a setting that cannot be used', async () => {
    const { stub } = await newDynamoDB();
    const dynamoConfig = { endpoint: stub.endpoint, region: 'not a region', credentials };
    const found = await findingsOf({ initialized: true, dynamoConfig });
    expect(withStatus(found, 'error')).toEqual(['credentials']);
    expect(found.credentials.found).toContain('not a region');
  });
});
