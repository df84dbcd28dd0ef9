'use strict';

/** Services that credentials come from, when they are late, busy, away or asked again. */

const { once } = require('node:events');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const http = require('node:http');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { DynamoDBStore } = require('..');

const MINUTE = 60_000;

let folder;
let server;
let url;
/** The requests that came, but those for DynamoDB. */
let asked;
/** Which keys have signed requests for DynamoDB. */
let signers;
/** Answers a request. */
let answer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-renewal-'));
  [asked, signers] = [[], []];
  server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url: path, headers } = request;
    if (headers['x-amz-target']) {
      signers.push(/Credential=([^/]+)/.exec(headers.authorization)[1]);
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end('{}');
      return;
    }
    asked.push(`${method} ${path}`);
    const said = answer({ path: `${method} ${path}`, headers, body, count: asked.length });
    const { status = 200, text = JSON.stringify(said) } = said;
    response.writeHead(status, { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' });
    response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${server.address().port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

const outside = { ...process.env };
beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) delete process.env[name];
  }
  const disabled = { AWS_EC2_METADATA_DISABLED: 'true' };
  Object.assign(
    process.env,
    { HOME: folder, USERPROFILE: folder, AWS_REGION: 'eu-west-1' },
    disabled,
  );
});
afterEach(() => {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, outside);
});

/** Keys as a service gives them, which last for so many milliseconds. */
const lasting = (milliseconds, key) => ({
  Code: 'Success',
  AccessKeyId: key,
  SecretAccessKey: 'SECRET',
  Token: 'TOKEN',
  Expiration: new Date(Date.now() + milliseconds).toISOString(),
});

/** A store that sends its requests here. */
const open = (options) => {
  const dynamoConfig = { endpoint: url, ...options };
  return new DynamoDBStore({ initialized: true, breaker: false, dynamoConfig });
};

async function look(times, options) {
  const store = open(options);
  for (let left = times; left > 0; left -= 1) await store.get('abc');
  await store.close();
}

describe('a container', () => {
  beforeEach(() => {
    process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `${url}/container`;
  });

  test('is asked again once its credentials have ended, and not sooner', async () => {
    answer = ({ count }) => lasting(count < 3 ? -1000 : 60 * MINUTE, `KEY${count}`);
    await look(5);
    expect(signers).toEqual(['KEY1', 'KEY2', 'KEY3', 'KEY3', 'KEY3']);
  });

  test('is asked again if it is busy', async () => {
    answer = ({ count }) => (count < 3 ? { status: 503 } : lasting(60 * MINUTE, 'KEY'));
    await look(1);
    expect([asked.length, signers]).toEqual([3, ['KEY']]);
  });

  test('that refuses is asked once for each call', async () => {
    answer = () => ({ status: 403, text: 'SECRET' });
    await expect(look(1)).rejects.toMatchObject({
      code: 'ERR_SESSION_CREDENTIALS',
      message: expect.stringMatching(/the container answered with status 403(?!.*SECRET)/),
    });
    expect(asked).toHaveLength(1);
  });
});

describe('an instance', () => {
  const ROLE = 'GET /latest/meta-data/iam/security-credentials/';
  beforeEach(() => {
    process.env.AWS_EC2_METADATA_DISABLED = 'false';
    process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = url;
  });

  test('that has only credentials which have ended: they are used, and it is left alone', async () => {
    answer = ({ path }) => {
      if (path.startsWith('PUT')) return { text: 'TOKENOFMETADATA' };
      return path === ROLE ? { text: 'role' } : lasting(-MINUTE, 'KEYOFOLD');
    };
    await look(3);
    expect(signers).toEqual(['KEYOFOLD', 'KEYOFOLD', 'KEYOFOLD']);
    expect(asked).toEqual(['PUT /latest/api/token', ROLE, `${ROLE}role`]);
  });

  test('that does not answer any more: its last credentials are used', async () => {
    answer = ({ path, count }) => {
      if (path.startsWith('PUT')) return { text: 'TOKENOFMETADATA' };
      if (count > 3) return { status: 500 };
      return path === ROLE ? { text: 'role' } : lasting(1000, 'KEYOFLAST');
    };
    await look(2);
    expect(signers).toEqual(['KEYOFLAST', 'KEYOFLAST']);
  });

  test('that has forgotten the token is asked for another', async () => {
    let tokens = 0;
    answer = ({ path, headers }) => {
      if (path.startsWith('PUT')) return { text: `TOKEN${++tokens}` };
      if (headers['x-aws-ec2-metadata-token'] !== 'TOKEN2') return { status: 401 };
      return path === ROLE ? { text: 'role' } : lasting(60 * MINUTE, 'KEY');
    };
    await look(1);
    expect([tokens, signers]).toEqual([2, ['KEY']]);
  });

  test('without a role is an error that says so', async () => {
    answer = ({ path }) => (path.startsWith('PUT') ? { text: 'TOKEN' } : { status: 404 });
    await expect(look(1)).rejects.toMatchObject({ code: 'ERR_SESSION_CREDENTIALS' });
    expect(asked).toEqual(['PUT /latest/api/token', ROLE]);
  });
});

describe('STS', () => {
  const refusal = (Code, status) => ({
    status,
    text: `<ErrorResponse><Error><Code>${Code}</Code><Message>SECRET</Message></Error></ErrorResponse>`,
  });
  const role = () => ({
    text: `<AssumeRoleResponse><AssumeRoleResult><Credentials>
      <AccessKeyId>KEYOFROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
      <SessionToken>t</SessionToken>
      <Expiration>${new Date(Date.now() + 60 * MINUTE).toISOString()}</Expiration>
    </Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  });
  beforeEach(() => {
    writeFileSync(
      join(folder, 'config'),
      `[profile shop]\nrole_arn = arn:aws:iam::123456789012:role/shop\nsource_profile = base
       [profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n`.replace(/^ +/gm, ''),
    );
    process.env.AWS_CONFIG_FILE = join(folder, 'config');
    process.env.AWS_ENDPOINT_URL_STS = url;
  });

  test('is asked again if it has too much to do', async () => {
    answer = ({ count }) => (count < 3 ? refusal('Throttling', 400) : role());
    await look(2, { profile: 'shop' });
    expect([asked.length, signers]).toEqual([3, ['KEYOFROLE', 'KEYOFROLE']]);
  });

  test('that refuses is an error with its code, and not with its words', async () => {
    answer = () => refusal('AccessDenied', 403);
    await expect(look(1, { profile: 'shop' })).rejects.toMatchObject({
      code: 'ERR_SESSION_CREDENTIALS',
      message: expect.stringMatching(
        /profile "shop": STS has refused AssumeRole: AccessDenied(?!.*SECRET)/,
      ),
    });
    expect(asked).toHaveLength(1);
  });
});
