'use strict';

const { execFile } = require('node:child_process');
const { once } = require('node:events');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const http = require('node:http');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { promisify } = require('node:util');
const AWS = require('aws-sdk');
const { DynamoDBStore } = require('..');
const { credentials, newTable, region } = require('./support/dynamodb');
const { startStub, table } = require('./support/stub-dynamodb');

const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name, text) {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('a wrong option is a TypeError at construction that names it:', () => {
  const keys = [{ name: 'a', type: 'S' }];
  test.each([
    ['table', ''],
    ['table', 5],
    ['table', 'with space'],
    ['hashKey', ''],
    ['hashKey', 'sess'],
    ['hashKey', {}],
    ['prefix', 5],
    ['readCapacityUnits', -1],
    ['readCapacityUnits', 0],
    ['readCapacityUnits', 1.5],
    ['readCapacityUnits', 'many'],
    ['writeCapacityUnits', -5],
    ['writeCapacityUnits', Number.NaN],
    ['writeCapacityUnits', ''],
    ['payPerRequest', 'yes'],
    ['timeToLive', 1],
    ['consistentRead', 'no'],
    ['initialized', 1],
    ['skipThrowMissingSpecialKeys', 'false'],
    ['specialKeys', 'userId'],
    ['specialKeys', {}],
    ['specialKeys[0]', ['userId'], 'specialKeys'],
    ['specialKeys[0].name', [{ type: 'S' }], 'specialKeys'],
    ['specialKeys[0].name', [{ name: '', type: 'S' }], 'specialKeys'],
    ['specialKeys[0].name', [{ name: 'expires', type: 'N' }], 'specialKeys'],
    ['specialKeys[0].type', [{ name: 'a' }], 'specialKeys'],
    ['specialKeys[0].type', [{ name: 'a', type: 'SS' }], 'specialKeys'],
    ['specialKeys[0].type', [{ name: 'a', type: 5 }], 'specialKeys'],
    ['specialKeys[1].name', [...keys, ...keys], 'specialKeys'],
    ['reapInterval', -1],
    ['reapInterval', '1000'],
    ['reapInterval', 2 ** 31],
    ['ttl', 0],
    ['ttl', -1],
    ['ttl', '1 day'],
    ['operationTimeout', 0],
    ['tableTimeout', Number.POSITIVE_INFINITY],
    ['client', 'dynamodb'],
    ['client', {}],
    ['client', { config: {} }],
    ['dynamoConfig', 'us-east-1'],
    ['dynamoConfig.region', { region: '' }, 'dynamoConfig'],
    ['dynamoConfig.region', { region: 5 }, 'dynamoConfig'],
    ['dynamoConfig.endpoint', { endpoint: 'not a url' }, 'dynamoConfig'],
    ['dynamoConfig.endpoint', { endpoint: 'ftp://localhost' }, 'dynamoConfig'],
    ['dynamoConfig.endpoint', { endpoint: 'http://user:pass@localhost' }, 'dynamoConfig'],
    ['dynamoConfig.endpoint', { endpoint: 8000 }, 'dynamoConfig'],
    ['dynamoConfig.accessKeyId', { secretAccessKey: 'x' }, 'dynamoConfig'],
    ['dynamoConfig.secretAccessKey', { accessKeyId: 'x' }, 'dynamoConfig'],
    ['dynamoConfig.credentials', { credentials: { accessKeyId: 'x' } }, 'dynamoConfig'],
    ['dynamoConfig.credentials', { credentials: 'x:y' }, 'dynamoConfig'],
    ['dynamoConfig.maxAttempts', { maxAttempts: 0 }, 'dynamoConfig'],
    ['dynamoConfig.maxRetries', { maxRetries: -1 }, 'dynamoConfig'],
    ['dynamoConfig.requestTimeout', { requestTimeout: 0 }, 'dynamoConfig'],
    ['dynamoConfig.httpOptions', { httpOptions: 5 }, 'dynamoConfig'],
    ['dynamoConfig.httpOptions.timeout', { httpOptions: { timeout: '5' } }, 'dynamoConfig'],
    ['dynamoConfig.useFipsEndpoint', { useFipsEndpoint: 'true' }, 'dynamoConfig'],
    ['AWSRegion', ''],
    ['AWSRegion', 5],
    ['AWSConfigJSON', '{}'],
    ['AWSConfigJSON.endpoint', { endpoint: '::' }, 'AWSConfigJSON'],
    ['AWSConfigPath', 5],
    ['AWSConfigPath', 'no/such/file.json'],
    ['AWSConfigPath', file('not.json', 'aws_secret = SECRET')],
    ['AWSConfigPath', file('list.json', '[]')],
    ['AWSConfigPath.region', file('region.json', '{ "region": 5 }'), 'AWSConfigPath'],
  ])('%s: %p', (name, value, option = name) => {
    const make = () => new DynamoDBStore({ [option]: value });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }));
    expect(make).toThrow(`option "${name}" `);
    expect(make).not.toThrow(/SECRET|user:pass/);
  });

  test('options that contradict each other', () => {
    const make = () => new DynamoDBStore({ dynamoConfig: {}, AWSRegion: 'us-east-1' });
    expect(make).toThrow(
      'option "AWSRegion" cannot be used together with "dynamoConfig": remove one of them',
    );
  });

  test('options that are no object', () => {
    expect(() => new DynamoDBStore('sessions')).toThrow(TypeError);
  });
});

test('null and undefined are the same as no option', () => {
  const names = ['table', 'prefix', 'client', 'dynamoConfig', 'specialKeys', 'ttl', 'reapInterval'];
  for (const nothing of [null, undefined]) {
    const store = new DynamoDBStore(Object.fromEntries(names.map((name) => [name, nothing])));
    expect(store).toMatchObject({ table: 'sessions', prefix: 'sess:', specialKeys: [] });
  }
});

test('capacities may be numeric strings, and 0 where the table is on demand', () => {
  const store = new DynamoDBStore({ readCapacityUnits: '25', writeCapacityUnits: '1' });
  expect(store).toMatchObject({ readCapacityUnits: 25, writeCapacityUnits: 1 });
  const options = { payPerRequest: true, readCapacityUnits: 0, writeCapacityUnits: 0 };
  expect(() => new DynamoDBStore(options)).not.toThrow();
});

/** What a script prints in a process of its own: Jest gives tests a `process` that is not real. */
async function run(script, env) {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', script], {
    cwd: join(__dirname, '..'),
    env: { ...process.env, ...env },
  });
  return { stdout: stdout.trim(), stderr };
}

test('an option that is not known causes one warning, with its name', async () => {
  const { stderr } = await run(`
    const { DynamoDBStore } = require('.');
    const dynamoConfig = { loger: console, httpOptions: { xhrAsync: true } };
    for (let times = 0; times < 2; times += 1) new DynamoDBStore({ tabel: 'x', dynamoConfig });
  `);
  const names = [...stderr.matchAll(/UNKNOWN_OPTION\].* option "([^"]+)"/g)].map(
    ([, name]) => name,
  );
  expect(names).toEqual(['tabel', 'dynamoConfig.loger', 'dynamoConfig.httpOptions.xhrAsync']);
});

describe('where requests go:', () => {
  let stub;
  beforeEach(async () => {
    stub = await startStub(({ operation }) => (operation === 'DescribeTable' ? table() : {}));
  });
  afterEach(() => stub.stop());

  /** The access key and the region that a request was signed with. */
  async function signature(options) {
    const store = new DynamoDBStore({ initialized: true, ...options });
    await store.get('abc');
    await store.close();
    const { headers } = stub.calls.at(-1);
    const [, key, signedRegion] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(headers.authorization);
    return { key, region: signedRegion, token: headers['x-amz-security-token'] };
  }

  const settings = () => ({ endpoint: stub.endpoint, region: 'eu-west-1', ...credentials });
  const expected = { key: 'test', region: 'eu-west-1' };

  test('dynamoConfig, with the names of aws-sdk v2', async () => {
    expect(await signature({ dynamoConfig: settings() })).toMatchObject(expected);
  });

  test('dynamoConfig.endpoint as an AWS.Endpoint', async () => {
    const endpoint = new AWS.Endpoint(stub.endpoint);
    expect(await signature({ dynamoConfig: { ...settings(), endpoint } })).toMatchObject(expected);
  });

  test('dynamoConfig.credentials as an object', async () => {
    const config = {
      endpoint: stub.endpoint,
      region,
      credentials: { accessKeyId: 'AKID', secretAccessKey: 's', sessionToken: 'TOKEN' },
    };
    expect(await signature({ dynamoConfig: config })).toEqual({
      key: 'AKID',
      region,
      token: 'TOKEN',
    });
  });

  test('dynamoConfig.credentials as a provider, asked once for many calls', async () => {
    const provide = jest.fn(async () => ({ accessKeyId: 'FROM-JS', secretAccessKey: 's' }));
    const config = { endpoint: stub.endpoint, region, credentials: provide };
    const store = new DynamoDBStore({ initialized: true, dynamoConfig: config });
    await Promise.all(['a', 'b', 'c'].map((sid) => store.get(sid)));
    await store.get('d');
    await store.close();
    expect(provide).toHaveBeenCalledTimes(1);
    for (const { headers } of stub.calls) expect(headers.authorization).toContain('=FROM-JS/');
  });

  test('dynamoConfig.credentials as an AWS.Credentials', async () => {
    const config = { endpoint: stub.endpoint, region, credentials: new AWS.Credentials('V2', 's') };
    expect(await signature({ dynamoConfig: config })).toMatchObject({ key: 'V2' });
  });

  test.each([
    [
      'rejects',
      async () => Promise.reject(new Error('the vault is sealed')),
      'the vault is sealed',
    ],
    [
      'throws',
      () => {
        throw new Error('the vault is sealed');
      },
      'the vault is sealed',
    ],
    ['gives nothing', async () => undefined, 'gave no accessKeyId'],
    ['gives half', async () => ({ accessKeyId: 'x' }), 'gave no secretAccessKey'],
  ])('a credential provider that %s is an error that says why', async (_what, provider, why) => {
    const config = { endpoint: stub.endpoint, region, credentials: provider };
    const store = new DynamoDBStore({ dynamoConfig: config });
    await expect(store.get('abc')).rejects.toMatchObject({
      code: 'ERR_SESSION_CREDENTIALS',
      message: expect.stringContaining(why),
    });
    await store.close();
  });

  test('a credential provider that hangs fails before the deadline', async () => {
    const config = { endpoint: stub.endpoint, region, credentials: () => new Promise(() => {}) };
    const store = new DynamoDBStore({ dynamoConfig: config, operationTimeout: 200 });
    await expect(store.get('abc')).rejects.toMatchObject({ code: 'ERR_SESSION_CREDENTIALS' });
    await store.close();
  });

  test('AWSConfigJSON', async () => {
    expect(await signature({ AWSConfigJSON: settings() })).toMatchObject(expected);
  });

  test('AWSConfigPath, before AWSConfigJSON and AWSRegion', async () => {
    const AWSConfigPath = file('aws.json', JSON.stringify(settings()));
    const others = { AWSConfigJSON: { region: 'other' }, AWSRegion: 'other' };
    expect(await signature({ AWSConfigPath, ...others })).toMatchObject(expected);
  });

  test('a client comes before the options of 2.x', async () => {
    const client = new AWS.DynamoDB(settings());
    expect(await signature({ client, AWSRegion: 'other' })).toMatchObject(expected);
  });

  test('dynamoConfig.maxRetries counts the attempts after the first', async () => {
    await stub.stop();
    stub = await startStub(() => ({ status: 500 }));
    const store = new DynamoDBStore({
      initialized: true,
      dynamoConfig: { ...settings(), maxRetries: 1 },
    });
    await expect(store.get('abc')).rejects.toMatchObject({
      $metadata: { httpStatusCode: 500 },
      retryable: true,
    });
    expect(stub.calls).toHaveLength(2);
    await store.close();
  });

  test('dynamoConfig.requestTimeout ends an attempt, and the next one may succeed', async () => {
    await stub.stop();
    let asked = 0;
    stub = await startStub(() => {
      asked += 1;
      return asked === 1 ? 'hang' : {};
    });
    const store = new DynamoDBStore({
      initialized: true,
      dynamoConfig: { ...settings(), requestTimeout: 500 },
    });
    expect(await store.get('abc')).toBeNull();
    expect(asked).toBeGreaterThan(1);
    await store.close();
  });
});

test('the AWS environment decides where no option does', async () => {
  const name = await newTable();
  const { stdout } = await run(
    `
    const { DynamoDBStore } = require('.');
    const store = new DynamoDBStore({ table: '${name}' });
    store.set('abc', { a: 1 }).then(() => store.get('abc')).then((found) => console.log(found.a));
    `,
    {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: region,
      AWS_ENDPOINT_URL_DYNAMODB: process.env.DYNAMODB_ENDPOINT,
    },
  );
  expect(stdout).toBe('1');
});

test('a profile decides where dynamoConfig names one', async () => {
  const stub = await startStub(() => ({}));
  const { stdout } = await run(
    `
    const { DynamoDBStore } = require('.');
    const dynamoConfig = { profile: 'shop', endpoint: '${stub.endpoint}' };
    const store = new DynamoDBStore({ initialized: true, dynamoConfig });
    store.get('abc').then(console.log);
    `,
    {
      AWS_CONFIG_FILE: file('config', '[profile shop]\nregion = eu-west-3\n'),
      AWS_SHARED_CREDENTIALS_FILE: file(
        'credentials',
        '[shop]\naws_access_key_id = SHOP\naws_secret_access_key = s\n',
      ),
    },
  );
  await stub.stop();
  expect(stdout).toBe('null');
  expect(stub.calls[0].headers.authorization).toMatch(/Credential=SHOP\/\d+\/eu-west-3\//);
});

test('an instance role decides where nothing else does', async () => {
  const stub = await startStub(() => ({}));
  const answers = {
    '/latest/api/token': 'token',
    '/latest/meta-data/placement/region': 'eu-north-1',
    '/latest/meta-data/iam/security-credentials/': 'role',
    '/latest/meta-data/iam/security-credentials/role': JSON.stringify({
      Code: 'Success',
      Type: 'AWS-HMAC',
      AccessKeyId: 'INSTANCE',
      SecretAccessKey: 's',
      Token: 't',
      Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
    }),
  };
  const metadata = http.createServer(({ url }, response) => {
    const answer = answers[url];
    response.writeHead(answer ? 200 : 404, { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' });
    response.end(answer);
  });
  metadata.listen(0, '127.0.0.1');
  await once(metadata, 'listening');
  const { stdout } = await run(
    `
    const { DynamoDBStore } = require('.');
    new DynamoDBStore({ initialized: true }).get('abc').then(console.log);
    `,
    {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${metadata.address().port}`,
      AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint,
    },
  );
  metadata.close();
  metadata.closeAllConnections();
  await stub.stop();
  expect(stdout).toBe('null');
  expect(stub.calls[0].headers.authorization).toMatch(/Credential=INSTANCE\/\d+\/eu-north-1\//);
});
