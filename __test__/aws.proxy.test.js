'use strict';

/** Requests through a proxy: which do, how, and what an error says of it. */

const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const http = require('node:http');
const { once } = require('node:events');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { inspect } = require('node:util');
const { DynamoDBStore } = require('..');
const { DynamoDBSessionStorage } = shopify();
const KoaStore = require('../koa');
const { credentials, region } = require('./support/dynamodb');
const { startHttpProxy } = require('./support/http-proxy');
const { untilUnavailable } = require('./support/outages');
const { privateCa, startStub } = require('./support/stub-dynamodb');

function shopify() {
  require('@shopify/shopify-api/adapters/node');
  return require('../shopify');
}

const PASSWORD = 'p@ss/hunter2';
const CREDENTIALS = `user:${PASSWORD}`;
const IN_URL = `user:${encodeURIComponent(PASSWORD)}`;

/** More than anything here takes, in milliseconds. */
const times = { connectTimeout: 20_000, requestTimeout: 20_000 };

let folder;
let plain;
let secure;
let started;
let opened;
const outside = { ...process.env };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-proxy-'));
  plain = await startStub(() => {});
  secure = await startStub(() => {}, { secure: true });
});
afterAll(async () => {
  await Promise.all([plain.stop(), secure.stop()]);
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  [started, opened] = [[], []];
  for (const name of Object.keys(process.env)) {
    if (/^AWS_|_proxy$/i.test(name)) delete process.env[name];
  }
  Object.assign(process.env, { AWS_CA_BUNDLE: privateCa, AWS_EC2_METADATA_DISABLED: 'true' });
  Object.assign(process.env, { HOME: folder, USERPROFILE: folder });
});
afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await Promise.all(started.map((server) => server.stop()));
  for (const name of Object.keys(process.env)) if (!(name in outside)) delete process.env[name];
  Object.assign(process.env, outside);
});

async function startProxy(options) {
  const proxy = await startHttpProxy(options);
  started.push(proxy);
  return proxy;
}

function open(dynamoConfig, options) {
  const store = new DynamoDBStore({
    initialized: true,
    operationTimeout: 50_000,
    dynamoConfig: { region, ...credentials, ...times, ...dynamoConfig },
    ...options,
  });
  opened.push(store);
  return store;
}

const host = ({ endpoint }) => new URL(endpoint).host;
const failure = (promise) =>
  promise.then(
    () => 'no error',
    (error) => error,
  );

describe.each([
  ['a proxy', {}],
  ['a proxy that speaks TLS', { secure: true }],
  ['a proxy with credentials', { credentials: CREDENTIALS }],
  ['a proxy with both', { secure: true, credentials: CREDENTIALS }],
])('%s', (_kind, options) => {
  const url = (proxy) => (options.credentials ? proxy.urlWith(IN_URL) : proxy.url);

  test('connects to an endpoint with TLS, once for each connection', async () => {
    const proxy = await startProxy(options);
    const store = open({ endpoint: secure.endpoint, proxy: url(proxy) });
    await expect(store.get('one')).resolves.toBeNull();
    await store.get('two');
    expect(proxy.asked).toEqual([`CONNECT ${host(secure)}`]);
  });

  test('is sent requests to an endpoint without TLS', async () => {
    const proxy = await startProxy(options);
    const before = plain.calls.length;
    const store = open({ endpoint: plain.endpoint, proxy: url(proxy) });
    await expect(store.get('one')).resolves.toBeNull();
    await store.get('two');
    expect(proxy.asked).toEqual([`POST ${plain.endpoint}/`, `POST ${plain.endpoint}/`]);
    // What is for the proxy does not reach DynamoDB.
    for (const { headers } of plain.calls.slice(before)) {
      expect(headers).not.toHaveProperty('proxy-authorization');
    }
  });

  test('finds the address of a name that is known to it alone', async () => {
    const ports = { 'dynamodb.test': Number(new URL(plain.endpoint).port) };
    const proxy = await startProxy({ ...options, ports });
    const store = open({ endpoint: 'http://dynamodb.test', proxy: url(proxy) });
    await expect(store.get('one')).resolves.toBeNull();
  });
});

test('Koa and Shopify have the setting too', async () => {
  const proxy = await startProxy();
  const config = { endpoint: plain.endpoint, region, ...credentials, ...times, proxy: proxy.url };
  const koa = new KoaStore({ dynamoConfig: config });
  const storage = new DynamoDBSessionStorage({ config });
  opened.push(koa, storage);
  await koa.get('one');
  await storage.loadSession('one');
  expect(proxy.asked.length).toBeGreaterThanOrEqual(2);
});

test('it may be a URL object', async () => {
  const proxy = await startProxy();
  await open({ endpoint: plain.endpoint, proxy: new URL(proxy.url) }).get('one');
  expect(proxy.asked).toHaveLength(1);
});

test('stores with other proxies have connections of their own', async () => {
  const [one, two] = [await startProxy(), await startProxy()];
  await open({ endpoint: secure.endpoint, proxy: one.url }).get('one');
  await open({ endpoint: secure.endpoint, proxy: two.url }).get('one');
  await open({ endpoint: secure.endpoint }).get('one');
  expect([one.asked.length, two.asked.length]).toEqual([1, 1]);
});

test('an outage of a proxy is none for stores that do not use it', async () => {
  const gone = await startHttpProxy();
  await gone.stop();
  const working = await startProxy();
  const [broken, direct, other] = [{ proxy: gone.url }, {}, { proxy: working.url }].map((more) =>
    open({ endpoint: plain.endpoint, ...more }),
  );
  const told = [];
  for (const store of [direct, other]) {
    await store.get('one');
    store.on('unavailable', (error) => told.push(error.message));
  }
  await untilUnavailable(broken);
  await Promise.all([direct.get('two'), other.get('two')]);
  expect((await failure(broken.get('two'))).message).toMatch(/not sent/);
  expect(told).toEqual([]);
});

describe('errors name the proxy without its credentials, and are no outage', () => {
  const wrong = 'user:hunter3-wrong';

  test.each([
    ['with TLS, without credentials', () => secure, '', /asks for credentials \(407\)/],
    ['with TLS, with wrong ones', () => secure, wrong, /not accept the credentials in its URL/],
    ['without TLS, without credentials', () => plain, '', /asks for credentials \(407\)/],
    ['without TLS, with wrong ones', () => plain, wrong, /not accept the credentials in its URL/],
  ])('to an endpoint %s', async (_kind, stub, own, says) => {
    const proxy = await startProxy({ credentials: CREDENTIALS });
    const url = own ? proxy.urlWith(own) : proxy.url;
    const store = open({ endpoint: stub().endpoint, proxy: url });
    const error = await failure(store.get('one'));
    expect(error).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE', retryable: false });
    expect(error.message).toMatch(says);
    expect(error.message).toContain(`the proxy ${proxy.url} `);
    expect(proxy.asked).toHaveLength(1);
    const seen = inspect([error, store], { depth: 20, showHidden: true, getters: true });
    expect(seen).not.toMatch(/hunter|dXNlcj/);
  });

  test('if it refuses to connect', async () => {
    const proxy = await startProxy({ refuses: 403 });
    const error = await failure(open({ endpoint: secure.endpoint, proxy: proxy.url }).get('one'));
    expect(error.message).toContain(
      `the proxy ${proxy.url} refuses to connect to ${host(secure)} (403)`,
    );
    expect(proxy.asked).toHaveLength(1);
  });

  test('if it cannot connect just now, which is tried again', async () => {
    const proxy = await startProxy({ refuses: 503, credentials: CREDENTIALS });
    const config = { endpoint: secure.endpoint, proxy: proxy.urlWith(IN_URL), maxAttempts: 2 };
    const error = await failure(open(config).get('one'));
    expect(error.message).toContain(`${proxy.url} cannot connect to ${host(secure)} (503)`);
    expect(inspect(error, { depth: 20 })).not.toMatch(/hunter|dXNlcj/);
    expect(proxy.asked).toHaveLength(2);
  });

  test('if it is not there', async () => {
    const proxy = await startHttpProxy();
    await proxy.stop();
    const config = { endpoint: plain.endpoint, proxy: proxy.urlWith(IN_URL), maxAttempts: 1 };
    const error = await failure(open(config).get('one'));
    expect(error.message).toContain(`the proxy ${proxy.url} cannot be reached`);
    expect(inspect(error, { depth: 20 })).not.toMatch(/hunter/);
  });

  test('if its certificate is not trusted', async () => {
    delete process.env.AWS_CA_BUNDLE;
    const proxy = await startProxy({ secure: true });
    const config = { endpoint: plain.endpoint, proxy: proxy.url };
    const error = await failure(open(config).get('one'));
    expect(error.message).toContain(`the certificate of ${new URL(proxy.url).host} is signed by`);
  });
});

test.each([
  ['proxy.example:3128', /option "dynamoConfig.proxy" must be the URL of a proxy/],
  ['socks5://user:hunter2@proxy.example', /option "dynamoConfig.proxy" must be the URL/],
  [3128, /option "dynamoConfig.proxy" must be a string/],
])('%p is no proxy', (proxy, says) => {
  const making = () => open({ endpoint: plain.endpoint, proxy });
  expect(making).toThrow(says);
  expect(making).not.toThrow(/hunter2/);
  expect(making).toThrow(TypeError);
});

test('a client that would go around the proxy is not made', () => {
  const config = { endpoint: plain.endpoint, proxy: 'http://proxy.test' };
  expect(() => open(config, { transport: 'client' })).toThrow(
    /the store cannot make a client with the option "dynamoConfig.proxy"/,
  );
});

describe('the environment', () => {
  const use = (url, more = {}) => {
    Object.assign(process.env, { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: url, ...more });
  };

  test('names a proxy for each scheme, if Node follows it', async () => {
    const [one, two] = [await startProxy(), await startProxy()];
    use(one.url, { HTTPS_PROXY: two.url });
    await open({ endpoint: plain.endpoint }).get('one');
    await open({ endpoint: secure.endpoint }).get('one');
    expect(one.asked).toEqual([`POST ${plain.endpoint}/`]);
    expect(two.asked).toEqual([`CONNECT ${host(secure)}`]);
  });

  test.each([undefined, '0'])('is ignored otherwise: NODE_USE_ENV_PROXY=%s', async (value) => {
    use('http://127.0.0.1:1');
    delete process.env.NODE_USE_ENV_PROXY;
    if (value) process.env.NODE_USE_ENV_PROXY = value;
    await expect(open({ endpoint: plain.endpoint }).get('one')).resolves.toBeNull();
  });

  test.each([
    ['--use-env-proxy', undefined, 1],
    ['--no-use-env-proxy', '1', 0],
  ])('counts as NODE_OPTIONS=%s says', async (options, value, requests) => {
    const proxy = await startProxy();
    use(proxy.url, { NODE_OPTIONS: options });
    delete process.env.NODE_USE_ENV_PROXY;
    if (value) process.env.NODE_USE_ENV_PROXY = value;
    await open({ endpoint: plain.endpoint }).get('one');
    expect(proxy.asked).toHaveLength(requests);
  });

  test('names hosts that are reached without it, which the option does not follow', async () => {
    const proxy = await startProxy();
    use(proxy.url, { no_proxy: `localhost, ${host(plain)}` });
    await open({ endpoint: plain.endpoint }).get('one');
    expect(proxy.asked).toEqual([]);
    await open({ endpoint: plain.endpoint, proxy: proxy.url }).get('one');
    expect(proxy.asked).toHaveLength(1);
  });

  test('comes after the option', async () => {
    const proxy = await startProxy();
    use('http://127.0.0.1:1');
    await open({ endpoint: plain.endpoint, proxy: proxy.url }).get('one');
    expect(proxy.asked).toHaveLength(1);
  });

  test('has a wrong URL, which the error does not quote', async () => {
    use('http://user:hunter2@a:b:c');
    const error = await failure(open({ endpoint: plain.endpoint }).get('one'));
    expect(error).toMatchObject({ code: 'ERR_SESSION_SETTINGS' });
    expect(error.message).toMatch(/HTTP_PROXY must be the URL of a proxy/);
    expect(inspect(error, { depth: 20 })).not.toMatch(/hunter2/);
  });
});

describe('credentials', () => {
  const keys = {
    AccessKeyId: 'ROLE',
    SecretAccessKey: 'secret',
    Expiration: '2099-01-01T00:00:00Z',
  };

  /** A service that gives credentials, and counts who asks. */
  async function startService(answer) {
    const asked = [];
    const server = http.createServer((request, response) => {
      asked.push(request.url);
      request.resume();
      response.end(answer);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stop = async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    };
    const service = { asked, port: server.address().port, stop };
    started.push(service);
    return service;
  }

  const unsigned = (proxy) => ({
    endpoint: plain.endpoint,
    proxy: proxy.url,
    accessKeyId: undefined,
    secretAccessKey: undefined,
  });
  const signedBy = () => plain.calls.at(-1).headers.authorization;

  test('of STS are asked for through the proxy', async () => {
    const parts = [
      ...['AccessKeyId', 'SecretAccessKey', 'Expiration'].map((n) => `<${n}>${keys[n]}</${n}>`),
      '<SessionToken>token</SessionToken>',
    ];
    const action = 'AssumeRoleWithWebIdentity';
    const sts = await startService(
      `<${action}Response><${action}Result><Credentials>${parts.join('')}</Credentials>` +
        `</${action}Result></${action}Response>`,
    );
    const proxy = await startProxy({ ports: { 'sts.test': sts.port } });
    writeFileSync(join(folder, 'token'), 'TOKEN');
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_STS: 'http://sts.test',
      AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/test',
    });
    await open(unsigned(proxy)).get('one');
    expect(signedBy()).toContain('Credential=ROLE/');
    expect(proxy.asked).toEqual(['POST http://sts.test/', `POST ${plain.endpoint}/`]);
  });

  test('of a container are asked for without it', async () => {
    const container = await startService(JSON.stringify({ ...keys, Token: 'token' }));
    const proxy = await startProxy();
    const url = `http://127.0.0.1:${container.port}/credentials`;
    process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = url;
    await open(unsigned(proxy)).get('one');
    expect(signedBy()).toContain('Credential=ROLE/');
    expect(container.asked).toEqual(['/credentials']);
    expect(proxy.asked).toEqual([`POST ${plain.endpoint}/`]);
  });
});
