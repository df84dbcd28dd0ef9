'use strict';

/**
 * A login and a count of visits with Fastify, kept in DynamoDB. README.md says how to start it.
 * `PORT` (3000), `SESSION_TABLE` (sessions) and `SESSION_SECRET` can be set.
 */

const { EventEmitter } = require('node:events');
const fastify = require('fastify');
const connect = require('dynamo-session-store');

const { SESSION_TABLE, SESSION_SECRET, PORT = '3000' } = process.env;

// The class Store of @fastify/session keeps sessions in memory. Any other store only has to be an
// event emitter.
const DynamoDBStore = connect({ Store: EventEmitter });

const store = new DynamoDBStore({ table: SESSION_TABLE, payPerRequest: true });
store.on('warning', ({ code, message }) => console.error(`store warning: ${code}: ${message}`));

const app = fastify();
app.register(require('@fastify/formbody'));
app.register(require('@fastify/cookie'));
app.register(require('@fastify/session'), {
  store,
  secret: SESSION_SECRET ?? 'a secret of 32 characters or more',
  saveUninitialized: false,
  cookie: { maxAge: 3_600_000, sameSite: 'lax', secure: 'auto' },
});

app.get('/', async ({ session }) => {
  if (session.user) session.visits += 1;
  const { user = null, visits = 0 } = session;
  return { user, visits };
});

const body = {
  type: 'object',
  required: ['user'],
  properties: { user: { type: 'string', minLength: 1 } },
};

app.post('/login', { schema: { body } }, async (request, reply) => {
  // A new id for a new user: an id that an attacker planted is then useless.
  await request.session.regenerate();
  Object.assign(request.session, { user: request.body.user, visits: 0 });
  await request.session.save();
  return reply.redirect('/');
});

app.post('/logout', async (request, reply) => {
  await request.session.destroy();
  return reply.redirect('/');
});

app.addHook('onClose', () => store.close());

app.listen({ port: Number(PORT), host: '127.0.0.1' }).then((address) => {
  console.log(`listening on ${address}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
