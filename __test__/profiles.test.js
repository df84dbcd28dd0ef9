'use strict';

/** Profiles that are named, and keys in the environment: whose signature goes out. */

const { execFile } = require('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { startStub } = require('./support/stub-dynamodb');

let folder;
let stub;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-'));
  writeFileSync(
    join(folder, 'credentials'),
    '[shop]\naws_access_key_id = KEYOFSHOP\naws_secret_access_key = s\n',
  );
  writeFileSync(join(folder, 'config'), '[profile empty]\nregion = eu-west-3\n');
  stub = await startStub(() => ({ body: {} }));
});
afterAll(async () => {
  await stub.stop();
  rmSync(folder, { recursive: true });
});

const keys = { AWS_ACCESS_KEY_ID: 'KEYOFENVIRONMENT', AWS_SECRET_ACCESS_KEY: 's' };

/** Runs `script` in a process with this environment, and gives what it says. */
async function say(script, env) {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
    cwd: join(__dirname, '..'),
    env: {
      ...process.env,
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_REGION: 'us-east-1',
      NODE_NO_WARNINGS: '1',
      ...env,
    },
  });
  return stdout.trim();
}

/** The access key that a `get` was signed with, or what it failed with. */
async function keyOf(dynamoConfig, env) {
  stub.calls.length = 0;
  const config = JSON.stringify({ endpoint: stub.endpoint, maxAttempts: 1, ...dynamoConfig });
  const script = `
    const { DynamoDBStore } = require('.');
    const store = new DynamoDBStore({ initialized: true, dynamoConfig: ${config} });
    store.get('abc').then(() => console.log('ok'), ({ code, message }) => console.log(code, message));
  `;
  const said = await say(script, env);
  return said === 'ok' ? signer() : said;
}

/** The same for a client of aws-sdk v3. */
async function keyOfV3({ profile }, env) {
  stub.calls.length = 0;
  const config = JSON.stringify({ endpoint: stub.endpoint, maxAttempts: 1, profile });
  const script = `
    const { DynamoDB } = require('@aws-sdk/client-dynamodb');
    const client = new DynamoDB(${config});
    client.getItem({ TableName: 'sessions', Key: { id: { S: 'abc' } } })
      .then(() => console.log('ok'), () => console.log('failed'));
  `;
  const said = await say(script, env);
  return said === 'ok' ? signer() : said;
}

const signer = () => /Credential=([^/]+)\//.exec(stub.calls[0].headers.authorization)[1];

describe.each([
  ['the option', { profile: 'shop' }, keys, 'KEYOFSHOP'],
  ['AWS_PROFILE', {}, { ...keys, AWS_PROFILE: 'shop' }, 'KEYOFSHOP'],
  ['the option, before AWS_PROFILE', { profile: 'shop' }, { AWS_PROFILE: 'empty' }, 'KEYOFSHOP'],
  ['nobody', {}, keys, 'KEYOFENVIRONMENT'],
])('a profile named by %s', (_who, dynamoConfig, env, key) => {
  test(`signs with ${key}`, async () => {
    expect(await keyOf(dynamoConfig, env)).toBe(key);
  });

  test('as a client of aws-sdk v3 does', async () => {
    expect(await keyOfV3(dynamoConfig, env)).toBe(key);
  });
});

test('AWS_MAX_ATTEMPTS counts where the options say nothing', async () => {
  const failing = await startStub(() => ({ status: 500 }));
  const config = `{ endpoint: '${failing.endpoint}' }`;
  const env = { ...keys, AWS_MAX_ATTEMPTS: '2' };
  const store = `
    const { DynamoDBStore } = require('.');
    new DynamoDBStore({ initialized: true, dynamoConfig: ${config} }).get('abc').catch(() => {});
  `;
  await say(store, env);
  expect(failing.calls.splice(0)).toHaveLength(2);
  const client = `
    const { DynamoDB } = require('@aws-sdk/client-dynamodb');
    new DynamoDB(${config}).listTables().catch(() => {});
  `;
  await say(client, env);
  expect(failing.calls.splice(0)).toHaveLength(2);
  const wrong = store.replace('() => {}', '(error) => console.log(error.code, error.message)');
  expect(await say(wrong, { ...keys, AWS_MAX_ATTEMPTS: 'many' })).toMatch(
    /^ERR_SESSION_SETTINGS .*AWS_MAX_ATTEMPTS must be a whole number of attempts/,
  );
  await failing.stop();
});

describe.each([
  ['the option', { profile: 'shpo' }, keys],
  ['AWS_PROFILE', {}, { ...keys, AWS_PROFILE: 'shpo' }],
])('a profile that is not there, named by %s', (_who, dynamoConfig, env) => {
  test('is an error that names it', async () => {
    const said = await keyOf(dynamoConfig, env);
    expect(said).toMatch(/^ERR_SESSION_CREDENTIALS .*"shpo"/s);
    expect(stub.calls).toEqual([]);
  });
});

test('the option names a profile without credentials: an error that names it', async () => {
  const said = await keyOf({ profile: 'empty' }, keys);
  expect(said).toMatch(/^ERR_SESSION_CREDENTIALS .*"empty"/);
});

describe('keys that no header can have', () => {
  test.each(['accessKeyId', 'secretAccessKey', 'sessionToken'])(
    '%s with a line break at its end is a TypeError',
    (name) => {
      const { DynamoDBStore } = require('..');
      const given = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' };
      const dynamoConfig = { ...given, [name]: `${given[name]}SECRET\n` };
      const open = () => new DynamoDBStore({ dynamoConfig });
      expect(open).toThrow(TypeError);
      expect(open).toThrow(`option "dynamoConfig.${name}"`);
      expect(open).not.toThrow('SECRET');
    },
  );

  test.each([
    ['AWS_ACCESS_KEY_ID', { ...keys, AWS_ACCESS_KEY_ID: 'KEY\n' }],
    ['AWS_SESSION_TOKEN', { ...keys, AWS_SESSION_TOKEN: 'TOKEN\nSECRET' }],
  ])('%s with a line break is ERR_SESSION_CREDENTIALS', async (_name, env) => {
    const said = await keyOf({}, env);
    expect(said).toMatch(/^ERR_SESSION_CREDENTIALS /);
    expect(said).not.toContain('SECRET');
  });

  // With adaptive retries there is no fast path, and another way to the signature.
  test.each(
    ['accessKeyId', 'secretAccessKey', 'sessionToken'].flatMap((name) =>
      ['standard', 'adaptive'].map((retryMode) => [name, retryMode]),
    ),
  )('%s of a provider, with retry mode %s, is ERR_SESSION_CREDENTIALS', async (name, retryMode) => {
    const { DynamoDBStore } = require('..');
    const given = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' };
    const credentials = async () => ({ ...given, [name]: 'KEY\n' });
    const dynamoConfig = { endpoint: stub.endpoint, region: 'us-east-1', retryMode, credentials };
    const store = new DynamoDBStore({ initialized: true, dynamoConfig });
    await expect(store.get('abc')).rejects.toMatchObject({
      code: 'ERR_SESSION_CREDENTIALS',
      retryable: false,
    });
    await store.close();
  });
});
