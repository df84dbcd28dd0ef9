'use strict';

/**
 * The environment variables that stores go by: JavaScript's own, in a worker thread and in the sandbox of
 * a test too; never those that native code would read itself.
 */

const { execFile } = require('node:child_process');
const { once } = require('node:events');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');
const { promisify } = require('node:util');
const { Worker } = require('node:worker_threads');
const { DynamoDB } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('..');
const { CASES } = require('./support/aws-sources/cases');
const { canTrap, makeTrap } = require('./support/environment/trap');
const { startStub } = require('./support/stub-dynamodb');

const run = promisify(execFile);
const root = join(__dirname, '..');
const support = join(__dirname, 'support', 'environment');

/** What every process needs, and nothing that would name another place. */
const { PATH, SystemRoot } = process.env;
const plain = { PATH, SystemRoot, NODE_NO_WARNINGS: '1' };

let folder;
let stub;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-environment-'));
  stub = await startStub(() => {});
});
afterAll(async () => {
  await stub.stop();
  rmSync(folder, { recursive: true });
});

/** The environment of a test here, which Jest keeps apart from that of the process. */
const outside = { ...process.env };
beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) delete process.env[name];
  }
  Object.assign(process.env, { HOME: folder, USERPROFILE: folder, AWS_REGION: 'eu-west-1' });
  process.env.AWS_EC2_METADATA_DISABLED = 'true';
});
afterEach(() => {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, outside);
});

const keys = (key) => ({ AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: 'SECRET' });

/** Which keys have signed the requests since this was last asked, and for which regions. */
const signers = () =>
  stub.calls
    .splice(0)
    .map(({ headers }) => /Credential=([^/]+)\/\d+\/([^/]+)/.exec(headers.authorization).slice(1));

describe('variables are assigned while stores need theirs', () => {
  test.each(['between stores', 'during the first call', 'while credentials are renewed'])(
    '%s: the process lives',
    async (when) => {
      const env = { ...plain, HOME: folder };
      const said = await run(process.execPath, [join(support, 'assign.js'), when], { env });
      expect(Number(said.stdout)).toBeGreaterThan(0);
    },
  );
});

// The library is C, for the linker of Linux.
(canTrap ? describe : describe.skip)('no thread but JavaScript’s reads the environment', () => {
  const library = () => join(folder, 'trap.so');
  beforeAll(() => makeTrap(library()));

  /** What a program prints that ends where another thread reads it. */
  async function trapped(script, ...args) {
    const env = { ...plain, HOME: folder, LD_PRELOAD: library() };
    const preload = ['--use-openssl-ca', '--require', join(support, 'trapped.js')];
    const options = { env, maxBuffer: 1e7 };
    const { stdout } = await run(process.execPath, [...preload, script, ...args], options);
    return JSON.parse(stdout);
  }

  test('whatever the source of credentials, region and endpoint is', async () => {
    const script = join(__dirname, 'support', 'aws-sources', 'ask.js');
    const outcomes = await trapped(script, 'store');
    const used = (about) => (outcome) => outcome[about] ?? outcome.error;
    for (const [about, cases] of Object.entries(CASES)) {
      const found = Object.values(outcomes[about]).map(used(about));
      expect(found).toEqual(Object.values(cases).map(({ is }) => is));
    }
  });

  test('nor for TLS, host names, renewed credentials, a called client and a server that is away', async () => {
    expect(await trapped(join(support, 'ways.js'))).toEqual({
      tls: 'ok',
      system: 'ERR_SESSION_UNREACHABLE',
      file: 'ok',
      renewed: 'ok',
      login: 'ok',
      tokens: ['NEW'],
      called: 'client',
      away: 'ERR_SESSION_UNREACHABLE',
    });
  });

  test('a thread that does is found', async () => {
    // The first name that is looked up has the C library read two variables, on a thread of Node's.
    const script = join(folder, 'reads.js');
    writeFileSync(
      script,
      `const { lookup } = require('node:dns');
      const arm = () => void process.env.ARM_THE_TRAP;
      arm();
      setImmediate(() => {
        arm();
        lookup('localhost', () => console.log('not found'));
      });`,
    );
    const env = { ...plain, HOME: folder, LD_PRELOAD: library() };
    await expect(run(process.execPath, [script], { env })).rejects.toThrow(
      /the thread "[^"]*" reads the environment: /,
    );
  });
});

describe('in the sandbox of a test', () => {
  test('four variables that are set there count', async () => {
    Object.assign(process.env, keys('KEYOFSANDBOX'), {
      AWS_REGION: 'eu-north-1',
      AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint,
    });
    const store = new DynamoDBStore({ initialized: true });
    expect(await store.get('abc')).toBeNull();
    await store.close();
    expect(signers()).toEqual([['KEYOFSANDBOX', 'eu-north-1']]);
  });

  test('so does AWS_ENDPOINT_URL_DYNAMODB of a setup file', async () => {
    const sandbox = join(support, 'sandbox');
    const config = {
      rootDir: sandbox,
      testMatch: ['<rootDir>/app.js'],
      setupFiles: ['<rootDir>/setup.js'],
      moduleNameMapper: {},
      transform: {},
      cacheDirectory: join(folder, 'jest'),
    };
    const jest = join(
      dirname(createRequire(__filename).resolve('jest/package.json')),
      'bin/jest.js',
    );
    const args = [jest, '--runInBand', '--config', JSON.stringify(config)];
    const env = { ...plain, HOME: folder, ENDPOINT_OF_THE_TEST: stub.endpoint };
    await run(process.execPath, args, { cwd: root, env });
    expect(signers()).toEqual([['KEYOFSANDBOX', 'eu-west-1']]);
  });

  test('the program of a credential_process has the variables that are set there', async () => {
    const script = join(folder, 'give.js');
    const given = '{ Version: 1, AccessKeyId: process.env.KEY_TO_GIVE, SecretAccessKey: "s" }';
    writeFileSync(script, `console.log(JSON.stringify(${given}))`);
    const command = `"${process.execPath}" "${script}"`;
    writeFileSync(join(folder, 'config'), `[profile shop]\ncredential_process = ${command}\n`);
    process.env.AWS_CONFIG_FILE = join(folder, 'config');
    process.env.KEY_TO_GIVE = 'KEYOFPROGRAM';
    const dynamoConfig = { endpoint: stub.endpoint, profile: 'shop' };
    const store = new DynamoDBStore({ initialized: true, dynamoConfig });
    await store.get('abc');
    await store.close();
    expect(signers()).toEqual([['KEYOFPROGRAM', 'eu-west-1']]);
  });

  test('values that are no text are taken as text', async () => {
    Object.assign(process.env, keys('KEYOFSANDBOX'));
    const { env } = process;
    process.env = { ...env, AWS_MAX_ATTEMPTS: 1, AWS_ENDPOINT_URL: new URL(stub.endpoint) };
    const store = new DynamoDBStore({ initialized: true });
    await store.get('abc');
    process.env = env;
    await store.close();
    expect(signers()).toEqual([['KEYOFSANDBOX', 'eu-west-1']]);
  });
});

test('variables that must not be read count as not set', async () => {
  const { env } = process;
  process.env = new Proxy(env, {
    get(_target, name) {
      throw new Error(`access to ${String(name)} is forbidden`);
    },
  });
  const dynamoConfig = { endpoint: stub.endpoint, accessKeyId: 'KEY', secretAccessKey: 'SECRET' };
  let store;
  try {
    store = new DynamoDBStore({ initialized: true, dynamoConfig });
    await store.get('abc');
  } finally {
    process.env = env;
  }
  await store.close();
  expect(signers()).toEqual([['KEY', 'us-east-1']]);
});

test('a store looks again for a region that was none', async () => {
  Object.assign(process.env, keys('KEY'), { AWS_REGION: 'no region' });
  const dynamoConfig = { endpoint: stub.endpoint };
  const store = new DynamoDBStore({ initialized: true, dynamoConfig });
  await expect(store.get('abc')).rejects.toMatchObject({ code: 'ERR_SESSION_SETTINGS' });
  process.env.AWS_REGION = 'eu-central-1';
  await store.get('abc');
  await store.close();
  expect(signers()).toEqual([['KEY', 'eu-central-1']]);
});

describe('a worker thread with an environment of its own', () => {
  /** A worker that looks for a session whenever it is asked to, after it has set these variables. */
  function newWorker(env) {
    const worker = new Worker(join(support, 'in-worker.js'), { env: { ...plain, ...env } });
    return {
      async look(variables = {}) {
        worker.postMessage(variables);
        const [outcome] = await once(worker, 'message');
        return outcome;
      },
      end: () => worker.terminate(),
    };
  }

  const ofWorker = (key) => ({
    ...keys(key),
    HOME: folder,
    AWS_REGION: 'eu-south-1',
    AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint,
  });

  test('its variables count', async () => {
    const worker = newWorker(ofWorker('KEYOFWORKER'));
    expect(await worker.look()).toBe('ok');
    await worker.end();
    expect(signers()).toEqual([['KEYOFWORKER', 'eu-south-1']]);
  });

  test('renewed credentials are those of its own variables', async () => {
    const ended = { AWS_CREDENTIAL_EXPIRATION: new Date(Date.now() - 1000).toISOString() };
    const workers = [1, 2].map(() => newWorker({ ...ofWorker('SAME'), ...ended }));
    for (const worker of workers) expect(await worker.look()).toBe('ok');
    for (const [index, worker] of workers.entries()) {
      expect(await worker.look(keys(`KEYOFWORKER${index}`))).toBe('ok');
    }
    await Promise.all(workers.map((worker) => worker.end()));
    const [first, second, ...renewed] = signers().map(([key]) => key);
    expect([first, second]).toEqual(['SAME', 'SAME']);
    expect(renewed).toEqual(['KEYOFWORKER0', 'KEYOFWORKER1']);
  });
});

describe.each([
  [
    'a store',
    () => {
      const dynamoConfig = { endpoint: stub.endpoint };
      const store = new DynamoDBStore({ initialized: true, breaker: false, dynamoConfig });
      return { look: () => store.get('abc'), end: () => store.close() };
    },
  ],
  [
    'a client of the AWS SDK',
    () => {
      const client = new DynamoDB({ endpoint: stub.endpoint });
      const Key = { id: { S: 'abc' } };
      return {
        look: () => client.getItem({ TableName: 'sessions', Key }),
        end: () => client.destroy(),
      };
    },
  ],
])('%s', (_what, open) => {
  test('goes by the variables as they are when it is first used', async () => {
    const subject = open();
    Object.assign(process.env, keys('KEYOFLATER'), { AWS_REGION: 'eu-west-2' });
    await subject.look();
    Object.assign(process.env, keys('KEYOFTOOLATE'), { AWS_REGION: 'eu-west-3' });
    await subject.look();
    await subject.end();
    expect(signers()).toEqual([
      ['KEYOFLATER', 'eu-west-2'],
      ['KEYOFLATER', 'eu-west-2'],
    ]);
  });

  test('looks again for credentials that were missing', async () => {
    const subject = open();
    await expect(subject.look()).rejects.toThrow();
    Object.assign(process.env, keys('KEYOFLATER'));
    await subject.look();
    await subject.end();
    expect(signers()).toEqual([['KEYOFLATER', 'eu-west-1']]);
  });

  test('looks again for credentials that have ended', async () => {
    const ended = () => ({ AWS_CREDENTIAL_EXPIRATION: new Date(Date.now() - 1000).toISOString() });
    Object.assign(process.env, keys('KEYOFNOW'), ended());
    const subject = open();
    await subject.look();
    Object.assign(process.env, keys('KEYOFTHEN'), ended());
    await subject.look();
    await subject.end();
    expect(signers().map(([key]) => key)).toEqual(['KEYOFNOW', 'KEYOFTHEN']);
  });
});
