'use strict';

/** TLS against real servers: what is refused, and what the error says of it. */

const { execFile } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { file, startAlerting, startPlain, startTls } = require('./support/tls-server');

const VERSION_1_1 = {
  minVersion: 'TLSv1.1',
  maxVersion: 'TLSv1.1',
  ciphers: 'DEFAULT@SECLEVEL=0',
};

const servers = {};
let folder;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-'));
  writeFileSync(join(folder, 'empty.pem'), '');
  writeFileSync(join(folder, 'config'), `[default]\nca_bundle = ${file('ca.pem')}\n`);
  const starting = {
    good: startTls('server.pem'),
    expired: startTls('expired.pem'),
    otherName: startTls('other-name.pem'),
    selfSigned: startTls('self-signed.pem'),
    selfSignedAuthority: startTls('self-signed-authority.pem'),
    version11: startTls('server.pem', VERSION_1_1),
    version12: startTls('server.pem', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }),
    version13: startTls('server.pem', { minVersion: 'TLSv1.3' }),
    asking12: startTls('server.pem', {
      requestCert: true,
      ca: readFileSync(file('ca.pem')),
      maxVersion: 'TLSv1.2',
    }),
    asking13: startTls('server.pem', { requestCert: true, ca: readFileSync(file('ca.pem')) }),
    plain: startPlain(),
    alerting: startAlerting(),
  };
  for (const [name, server] of Object.entries(starting)) servers[name] = await server;
});
afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  rmSync(folder, { recursive: true });
});

/** What comes of a `get` in a process with these environment variables, which may name the endpoint. */
async function outcome(endpoint, env = { AWS_CA_BUNDLE: file('ca.pem') }) {
  const script = `
    const { DynamoDBStore } = require('.');
    const times = { connectTimeout: 20_000, requestTimeout: 20_000 };
    const dynamoConfig = { endpoint: ${JSON.stringify(endpoint)}, region: 'us-east-1', ...times };
    const store = new DynamoDBStore({ initialized: true, operationTimeout: 50_000, dynamoConfig });
    store.get('abc').then(
      (found) => console.log(JSON.stringify({ found })),
      ({ code, retryable, message }) => console.log(JSON.stringify({ code, retryable, message })),
    );
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
    cwd: join(__dirname, '..'),
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      ...env,
    },
  });
  return JSON.parse(stdout);
}

const https = (name) => `https://127.0.0.1:${servers[name].port}`;
const http = (name) => `http://127.0.0.1:${servers[name].port}`;

const FOUND = { found: null };

test.each(['good', 'version12', 'version13'])('%s is trusted', async (name) => {
  expect(await outcome(https(name))).toEqual(FOUND);
});

test.each([
  ['an expired certificate', 'expired', /has expired: renew it, or correct the clock/],
  ['a certificate for another name', 'otherName', /is for another host name: use an endpoint/],
  ['a self-signed certificate', 'selfSigned', /is self-signed: name its file in AWS_CA_BUNDLE/],
  ['a self-signed authority', 'selfSignedAuthority', /is refused \(.*without CA:TRUE/],
  [
    'TLS 1.3 with a client certificate',
    'asking13',
    /requires a client certificate, but the store has none/,
  ],
  [
    'TLS 1.2 with a client certificate',
    'asking12',
    /refuses the handshake of TLS .* do not require a client certificate/,
  ],
  ['TLS 1.1 only', 'version11', /does not speak TLS 1\.2 or 1\.3: turn on one of them/],
  ['a port without TLS', 'plain', /does not speak TLS: if .* plain HTTP, begin its URL with http:/],
])('%s is refused at once, and the error says so', async (_what, name, says) => {
  servers[name].taken();
  const { code, retryable, message } = await outcome(https(name));
  expect(message).toMatch(says);
  expect(message).toContain(`endpoint ${https(name)}`);
  expect({ code, retryable }).toEqual({ code: 'ERR_SESSION_UNREACHABLE', retryable: false });
  expect(servers[name].taken()).toBe(1);
});

test('an unknown authority is refused at once, and the error says so', async () => {
  servers.good.taken();
  const { code, retryable, message } = await outcome(https('good'), {});
  expect(message).toMatch(/authority that is not trusted: name the file .* in AWS_CA_BUNDLE/);
  expect({ code, retryable }).toEqual({ code: 'ERR_SESSION_UNREACHABLE', retryable: false });
  expect(servers.good.taken()).toBe(1);
});

test('plain HTTP meets TLS that says so: refused at once', async () => {
  servers.alerting.taken();
  const { code, retryable, message } = await outcome(http('alerting'));
  expect(message).toMatch(/speaks TLS, not plain HTTP: begin its URL with https:/);
  expect({ code, retryable }).toEqual({ code: 'ERR_SESSION_UNREACHABLE', retryable: false });
  expect(servers.alerting.taken()).toBe(1);
});

test('plain HTTP meets TLS that closes the connection: the error says what that may be', async () => {
  const { code, message } = await outcome(http('good'));
  expect(message).toMatch(/without an answer: if it speaks TLS, begin its URL with https:/);
  expect(code).toBe('ERR_SESSION_UNREACHABLE');
});

test('a certificate that is refused where credentials come from is an error of these', async () => {
  const { code, message } = await outcome(https('good'), {
    AWS_CA_BUNDLE: file('ca.pem'),
    AWS_ACCESS_KEY_ID: '',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: https('expired'),
  });
  expect(message).toMatch(/certificate of 127\.0\.0\.1:\d+ has expired/);
  expect(code).toBe('ERR_SESSION_CREDENTIALS');
});

describe('a CA bundle', () => {
  test('takes the place of all authorities but those of NODE_EXTRA_CA_CERTS', async () => {
    const other = { AWS_CA_BUNDLE: file('self-signed.pem') };
    expect(await outcome(https('good'), other)).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE' });
    const extra = { ...other, NODE_EXTRA_CA_CERTS: file('ca.pem') };
    expect(await outcome(https('good'), extra)).toEqual(FOUND);
    const system = { ...other, SSL_CERT_FILE: file('ca.pem') };
    expect(await outcome(https('good'), system)).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE' });
  });

  test('can be a self-signed certificate', async () => {
    const env = { AWS_CA_BUNDLE: file('self-signed.pem') };
    expect(await outcome(https('selfSigned'), env)).toEqual(FOUND);
  });

  test('can be named by the profile', async () => {
    const env = { AWS_CONFIG_FILE: join(folder, 'config') };
    expect(await outcome(https('good'), env)).toEqual(FOUND);
    const both = { ...env, AWS_CA_BUNDLE: file('self-signed.pem') };
    expect(await outcome(https('good'), both)).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE' });
  });

  test.each([
    ['a file that is not there', () => 'missing.pem', /AWS_CA_BUNDLE names cannot be read/],
    ['a folder', () => folder, /AWS_CA_BUNDLE names cannot be read/],
    ['an empty file', () => join(folder, 'empty.pem'), /AWS_CA_BUNDLE names is empty/],
    ['no PEM file', () => __filename, /AWS_CA_BUNDLE names does not hold PEM certificates/],
    ['a key', () => file('server.key'), /AWS_CA_BUNDLE names does not hold PEM certificates/],
  ])('that is %s is an error that says so', async (_what, path, says) => {
    servers.good.taken();
    const { code, message } = await outcome(https('good'), { AWS_CA_BUNDLE: path() });
    expect(message).toMatch(says);
    expect(code).toBe('ERR_SESSION_SETTINGS');
    // Nothing went out in the clear, or to anybody who was not checked.
    expect(servers.good.taken()).toBeLessThanOrEqual(1);
  });

  test('that the profile names and is not there is an error that says so', async () => {
    writeFileSync(join(folder, 'wrong'), '[default]\nca_bundle = missing.pem\n');
    const { message } = await outcome(https('good'), { AWS_CONFIG_FILE: join(folder, 'wrong') });
    expect(message).toMatch(/the file that ca_bundle of the profile names cannot be read/);
  });

  test('is not looked at where there is no TLS', async () => {
    const env = { AWS_CA_BUNDLE: 'missing.pem' };
    expect(await outcome(http('plain'), env)).toEqual(FOUND);
    // Also where only the environment says so.
    const named = { ...env, AWS_ENDPOINT_URL_DYNAMODB: http('plain') };
    expect(await outcome(undefined, named)).toEqual(FOUND);
  });
});
