'use strict';

/** Credentials that come late, or not at all. */

const { execFile } = require('node:child_process');
const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const http = require('node:http');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { DynamoDBStore } = require('..');
const { withCleanEnvironment } = require('./support/clean-environment');
const { storesOf } = require('./support/stores');

const { keep, newStub } = storesOf(DynamoDBStore);
const place = withCleanEnvironment();

/** The access key of a request's signature. */
const keyOf = ({ headers }) => /Credential=([^/]+)\//.exec(headers.authorization)[1];

const open = (options, dynamoConfig) =>
  keep(new DynamoDBStore({ initialized: true, ...options, dynamoConfig }));

const KEYS = { accessKeyId: 'KEYOFLATE', secretAccessKey: 's' };

/** A function that gives `value` once `release` was called, and how often it was asked. */
function held(value) {
  const gate = { asked: 0, release: () => {} };
  const released = new Promise((resolve) => {
    gate.release = () => resolve(value);
  });
  const ask = () => {
    gate.asked += 1;
    return released;
  };
  return Object.assign(ask, { gate });
}

/** A service that gives credentials when `answer` says so. */
let service;
let answer;
let asked;
beforeEach(async () => {
  asked = [];
  const server = http.createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    const text = await answer(request, response);
    if (text !== undefined) response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  service = { server, url: `http://127.0.0.1:${server.address().port}` };
});
afterEach(() => {
  service.server.close();
  service.server.closeAllConnections();
});

describe('a source that takes longer than all attempts together', () => {
  const ATTEMPT = 250;
  const LATE = 1000;
  const later = (value) => new Promise((resolve) => setTimeout(resolve, LATE, value));

  /** Writes the profile `shop`. */
  function writeProfile(text) {
    writeFileSync(join(place.folder, 'config'), `[profile shop]\n${text}\n`);
    process.env.AWS_CONFIG_FILE = join(place.folder, 'config');
  }

  const sources = {
    'a provider function': () => {
      answer = () => later('');
      return {
        credentials: async () => {
          await fetch(service.url);
          return KEYS;
        },
      };
    },
    credential_process: () => {
      const printed = { Version: 1, AccessKeyId: 'KEYOFLATE', SecretAccessKey: 's' };
      answer = () => later(JSON.stringify(printed));
      const program = join(place.folder, 'program.js');
      writeFileSync(program, `fetch('${service.url}').then((r) => r.text()).then(console.log)`);
      writeProfile(`credential_process = "${process.execPath}" "${program}"`);
      return { profile: 'shop' };
    },
    STS: () => {
      answer = () =>
        later(`<A><Credentials><AccessKeyId>KEYOFLATE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
          <SessionToken>t</SessionToken></Credentials></A>`);
      writeProfile(`role_arn = arn:aws:iam::123456789012:role/shop\nsource_profile = shop
aws_access_key_id = BASE\naws_secret_access_key = s`);
      process.env.AWS_ENDPOINT_URL_STS = service.url;
      return { profile: 'shop' };
    },
    'the container': () => {
      const given = { AccessKeyId: 'KEYOFLATE', SecretAccessKey: 's' };
      answer = () => later(JSON.stringify(given));
      process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = service.url;
      return {};
    },
  };

  test.each(Object.entries(sources))(
    '%s: is asked once for 50 calls, which succeed',
    async (_name, make) => {
      const { stub } = await newStub(() => ({}));
      const timeouts = { endpoint: stub.endpoint, requestTimeout: ATTEMPT, maxAttempts: 3 };
      const store = open({}, { ...timeouts, ...make() });
      await Promise.all(Array.from({ length: 50 }, (_, index) => store.get(`sid-${index}`)));
      expect(asked).toHaveLength(1);
      expect(new Set(stub.calls.map(keyOf))).toEqual(new Set(['KEYOFLATE']));
    },
  );
});

describe('a source that does not answer in time', () => {
  test('fails with the source and the time, goes on, and is not asked again', async () => {
    const { stub } = await newStub(() => ({}));
    const credentials = held(KEYS);
    const store = open({ credentialsTimeout: 100 }, { endpoint: stub.endpoint, credentials });
    await expect(store.get('abc')).rejects.toMatchObject({
      code: 'ERR_SESSION_CREDENTIALS',
      retryable: true,
      message:
        'no AWS credentials could be loaded: the provider of the credentials has not answered within 100 ms',
    });
    credentials.gate.release();
    while (await store.get('abc').catch(() => 'later')) await new Promise(setImmediate);
    expect(credentials.gate.asked).toBe(1);
    expect(stub.calls.length).toBeGreaterThan(0);
  });

  test.each([undefined, 60_000])(
    'with credentialsTimeout %s, calls say so by their deadline',
    async (each) => {
      const credentials = held(KEYS);
      const timeouts = { operationTimeout: 200, credentialsTimeout: each };
      const store = open(timeouts, { endpoint: service.url, credentials });
      const failed = await Promise.allSettled([store.get('abc'), store.set('abc', { cookie: {} })]);
      const reasons = failed.map(({ reason }) => reason.message);
      const says = /the provider of the credentials has not answered within \d+ ms$/;
      expect(reasons).toEqual(reasons.map(() => expect.stringMatching(says)));
      expect(asked).toEqual([]);
    },
  );

  test('is an outage of the credentials, which ends when it answers', async () => {
    const { stub } = await newStub(() => ({}));
    const credentials = held(KEYS);
    const store = open({ credentialsTimeout: 600 }, { endpoint: stub.endpoint, credentials });
    const unavailable = once(store, 'unavailable');
    const calls = Array.from({ length: 6 }, (_, index) => store.get(`sid-${index}`));
    await Promise.allSettled(calls);
    const [error] = await unavailable;
    expect(error.code).toBe('ERR_SESSION_CREDENTIALS');
    await expect(store.get('abc')).rejects.toMatchObject({
      code: 'ERR_SESSION_CREDENTIALS',
      message: expect.stringMatching(
        /\(the request was not sent: no credentials have been found for some time\)$/,
      ),
    });
    const available = once(store, 'available');
    credentials.gate.release();
    await available;
    await store.get('abc');
    expect(credentials.gate.asked).toBe(1);
  });

  /** A `credential_process` that waits for the service, and so ends with the test. */
  function useHangingProcess() {
    const program = join(place.folder, 'program.js');
    writeFileSync(program, `fetch('${service.url}').catch(() => {})`);
    const command = `"${process.execPath}" "${program}"`;
    writeFileSync(join(place.folder, 'config'), `[default]\ncredential_process = ${command}\n`);
    process.env.AWS_CONFIG_FILE = join(place.folder, 'config');
  }

  test('credential_process is named with its profile', async () => {
    answer = () => new Promise(() => {});
    useHangingProcess();
    const store = open({ credentialsTimeout: 100 }, { endpoint: service.url });
    await expect(store.get('abc')).rejects.toThrow(
      /credential_process of profile "default" has not answered within 100 ms$/,
    );
    while (asked.length === 0) await new Promise(setImmediate);
  });

  test('a credential_process that hangs does not hold the process', async () => {
    answer = () => new Promise(() => {});
    useHangingProcess();
    const script = `
      const { DynamoDBStore } = require('.');
      const dynamoConfig = { endpoint: '${service.url}', region: 'us-east-1' };
      const store = new DynamoDBStore({ initialized: true, credentialsTimeout: 100, dynamoConfig });
      store.get('abc').catch(({ code }) => console.log(code)).then(() => store.close());`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
      cwd: join(__dirname, '..'),
      env: process.env,
    });
    expect(stdout).toBe('ERR_SESSION_CREDENTIALS\n');
  });
});

describe('an instance whose answer to the request for a token does not arrive', () => {
  const ROLES = '/latest/meta-data/iam/security-credentials/';
  const never = new Promise(() => {});
  const given = { Code: 'Success', AccessKeyId: 'KEYOFINSTANCE', SecretAccessKey: 's' };

  beforeEach(() => {
    delete process.env.AWS_EC2_METADATA_DISABLED;
    process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = service.url;
  });

  const hopLimit = {
    code: 'ERR_SESSION_CREDENTIALS',
    message: expect.stringMatching(/in a container, .*HttpPutResponseHopLimit of at least 2$/),
  };

  test('if it wants one, the error names the hop limit', async () => {
    answer = ({ method }, response) => {
      if (method === 'PUT') return never;
      response.statusCode = 401;
      return '';
    };
    const store = open({}, { endpoint: service.url });
    await expect(store.get('abc')).rejects.toMatchObject(hopLimit);
    expect(asked).toEqual(['PUT /latest/api/token', `GET ${ROLES}`]);
  });

  test('if it wants none, it is asked without one', async () => {
    answer = ({ method, url }) => {
      if (method === 'PUT') return never;
      return url === ROLES ? 'role' : JSON.stringify(given);
    };
    const { stub } = await newStub(() => ({}));
    await open({}, { endpoint: stub.endpoint }).get('abc');
    expect(stub.calls.map(keyOf)).toEqual(['KEYOFINSTANCE']);
    expect(asked).toEqual(['PUT /latest/api/token', `GET ${ROLES}`, `GET ${ROLES}role`]);
  });

  test('AWS_EC2_METADATA_V1_DISABLED: it is not asked without one', async () => {
    process.env.AWS_EC2_METADATA_V1_DISABLED = 'true';
    answer = () => never;
    const store = open({}, { endpoint: service.url });
    await expect(store.get('abc')).rejects.toMatchObject(hopLimit);
    expect(asked).toEqual(['PUT /latest/api/token']);
  });
});

describe('no credentials anywhere', () => {
  test('the error says where the store has looked, and what to do', async () => {
    const { stub } = await newStub(() => ({}));
    const store = open({}, { endpoint: stub.endpoint });
    const error = await store.get('abc').catch((each) => each);
    expect(error).toMatchObject({ code: 'ERR_SESSION_CREDENTIALS', retryable: false });
    expect(error.message).toBe(
      'no AWS credentials could be loaded: the store looked in the options (none), the environment ' +
        '(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set), the profile (profile "default" ' +
        'is not in the AWS files "config" and "credentials"), a web identity (AWS_WEB_IDENTITY_TOKEN_FILE and ' +
        'AWS_ROLE_ARN are not both set), ' +
        'the container (no variable names its credentials service), the instance ' +
        '(AWS_EC2_METADATA_DISABLED is set). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; ' +
        'DynamoDB Local takes any value',
    );
    for (let cause = error.cause; cause; cause = cause.cause) expect(cause.message).not.toBe('');
  });

  test('the error says which of the two variables is missing', async () => {
    process.env.AWS_ACCESS_KEY_ID = 'KEY';
    const store = open({}, { endpoint: service.url });
    await expect(store.get('abc')).rejects.toThrow(/\(AWS_SECRET_ACCESS_KEY is not set\)/);
  });
});

describe('the account of given credentials', () => {
  test.each([
    [undefined, 'https://123456789012.ddb.eu-west-1.amazonaws.com'],
    ['disabled', 'https://dynamodb.eu-west-1.amazonaws.com'],
  ])('with accountIdEndpointMode %s, requests go to %s', async (accountIdEndpointMode, address) => {
    const keys = { ...KEYS, accountId: '123456789012' };
    const brief = { connectTimeout: 1, maxAttempts: 1, accountIdEndpointMode };
    for (const given of [{ credentials: keys }, keys]) {
      const error = await open({}, { ...brief, ...given })
        .get('abc')
        .catch((each) => each);
      expect(error.message).toContain(`endpoint ${address},`);
    }
  });
});
