'use strict';

/**
 * An app with visitors, and an admin page for their sessions under /admin. README.md says how to start it.
 *
 * `ADMIN_PASSWORD_HASH` or `ADMIN_PASSWORD`, and `SESSION_SECRET`, must be set. `PORT` (3000) and `SESSION_TABLE`
 * (sessions) can be set.
 */

const express = require('express');
const session = require('express-session');
const { DynamoDBStore } = require('dynamo-session-store');
const { adminRouter } = require('./admin');
const { hashPassword } = require('./admin/password');
const { deviceOf } = require('./device');
const { visitors } = require('./visitors');

const { SESSION_TABLE, SESSION_SECRET, PORT = '3000' } = process.env;
const { ADMIN_PASSWORD_HASH, ADMIN_PASSWORD } = process.env;

const store = new DynamoDBStore({
  table: SESSION_TABLE,
  payPerRequest: true,
  // For the capacity units on the page.
  returnConsumedCapacity: true,
  indexes: {
    user: {
      // An admin is listed as a user too. No visitor can have this name: see visitors.js.
      value: ({ user, admin }) => (admin ? 'admin' : user),
      label: (_session, request) => deviceOf(request?.get('user-agent')),
    },
  },
});
store.on('warning', ({ code, message }) => console.error(`store warning: ${code}: ${message}`));

async function start() {
  if (!SESSION_SECRET) throw new Error('SESSION_SECRET is not set');
  if (!ADMIN_PASSWORD_HASH && !ADMIN_PASSWORD) throw new Error('ADMIN_PASSWORD_HASH is not set');
  const passwordHash = ADMIN_PASSWORD_HASH || (await hashPassword(ADMIN_PASSWORD));

  const app = express();
  // Only if a proxy that you trust is in front of the app: the limit of logins counts by address.
  // app.set('trust proxy', 1);
  app.use(
    session({
      store,
      secret: SESSION_SECRET,
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 7 * 86_400_000, sameSite: 'lax', secure: 'auto' },
    }),
  );
  app.use(
    '/admin',
    adminRouter({
      store,
      index: 'user',
      passwordHash,
      secret: SESSION_SECRET,
      audit: (event) => console.log(JSON.stringify(event)),
    }),
  );
  app.use(visitors());

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
}

start().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
});
