'use strict';

/**
 * Lambda and API Gateway on your machine: an HTTP server that turns each request into an event, calls
 * the handler with this event, and sends the handler's result. `PORT` (3000) can be set.
 */

const { createServer } = require('node:http');
const { text } = require('node:stream/consumers');
const { DynamoDBStore } = require('dynamo-session-store');
const { handler } = require('./handler');

const { SESSION_TABLE, PORT = '3000' } = process.env;

/** An event of an HTTP API, payload format 2.0. */
async function eventOf(request) {
  const { pathname, search } = new URL(request.url, 'http://localhost');
  const { cookie, ...headers } = request.headers;
  return {
    version: '2.0',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    cookies: cookie?.split('; '),
    headers: { ...headers, 'x-forwarded-proto': 'https' },
    requestContext: { http: { method: request.method, path: pathname, sourceIp: '127.0.0.1' } },
    body: await text(request),
    isBase64Encoded: false,
  };
}

const server = createServer(async (request, response) => {
  const result = await handler(await eventOf(request), {});
  const headers = { ...result.headers, ...(result.cookies && { 'set-cookie': result.cookies }) };
  response.writeHead(result.statusCode, headers);
  response.end(Buffer.from(result.body, result.isBase64Encoded ? 'base64' : 'utf8'));
});

async function main() {
  // In production your infrastructure creates the table.
  const tables = new DynamoDBStore({ table: SESSION_TABLE, payPerRequest: true });
  await tables.initialize();
  await tables.close();
  server.listen(Number(PORT), '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  });
}

main();

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
