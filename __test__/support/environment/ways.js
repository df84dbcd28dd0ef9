'use strict';

/**
 * A process that uses stores in the ways that `aws-sources` does not: TLS, a host name, the system's
 * authorities, credentials that are renewed, a server that is away. Prints the codes of the outcomes.
 */

const { createHash } = require('node:crypto');
const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { DynamoDB } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('../../..');
const { startServer } = require('../aws-sources/server');
const { privateCa, startStub } = require('../stub-dynamodb');

const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-ways-'));
const keys = { accessKeyId: 'KEY', secretAccessKey: 'SECRET' };

/** What comes of reading a session as often as `calls` says. */
async function outcomeOf(dynamoConfig, calls = 1) {
  const store = new DynamoDBStore({ initialized: true, breaker: false, dynamoConfig });
  let outcome;
  for (let left = calls; left > 0; left -= 1) {
    outcome = await store.get('abc').then(
      () => 'ok',
      ({ code }) => code,
    );
  }
  await store.close();
  return outcome;
}

/** Leaves a login whose token is to be renewed. */
function logIn() {
  const session = 'corp';
  const config = [
    '[profile shop]',
    `sso_session = ${session}`,
    'sso_account_id = 123456789012',
    'sso_role_name = SHOP',
    `[sso-session ${session}]`,
    'sso_start_url = https://shop.awsapps.com/start',
    'sso_region = us-east-1',
  ];
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const token = {
    accessToken: 'OLD',
    expiresAt: new Date(Date.now() + 1000).toISOString(),
    clientId: 'CLIENT',
    clientSecret: 'SECRET',
    refreshToken: 'REFRESH',
    registrationExpiresAt: later,
  };
  const cache = join(folder, '.aws', 'sso', 'cache');
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(folder, '.aws', 'config'), config.join('\n'));
  const name = createHash('sha1').update(session).digest('hex');
  writeFileSync(join(cache, `${name}.json`), JSON.stringify(token));
}

async function main() {
  const server = await startServer();
  const secure = await startStub(() => {}, { secure: true });
  const named = secure.endpoint.replace('127.0.0.1', 'localhost');
  const region = 'us-east-1';
  process.env.AWS_EC2_METADATA_DISABLED = 'true';
  const outcomes = {};
  process.env.NODE_EXTRA_CA_CERTS = privateCa;
  outcomes.tls = await outcomeOf({ endpoint: named, region, ...keys });
  delete process.env.NODE_EXTRA_CA_CERTS;
  outcomes.system = await outcomeOf({ endpoint: named, region, ...keys });
  process.env.SSL_CERT_FILE = privateCa;
  outcomes.file = await outcomeOf({ endpoint: named, region, ...keys });
  process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `${server.url}/short`;
  outcomes.renewed = await outcomeOf({ endpoint: server.url, region }, 3);
  logIn();
  Object.assign(process.env, { HOME: folder, AWS_PROFILE: 'shop' });
  process.env.AWS_ENDPOINT_URL_SSO = server.url;
  process.env.AWS_ENDPOINT_URL_SSO_OIDC = server.url;
  outcomes.login = await outcomeOf({ endpoint: server.url, region });
  outcomes.tokens = server.tokens();
  const credentials = keys;
  const client = new DynamoDB({ endpoint: server.url, region, credentials });
  client.middlewareStack.add((next) => (args) => next(args), { step: 'build' });
  const store = new DynamoDBStore({ initialized: true, client });
  await store.get('abc');
  outcomes.called = store.transport;
  await store.close();
  await server.stop();
  outcomes.away = await outcomeOf({ endpoint: server.url, region, ...keys, maxAttempts: 2 });
  await secure.stop();
  rmSync(folder, { recursive: true });
  console.log(JSON.stringify(outcomes));
}

main();
