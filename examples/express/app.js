'use strict';

/**
 * A login and a count of visits, kept in DynamoDB.
 *
 *     DYNAMODB_ENDPOINT=http://localhost:8000 node examples/express/app.js
 *
 * Without `DYNAMODB_ENDPOINT` it uses the DynamoDB of your AWS environment. `PORT` (3000),
 * `SESSION_TABLE` (sessions) and `SESSION_SECRET` can be set as well.
 */

const express = require('express');
const session = require('express-session');
const { DynamoDBStore } = require('dynamo-session-store');

const { DYNAMODB_ENDPOINT: endpoint, SESSION_TABLE, SESSION_SECRET, PORT = '3000' } = process.env;

/** A DynamoDB of one's own takes any credentials. */
const local = { endpoint, region: 'us-east-1', accessKeyId: 'local', secretAccessKey: 'local' };

const store = new DynamoDBStore({
  table: SESSION_TABLE,
  payPerRequest: true,
  dynamoConfig: endpoint && !process.env.AWS_ACCESS_KEY_ID ? local : { endpoint },
});
store.on('warning', ({ code, message }) => console.error(`store warning: ${code}: ${message}`));

const app = express();
app.use(express.urlencoded({ extended: false }), express.json());
app.use(
  session({
    store,
    secret: SESSION_SECRET ?? 'keyboard cat',
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 3_600_000, sameSite: 'lax' },
  }),
);

app.get('/', (request, response) => {
  if (request.session.user) request.session.visits += 1;
  const { user = null, visits = 0 } = request.session;
  response.format({
    html: () => response.send(page(user, visits)),
    json: () => response.json({ user, visits }),
  });
});

app.post('/login', (request, response, next) => {
  const user = String(request.body?.user ?? '').trim();
  if (!user) return response.status(400).json({ error: 'user is missing' });
  // A new id for a new user: one that an attacker planted is worth nothing then.
  return request.session.regenerate((error) => {
    if (error) return next(error);
    Object.assign(request.session, { user, visits: 0 });
    // Stored before the browser is sent on, which may well be faster than DynamoDB.
    return request.session.save((failure) => (failure ? next(failure) : response.redirect('/')));
  });
});

app.post('/logout', (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.redirect('/')));
});

function page(user, visits) {
  const escaped = user?.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  const body = user
    ? `<p>Hello ${escaped}, this is visit ${visits}.</p>
       <form method="post" action="/logout"><button>Log out</button></form>`
    : `<form method="post" action="/login"><input name="user" placeholder="Your name" required>
       <button>Log in</button></form>`;
  return `<!doctype html><title>dynamo-session-store</title>${body}`;
}

const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => store.close());
    server.closeAllConnections();
  });
}
