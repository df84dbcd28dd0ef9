'use strict';

/** What requests tell AWS of their program: Lambda's trace header, and the application in `user-agent`. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('..');
const { version } = require('../package.json');
const { credentials, region } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { startStub } = require('./support/stub-dynamodb');

const { keep } = storesOf(DynamoDBStore);

const VARIABLES = [
  '_X_AMZN_TRACE_ID',
  'AWS_CONFIG_FILE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_SDK_UA_APP_ID',
];

let stub;
const before = {};
beforeAll(async () => {
  stub = await startStub(() => ({}));
  for (const name of VARIABLES) before[name] = process.env[name];
});
afterAll(() => stub.stop());

beforeEach(() => {
  stub.calls.length = 0;
});
afterEach(() => {
  for (const name of VARIABLES) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

const open = (settings = {}, options = {}) => {
  const dynamoConfig = { endpoint: stub.endpoint, region, ...credentials, ...settings };
  return keep(new DynamoDBStore({ initialized: true, dynamoConfig, ...options }));
};

/** The values of a header in the requests so far. */
const sent = (header) => stub.calls.map(({ headers }) => headers[header]);

describe('the trace header', () => {
  const first = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
  const second = 'Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=0';

  test('is that of the invocation, on the first request and on the fast path', async () => {
    process.env.AWS_LAMBDA_FUNCTION_NAME = 'shop';
    const store = open();
    for (const trace of [first, first, second, 'a\r\né', undefined]) {
      if (trace === undefined) delete process.env._X_AMZN_TRACE_ID;
      else process.env._X_AMZN_TRACE_ID = trace;
      await store.get('sid');
    }
    const traces = [first, first, second, 'a%0D%0A%C3%A9', undefined];
    expect(sent('x-amzn-trace-id')).toEqual(traces);
    // The fast path sends no invocation id: the first request alone was the SDK's.
    expect(sent('amz-sdk-invocation-id').map(Boolean)).toEqual([true, false, false, false, false]);
    expect(sent('authorization').some((each) => each.includes('trace'))).toBe(false);
  });

  test('is not sent outside Lambda', async () => {
    process.env._X_AMZN_TRACE_ID = first;
    const store = open();
    await store.get('sid');
    await store.get('sid');
    expect(sent('x-amzn-trace-id')).toEqual([undefined, undefined]);
  });
});

describe('the application in the user-agent', () => {
  /** The parts of the `user-agent` that name this package and the application. */
  const named = async (store) => {
    await store.get('sid');
    await store.get('sid');
    const [agent, other] = sent('user-agent');
    expect(other).toBe(agent);
    return agent.split(' ').filter((part) => /^(app|lib)\//.test(part));
  };
  const own = `lib/dynamo-session-store/${version}`;

  test('is missing where nobody names it', async () => {
    expect(await named(open())).toEqual([own]);
  });

  test('is the one of AWS_SDK_UA_APP_ID', async () => {
    process.env.AWS_SDK_UA_APP_ID = 'my shop';
    expect(await named(open())).toEqual([own, 'app/my-shop']);
  });

  test('is the one of the profile', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-'));
    try {
      process.env.AWS_CONFIG_FILE = join(folder, 'config');
      writeFileSync(process.env.AWS_CONFIG_FILE, '[default]\nsdk_ua_app_id = of-profile\n');
      expect(await named(open())).toEqual([own, 'app/of-profile']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    ['a text', 'given'],
    ['a function', async () => 'given'],
  ])('is the one of the options before all others: %s', async (_form, userAgentAppId) => {
    process.env.AWS_SDK_UA_APP_ID = 'of-environment';
    const store = open({ userAgentAppId });
    expect(await named(store)).toEqual([own, 'app/given']);
    expect(store.transport).toBe('native');
  });

  test.each([
    ['of its own', { userAgentAppId: 'of-client' }, 'of-client'],
    ['of the environment', {}, 'of-environment'],
  ])('is the one of an adopted client, %s', async (_source, settings, name) => {
    process.env.AWS_SDK_UA_APP_ID = 'of-environment';
    const client = new DynamoDBClient({
      endpoint: stub.endpoint,
      region,
      credentials: { ...credentials },
      ...settings,
    });
    const store = keep(new DynamoDBStore({ initialized: true, client }));
    expect(await named(store)).toEqual([own, `app/${name}`]);
    expect(store.transport).toBe('native');
  });
});
