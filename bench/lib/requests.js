'use strict';

/** Requests to DynamoDB without a client. */

/** The headers that DynamoDB Local reads. */
const HEADERS = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target'];

/**
 * A request that looks signed. DynamoDB Local and the canned server do not check signatures.
 *
 * @param {string} operation DynamoDB's name
 * @param {object} input
 */
function requestOf(operation, input) {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, ' +
        'SignedHeaders=content-type;host;x-amz-date;x-amz-target, ' +
        `Signature=${'0'.repeat(64)}`,
    },
    body: JSON.stringify(input),
  };
}

/** @param {import('node:http').IncomingMessage} request @returns {string} DynamoDB's name of its operation */
function operationOf({ headers }) {
  return String(headers['x-amz-target']).split('.').at(-1) ?? '';
}

/**
 * Sends a request on, as a proxy does.
 *
 * @param {string} endpoint of DynamoDB Local
 * @param {import('node:http').IncomingMessage} request
 * @param {object} input instead of that of the request
 * @returns {Promise<{ status: number, text: string }>}
 */
async function forward(endpoint, { headers }, input) {
  const sent = HEADERS.map((name) => [name, String(headers[name])]);
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: Object.fromEntries(sent),
    body: JSON.stringify(input),
  });
  return { status: answer.status, text: await answer.text() };
}

module.exports = { forward, operationOf, requestOf };
