'use strict';

/**
 * A login and a count of visits with Hono, kept in DynamoDB. README.md says how to start it. `PORT`
 * (3000), `SESSION_TABLE` (sessions), `SESSION_SECRET` and `SECURE` can be set.
 */

const { randomUUID } = require('node:crypto');
const { EventEmitter } = require('node:events');
const { serve } = require('@hono/node-server');
const { Hono } = require('hono');
const { deleteCookie, getSignedCookie, setSignedCookie } = require('hono/cookie');
const connect = require('dynamo-session-store');

const { SESSION_TABLE, SESSION_SECRET = 'keyboard cat', SECURE, PORT = '3000' } = process.env;

/** A day, in seconds. The store's `ttl` is the same. */
const MAX_AGE = 86_400;

// The application saves sessions by itself, so the store needs no session module.
const DynamoDBStore = connect({ Store: EventEmitter });

const store = new DynamoDBStore({ table: SESSION_TABLE, payPerRequest: true, ttl: MAX_AGE * 1000 });
store.on('warning', ({ code, message }) => console.error(`store warning: ${code}: ${message}`));

const app = new Hono();

app.use(async (c, next) => {
  const sid = await getSignedCookie(c, SESSION_SECRET, 'sid');
  const session = sid ? await store.get(sid) : null;
  // If the session has ended, its id is not used again.
  c.set('sid', session ? sid : randomUUID());
  c.set('session', session ?? {});
  await next();
});

async function save(c) {
  await store.set(c.get('sid'), c.get('session'));
  await setSignedCookie(c, 'sid', c.get('sid'), SESSION_SECRET, {
    httpOnly: true,
    maxAge: MAX_AGE,
    sameSite: 'Lax',
    secure: Boolean(SECURE),
  });
}

app.get('/', async (c) => {
  const session = c.get('session');
  if (session.user) {
    session.visits += 1;
    await save(c);
  }
  const { user = null, visits = 0 } = session;
  return c.json({ user, visits });
});

app.post('/login', async (c) => {
  const { user } = await c.req.parseBody();
  if (typeof user !== 'string' || user === '') return c.json({ error: 'user is missing' }, 400);
  // A new id for a new user: an id that an attacker planted is then useless.
  await store.destroy(c.get('sid'));
  c.set('sid', randomUUID());
  c.set('session', { user, visits: 0 });
  await save(c);
  return c.redirect('/');
});

app.post('/logout', async (c) => {
  await store.destroy(c.get('sid'));
  deleteCookie(c, 'sid');
  return c.redirect('/');
});

const server = serve(
  { fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' },
  ({ port }) => {
    console.log(`listening on http://127.0.0.1:${port}`);
  },
);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => store.close());
    server.closeAllConnections();
  });
}
