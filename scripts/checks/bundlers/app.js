'use strict';

/** A user's app, which the check bundles. A browser visits it twice, and the app prints both visit counts. */

const { once } = require('node:events');
const connect = require('dynamo-session-store');
const express = require('express');
const session = require('express-session');

async function main() {
  const DynamoDBStore = process.env.READY_MADE ? connect.DynamoDBStore : connect(session);
  const store = new DynamoDBStore({
    table: process.env.SESSION_TABLE,
    dynamoConfig: {
      endpoint: process.env.DYNAMODB_ENDPOINT,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
  });
  const app = express();
  app.use(session({ store, secret: 'secret', resave: false, saveUninitialized: false }));
  app.get('/', (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.json(request.session.visits);
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/`;
  const first = await fetch(url);
  const cookie = first.headers.getSetCookie()[0].split(';')[0];
  const second = await fetch(url, { headers: { cookie } });
  console.log(JSON.stringify([await first.json(), await second.json()]));
  server.close();
  server.closeAllConnections();
  store.close();
}

main();
