'use strict';

/**
 * A login and a count of visits, kept in DynamoDB. README.md says how to start it. `PORT` (3000),
 * `SESSION_TABLE` (koa-sessions) and `SESSION_SECRET` can be set.
 */

const Koa = require('koa');
const { createSession } = require('koa-session');
const DynamoDBStore = require('dynamo-session-store/koa');

const { SESSION_TABLE = 'koa-sessions', SESSION_SECRET, PORT = '3000' } = process.env;

const store = new DynamoDBStore({
  table: { name: SESSION_TABLE, autoCreate: true },
  payPerRequest: true,
});
store.on('warning', ({ code, message }) => console.error(`store warning: ${code}: ${message}`));

const app = new Koa();
app.keys = [SESSION_SECRET ?? 'keyboard cat'];
app.use(createSession({ store, maxAge: 3_600_000, sameSite: 'lax' }, app));

app.use(async (ctx) => {
  switch (`${ctx.method} ${ctx.path}`) {
    case 'GET /': {
      if (ctx.session.user) ctx.session.visits += 1;
      const { user = null, visits = 0 } = ctx.session;
      ctx.body = { user, visits };
      break;
    }
    case 'POST /login':
      ctx.assert(ctx.query.user, 400, 'user is missing');
      Object.assign(ctx.session, { user: ctx.query.user, visits: 0 });
      // A new id for a new user: an id that an attacker planted is then useless.
      await ctx.session.regenerate();
      ctx.body = { user: ctx.session.user, visits: 0 };
      break;
    case 'POST /logout':
      ctx.session = null;
      ctx.body = { user: null, visits: 0 };
      break;
    default:
      ctx.status = 404;
  }
});

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => store.close());
    server.closeAllConnections();
  });
}
