'use strict';

/**
 * A user's app: visits itself over HTTP twice, each time with a new store, as after a restart, and prints the results
 * as JSON. In its folder, only dynamo-session-store is installed. Express is loaded from `EXPRESS_FROM`.
 */

const { once } = require('node:events');
const { createRequire } = require('node:module');
const connect = require('dynamo-session-store');

const elsewhere = createRequire(process.env.EXPRESS_FROM);
const express = elsewhere('express');
const session = elsewhere('express-session');

const options = {
  table: process.env.SESSION_TABLE,
  dynamoConfig: {
    endpoint: process.env.DYNAMODB_ENDPOINT,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  },
};

/** @param {string} [cookie] */
async function visit(cookie) {
  const DynamoDBStore = connect(session);
  const store = new DynamoDBStore(options);
  const app = express();
  app.use(session({ store, secret: 'secret', resave: false, saveUninitialized: false }));
  app.get('/', (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.json(request.session.visits);
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const headers = cookie ? { cookie } : undefined;
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers });
  const visits = await answer.json();
  server.close();
  server.closeAllConnections();
  store.close();
  return { visits, cookie: answer.headers.getSetCookie()[0]?.split(';')[0] };
}

/** Returns the class name of a client that the store makes with the application's AWS SDK, or the error's code. */
function findSdk() {
  const DynamoDBStore = connect(session);
  try {
    return new DynamoDBStore(options).client.constructor.name;
  } catch ({ code }) {
    return code;
  }
}

async function main() {
  const first = await visit();
  const second = await visit(first.cookie);
  console.log(JSON.stringify({ visits: [first.visits, second.visits], sdk: findSdk() }));
}

main();
