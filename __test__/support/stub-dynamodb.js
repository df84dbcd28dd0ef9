'use strict';

/**
 * A DynamoDB on real HTTP that answers as it is told: for what the real one can't be made to do,
 * such as throttle, hang or tear a connection.
 */

const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { join } = require('node:path');

const file = (/** @type {string} */ name) => join(__dirname, 'tls', name);

/** The authority that has signed the certificate of a stub on HTTPS. */
const privateCa = file('ca.pem');

/**
 * @typedef {object} Call
 * @property {string} operation such as `GetItem`
 * @property {any} body
 * @property {http.IncomingHttpHeaders} headers
 */

/**
 * Starts it. `answer` gets each call and returns what to send: `{ status, body, headers }`, by default
 * that there is nothing; `hang` for no answer at all; `tear` for a connection that is torn.
 *
 * @param {(call: Call) => any} answer
 * @param {{ secure?: boolean }} [options] whether it is on HTTPS
 */
async function startStub(answer, { secure = false } = {}) {
  /** @type {Call[]} */
  const calls = [];
  const server = secure
    ? https.createServer({
        key: readFileSync(file('server.key')),
        cert: readFileSync(file('server.pem')),
      })
    : http.createServer();
  server.on('request', async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
    const call = { operation, body: JSON.parse(text), headers: request.headers };
    calls.push(call);
    const said = await answer(call);
    if (said === 'hang') return;
    if (said === 'tear') {
      request.socket.destroy();
      return;
    }
    const { status = 200, body = nothing[operation] ?? {}, headers = {} } = said ?? {};
    response.writeHead(status, {
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-requestid': 'REQUEST-ID',
      ...headers,
    });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    calls,
    endpoint: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`,
    count: (/** @type {string} */ operation) =>
      calls.filter((call) => call.operation === operation).length,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/**
 * What operations answer that find nothing, unless that is an empty object.
 *
 * @type {Record<string, object>}
 */
const nothing = {
  BatchGetItem: { Responses: {}, UnprocessedKeys: {} },
  Query: { Items: [], Count: 0, ScannedCount: 0 },
  Scan: { Items: [], Count: 0, ScannedCount: 0 },
};

/** An error as DynamoDB sends it. @param {string} name @param {string} [message] @param {number} [status] */
function refusal(name, message = `${name} from the stub`, status = 400) {
  return {
    status,
    body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message },
  };
}

/** The answer to DescribeTable for a table keyed by `id`. */
function table(status = 'ACTIVE', hashKey = 'id') {
  return {
    body: {
      Table: {
        TableName: 'sessions',
        TableStatus: status,
        KeySchema: [{ AttributeName: hashKey, KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: hashKey, AttributeType: 'S' }],
      },
    },
  };
}

module.exports = { privateCa, refusal, startStub, table };
