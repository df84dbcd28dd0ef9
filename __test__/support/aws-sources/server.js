'use strict';

/**
 * One server that plays DynamoDB and every service that credentials or a region can come from: the
 * container's, the instance's, STS and IAM Identity Center (SSO). Each gives a key of its own, so that
 * a request to DynamoDB shows whose credentials signed it.
 */

const { once } = require('node:events');
const http = require('node:http');

const SECRET = 'SECRETOFTHESERVER';
const later = () => new Date(Date.now() + 3_600_000).toISOString();

/** Credentials as the container's and the instance's service give them. */
const given = (key, expiration = later()) => ({
  Code: 'Success',
  Type: 'AWS-HMAC',
  AccessKeyId: key,
  SecretAccessKey: SECRET,
  Token: `TOKENOF${key}`,
  Expiration: expiration,
  LastUpdated: new Date().toISOString(),
});

/** Credentials as STS gives them. */
const assumed = (action, key) => `
  <${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
    <${action}Result>
      <AssumedRoleUser>
        <AssumedRoleId>ROLE:session</AssumedRoleId>
        <Arn>arn:aws:sts::123456789012:assumed-role/shop/session</Arn>
      </AssumedRoleUser>
      <Credentials>
        <AccessKeyId>${key}</AccessKeyId>
        <SecretAccessKey>${SECRET}</SecretAccessKey>
        <SessionToken>TOKENOF${key}</SessionToken>
        <Expiration>${later()}</Expiration>
      </Credentials>
    </${action}Result>
    <ResponseMetadata><RequestId>REQUEST-ID</RequestId></ResponseMetadata>
  </${action}Response>`;

const signerOf = ({ authorization = '' }) => /Credential=([^/]+)\//.exec(authorization)?.[1];
const regionOf = ({ authorization = '' }) =>
  /Credential=[^/]+\/\d+\/([^/]+)\//.exec(authorization)?.[1];

/** What a request gets as its answer: a text, or `undefined` where there is nothing at its address. */
function answerTo({ method, url, headers, body }) {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  if (pathname === '/container') {
    return JSON.stringify(given(`KEYOFCONTAINER${headers.authorization ?? ''}`));
  }
  if (pathname === '/short') {
    const soon = new Date(Date.now() + 1000).toISOString();
    return JSON.stringify(given('KEYOFCONTAINER', soon));
  }
  if (method === 'POST' && pathname === '/token') {
    return JSON.stringify({ accessToken: 'NEW', expiresIn: 3600, refreshToken: 'NEXT' });
  }
  if (method === 'PUT' && pathname === '/latest/api/token') return 'TOKENOFMETADATA';
  if (pathname === '/latest/meta-data/placement/region') return 'eu-south-1';
  if (/^\/latest\/meta-data\/iam\/security-credentials(-extended)?\/?$/.test(pathname)) {
    return 'role-of-instance';
  }
  if (pathname.endsWith('/role-of-instance')) return JSON.stringify(given('KEYOFINSTANCE'));
  if (pathname === '/federation/credentials') {
    const roleCredentials = {
      accessKeyId: `KEYOFSSO${searchParams.get('role_name')}`,
      secretAccessKey: SECRET,
      sessionToken: 'TOKENOFSSO',
      expiration: Date.now() + 3_600_000,
    };
    return JSON.stringify({ roleCredentials });
  }
  const action = new URLSearchParams(body).get('Action');
  if (action === 'AssumeRole') return assumed(action, `KEYOFROLEBY${signerOf(headers)}`);
  if (action === 'AssumeRoleWithWebIdentity') return assumed(action, 'KEYOFWEBIDENTITY');
  return undefined;
}

/**
 * Starts it. `taken()` gives the requests for DynamoDB since it was last called, `tokens()` the tokens
 * that SSO has seen.
 */
async function startServer() {
  const requests = [];
  const tokens = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    if (headers['x-amz-target']?.startsWith('DynamoDB_')) {
      requests.push({
        key: signerOf(headers),
        token: headers['x-amz-security-token'],
        region: regionOf(headers),
        address: url.replace(/\/$/, ''),
      });
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.setHeader('x-amzn-requestid', 'REQUEST-ID');
      response.end('{}');
      return;
    }
    tokens.push(headers['x-amz-sso_bearer_token'] ?? []);
    const answer = answerTo({ method, url, headers, body });
    if (url === '/latest/api/token') response.setHeader('x-aws-ec2-metadata-token-ttl-seconds', 60);
    const type = answer?.startsWith('{') ? 'application/json' : 'text/xml';
    response.setHeader('content-type', type);
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(answer ?? 'nothing is here');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    taken: () => requests.splice(0),
    tokens: () => tokens.flat(),
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

module.exports = { startServer };
