'use strict';

/**
 * A handler for AWS Lambda behind an HTTP API or a function URL: a login and a count of visits. Set
 * `SESSION_SECRET`; `SESSION_TABLE` (sessions) names a table that exists.
 */

const express = require('express');
const session = require('express-session');
const serverless = require('serverless-http');
const { DynamoDBStore } = require('dynamo-session-store');

const { SESSION_TABLE, SESSION_SECRET } = process.env;

// Outside the handler: the next invocation of this instance reuses the open connection.
const store = new DynamoDBStore({ table: SESSION_TABLE, initialized: true });
store.on('warning', ({ code, message }) => console.error(`store warning: ${code}: ${message}`));

const app = express();
// API Gateway ends TLS, and says so in a header.
app.set('trust proxy', 1);
app.use(express.urlencoded(), express.json());
app.use(
  session({
    store,
    secret: SESSION_SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 3_600_000, sameSite: 'lax', secure: true },
  }),
);

app.get('/', ({ session }, response) => {
  if (session.user) session.visits += 1;
  const { user = null, visits = 0 } = session;
  response.json({ user, visits });
});

app.post('/login', (request, response, next) => {
  const user = String(request.body?.user ?? '').trim();
  if (!user) return response.status(400).json({ error: 'user is missing' });
  return request.session.regenerate((error) => {
    if (error) return next(error);
    Object.assign(request.session, { user, visits: 0 });
    return request.session.save((failure) => (failure ? next(failure) : response.redirect('/')));
  });
});

app.post('/logout', (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.redirect('/')));
});

module.exports.handler = serverless(app);
