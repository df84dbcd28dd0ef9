'use strict';

/**
 * A process of its own with an Express app: `node adder.js <table> [<options as JSON>]`. Each request adds a key to its
 * session. The process sends its parent the port, and `read` for each request to `/held` that has
 * read its session. `go` has those requests save, any other message ends the process.
 */

const express = require('express');
const session = require('express-session');
const { DynamoDBStore } = require('../..');
const { dynamoConfig } = require('./dynamodb');

const [table, options = '{}'] = process.argv.slice(2);
const store = new DynamoDBStore({
  table,
  dynamoConfig: dynamoConfig(),
  initialized: true,
  ...JSON.parse(options),
});
const app = express();
app.use(session({ store, secret: 'keyboard cat', resave: false, saveUninitialized: false }));

let go;
let going = new Promise((resolve) => {
  go = resolve;
});

app.post('/add/:key', (request, response, next) => {
  request.session[request.params.key] = 1;
  request.session.save((error) => (error ? next(error) : response.json({})));
});
app.post('/held/:key', async (request, response, next) => {
  process.send('read');
  await going;
  request.session[request.params.key] = 1;
  request.session.save((error) => (error ? next(error) : response.json({})));
});
// Four parameters: by their number Express knows an error handler.
app.use((error, _request, response, _next) => {
  response.status(500).json({ code: error.code });
});

const server = app.listen(0, '127.0.0.1', () => {
  process.send({ port: server.address().port });
});
process.on('message', async (message) => {
  if (message === 'go') {
    go();
    going = new Promise((resolve) => {
      go = resolve;
    });
    return;
  }
  server.close();
  server.closeAllConnections();
  await store.close();
  process.disconnect();
});
