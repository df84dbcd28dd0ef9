'use strict';

/**
 * A login and a count of visits, kept in DynamoDB, with spans and metrics. README.md says how to start it. `PORT`
 * (3000), `SESSION_TABLE` (sessions) and `SESSION_SECRET` can be set.
 */

const express = require('express');
const session = require('express-session');
const { DynamoDBStore, SessionStoreError } = require('dynamo-session-store');
const { shutdown } = require('./instrumentation');

const { SESSION_TABLE, SESSION_SECRET, PORT = '3000' } = process.env;

const store = new DynamoDBStore({
  table: SESSION_TABLE,
  payPerRequest: true,
  // Requests then have the attribute `aws.dynamodb.consumed_capacity`.
  returnConsumedCapacity: true,
});
store.on('warning', ({ code, message }) => console.error(`store warning: ${code}: ${message}`));

const app = express();
app.use(express.urlencoded(), express.json());
app.use(
  session({
    store,
    secret: SESSION_SECRET ?? 'keyboard cat',
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 3_600_000, sameSite: 'lax', secure: 'auto' },
  }),
);

app.get('/', (request, response) => {
  if (request.session.user) request.session.visits += 1;
  const { user = null, visits = 0 } = request.session;
  response.json({ user, visits });
});

app.post('/login', (request, response, next) => {
  const user = String(request.body?.user ?? '').trim();
  if (!user) return response.status(400).json({ error: 'user is missing' });
  // A new id for a new user: an id that an attacker planted is then useless.
  return request.session.regenerate((error) => {
    if (error) return next(error);
    Object.assign(request.session, { user, visits: 0 });
    // Save first: the browser may follow the redirect before DynamoDB has stored the session.
    return request.session.save((failure) => (failure ? next(failure) : response.redirect('/')));
  });
});

app.post('/logout', (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.redirect('/')));
});

app.use((error, _request, response, next) => {
  if (!(error instanceof SessionStoreError) || response.headersSent) return next(error);
  return response.status(error.retryable ? 503 : 500).send('Sessions are not available');
});

const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(async () => {
      await store.close();
      // Last: it sends the spans and the metrics that are still in the process.
      await shutdown();
    });
    server.closeAllConnections();
  });
}
