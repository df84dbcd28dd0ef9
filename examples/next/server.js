'use strict';

/**
 * Next.js behind Express, which gives each request its session. README.md says how to start it.
 * `PORT` (3000), `SESSION_TABLE` (sessions) and `SESSION_SECRET` can be set.
 */

const express = require('express');
const session = require('express-session');
const next = require('next');
const { DynamoDBStore } = require('dynamo-session-store');

const { NODE_ENV, SESSION_TABLE, SESSION_SECRET, PORT = '3000' } = process.env;

const store = new DynamoDBStore({ table: SESSION_TABLE, payPerRequest: true });
store.on('warning', ({ code, message }) => console.error(`store warning: ${code}: ${message}`));

const app = next({ dev: NODE_ENV === 'development', dir: __dirname });

async function main() {
  await app.prepare();
  const handle = app.getRequestHandler();
  const server = express();
  // Scripts and styles need no session.
  server.use('/_next', (request, response) => {
    request.url = request.originalUrl;
    return handle(request, response);
  });
  server.use(
    session({
      store,
      secret: SESSION_SECRET ?? 'keyboard cat',
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 3_600_000, sameSite: 'lax', secure: 'auto' },
    }),
  );
  server.use((request, response) => handle(request, response));
  const listening = server.listen(Number(PORT), '127.0.0.1', (error) => {
    if (error) throw error;
    console.log(`listening on http://127.0.0.1:${listening.address().port}`);
  });

  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.removeAllListeners(signal);
    process.once(signal, async () => {
      listening.close();
      listening.closeAllConnections();
      await app.close();
      await store.close();
      process.exit(0);
    });
  }
}

main();
