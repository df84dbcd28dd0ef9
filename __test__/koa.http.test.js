'use strict';

const { createHash } = require('node:crypto');
const Koa3 = require('koa');
const Koa2 = require('koa2');
const session7 = require('koa-session');
const session6 = require('koa-session-6');
const session5 = require('koa-session-5');
const genericSession = require('koa-generic-session');
const request = require('supertest');
const DynamoDBStore = require('../koa');
const { dynamoConfig, items, newTable, putItem, seconds } = require('./support/dynamodb');
const { expectEnd } = require('./support/ends');
const { storesOf } = require('./support/stores');
const { refusal, table: tableAnswer } = require('./support/stub-dynamodb');

const { keep, newStore, newStubbed } = storesOf(DynamoDBStore);

let table;
beforeEach(async () => {
  table = await newTable({ hashKey: 'sessionId' });
});

const rows = async () => Object.values(await items(table, 'sessionId'));

const MENU = { soup: 4, bread: 1, tea: 2, cake: 3, fish: 9, rice: 5, beer: 4, milk: 1 };

/** A page whose content is a map of the session, with an ETag. */
function menu(ctx) {
  ctx.body = JSON.stringify(ctx.session.menu);
  ctx.etag = createHash('sha256').update(ctx.body).digest('base64url');
  if (ctx.fresh) ctx.status = 304;
}

/** What every app here does, whichever package keeps its session. */
async function route(ctx) {
  const { session } = ctx;
  if (ctx.path === '/menu') return menu(ctx);
  const [, action, user] = ctx.path.split('/');
  if (action === 'login') session.user = user;
  if (action === 'order') session.menu = MENU;
  if (action === 'visit') session.visits = (session.visits ?? 0) + 1;
  if (action === 'logout') ctx.session = null;
  if (action === 'regenerate') await ctx.session.regenerate();
  if (action === 'map') session.cart = new Map([['pen', 1]]);
  if (action === 'big') session.visits = 1n;
  ctx.body = { user: ctx.session?.user ?? null, visits: ctx.session?.visits ?? null };
}

describe.each([
  ['Koa 3 with koa-session 7', Koa3, session7],
  ['Koa 2 with koa-session 6', Koa2, session6],
  ['Koa 2 with koa-session 5', Koa2, session5],
])('%s', (_name, Koa, module) => {
  const session = module.createSession ?? module.default ?? module;

  /** A browser on an app of its own. */
  function newAgent(options, store = newStore({ table: { name: table } })) {
    const app = new Koa();
    app.keys = ['keyboard cat'];
    app.silent = true;
    app.use(session({ store, ...options }, app));
    app.use(route);
    return Object.assign(request.agent(app.callback()), { koa: app });
  }

  test('a visitor who does nothing gets no session', async () => {
    await newAgent().get('/look').expect(200, { user: null, visits: null });
    expect(await rows()).toEqual([]);
  });

  test('log in, visit, log out', async () => {
    const since = Date.now();
    const agent = newAgent({ maxAge: 3_600_000 });
    await agent.get('/login/ann').expect(200, { user: 'ann', visits: null });
    await agent.get('/visit').expect(200, { user: 'ann', visits: 1 });
    await agent.get('/visit').expect(200, { user: 'ann', visits: 2 });
    const [row, ...others] = await rows();
    expect(others).toEqual([]);
    expect(row).toEqual({
      sessionId: { S: expect.any(String) },
      expires: { N: expect.stringMatching(/^\d+$/) },
      _v: { S: expect.any(String) },
      session: {
        M: {
          user: { S: 'ann' },
          visits: { N: '2' },
          _expire: { N: expect.any(String) },
          _maxAge: { N: '3600000' },
        },
      },
    });
    // koa-session has the store outlive the cookie by ten seconds.
    expectEnd(row, since, 3610);
    await agent.get('/logout').expect(200, { user: null, visits: null });
    expect(await rows()).toEqual([]);
    await agent.get('/look').expect(200, { user: null, visits: null });
  });

  test("maxAge: 'session' is stored for a day", async () => {
    const since = Date.now();
    const agent = newAgent({ maxAge: 'session' });
    await agent.get('/login/ann').expect(200);
    const [row] = await rows();
    expect(row.session.M).toMatchObject({ _session: { BOOL: true } });
    expectEnd(row, since, 86_400);
    await agent.get('/visit').expect(200, { user: 'ann', visits: 1 });
  });

  test('without maxAge it is stored for a day', async () => {
    const since = Date.now();
    await newAgent().get('/login/ann').expect(200);
    const [row] = await rows();
    expectEnd(row, since, 86_410);
  });

  test('rolling stores a session that was only looked at', async () => {
    const store = newStore({ table: { name: table }, touchInterval: 0 });
    const agent = newAgent({ rolling: true, maxAge: 3_600_000 }, store);
    await agent.get('/login/ann').expect(200);
    const [before] = await rows();
    const answer = await agent.get('/look').expect(200, { user: 'ann', visits: null });
    expect(answer.headers['set-cookie']).toBeDefined();
    const [after] = await rows();
    expect(Number(after.session.M._expire.N)).toBeGreaterThan(Number(before.session.M._expire.N));
  });

  test('renew stores a session that is nearly over', async () => {
    const agent = newAgent({ renew: true, maxAge: 3_600_000 });
    await agent.get('/login/ann').expect(200);
    const [row] = await rows();
    await agent.get('/look').expect(200);
    expect(await rows()).toEqual([row]);
    const nearly = { ...row.session.M, _expire: { N: String(Date.now() + 60_000) } };
    await putItem(table, { ...row, session: { M: nearly } });
    await agent.get('/look').expect(200, { user: 'ann', visits: null });
    const [renewed] = await rows();
    expect(Number(renewed.session.M._expire.N)).toBeGreaterThan(Number(nearly._expire.N));
  });

  // Version 5 has no regenerate().
  if (module !== session5) {
    test('regenerate gives the session a new id', async () => {
      const agent = newAgent();
      await agent.get('/login/ann').expect(200);
      const [before] = await rows();
      await agent.get('/regenerate').expect(200);
      const [after, ...others] = await rows();
      expect(others).toEqual([]);
      expect(after.sessionId).not.toEqual(before.sessionId);
      await agent.get('/look').expect(200, { user: 'ann', visits: null });
    });
  }

  test('a map has its keys in the same order at each read, so that an ETag matches', async () => {
    const agent = newAgent();
    await agent.get('/order').expect(200);
    const first = await agent.get('/menu').expect(200);
    expect(JSON.parse(first.text)).toEqual(MENU);
    for (let view = 0; view < 8; view += 1) {
      await agent.get('/menu').set('if-none-match', first.headers.etag).expect(304);
    }
  });

  test('external keys of the application', async () => {
    const externalKey = { get: (ctx) => ctx.get('x-session'), set: () => {} };
    const agent = newAgent({ externalKey, genid: () => 'given' });
    await agent.get('/login/ann').set('x-session', '').expect(200);
    expect(Object.keys(await items(table, 'sessionId'))).toEqual(['given']);
    await agent.get('/visit').set('x-session', 'given').expect(200, { user: 'ann', visits: 1 });
    await agent.get('/look').set('x-session', 'other').expect(200, { user: null, visits: null });
  });

  test('a ContextStore that extends the store', async () => {
    const name = table;
    class ContextStore extends DynamoDBStore {
      constructor(ctx) {
        super({ table: { name }, dynamoConfig: dynamoConfig() });
        keep(this);
        this.ctx = ctx;
      }
    }
    const agent = newAgent({ ContextStore }, undefined);
    await agent.get('/login/ann').expect(200);
    await agent.get('/visit').expect(200, { user: 'ann', visits: 1 });
  });

  test('many requests of one session at the same time are all answered', async () => {
    const agent = newAgent();
    await agent.get('/login/ann').expect(200);
    const answers = await Promise.all(Array.from({ length: 20 }, () => agent.get('/visit')));
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body.user).toBe('ann');
    }
    expect(await rows()).toHaveLength(1);
  });

  test('an expired session is none', async () => {
    const agent = newAgent();
    await agent.get('/login/ann').expect(200);
    const [row] = await rows();
    await putItem(table, { ...row, expires: { N: String(seconds() - 1) } });
    await agent.get('/look').expect(200, { user: null, visits: null });
  });

  test('a DynamoDB that refuses is an error of the request, and the app serves on', async () => {
    let refuse = false;
    const { store } = await newStubbed(() => (refuse ? refusal('AccessDeniedException') : {}));
    const agent = newAgent({}, store);
    const errors = [];
    agent.koa.on('error', (error) => errors.push(error));
    await agent.get('/login/ann').expect(200);
    refuse = true;
    await agent.get('/look').expect(500);
    refuse = false;
    await agent.get('/look').expect(200, { user: null, visits: null });
    expect(errors).toEqual([expect.objectContaining({ code: 'AccessDeniedException' })]);
  });

  test.each([
    ['a Map: the store', '/map', { code: 'ERR_SESSION_VALUE' }],
    ['a BigInt: koa-session itself', '/big', { name: 'TypeError', message: /BigInt/ }],
  ])('%s refuses it, and the stored session stays as it was', async (_what, path, expected) => {
    const agent = newAgent();
    const errors = [];
    agent.koa.on('error', ({ name, code, message }) => errors.push({ name, code, message }));
    await agent.get('/login/ann').expect(200);
    await agent.get(path).expect(500);
    await agent.get('/visit').expect(200, { user: 'ann', visits: 1 });
    const { message = expect.any(String), ...rest } = expected;
    const matching = message instanceof RegExp ? expect.stringMatching(message) : message;
    expect(errors).toEqual([expect.objectContaining({ ...rest, message: matching })]);
  });

  test('a table that cannot be created ends no server, and the next request tries again', async () => {
    let refuse = true;
    const answer = ({ operation }) => {
      if (refuse) return refusal('AccessDeniedException');
      return operation === 'DescribeTable' ? tableAnswer('ACTIVE', 'sessionId') : {};
    };
    const table = { autoCreate: true, useTtlExpired: false };
    const { store } = await newStubbed(answer, { table });
    const warned = new Promise((resolve) => {
      store.once('warning', resolve);
    });
    expect(await warned).toMatchObject({ code: 'AccessDeniedException' });
    const agent = newAgent({}, store);
    await agent.get('/login/ann').expect(500);
    refuse = false;
    await agent.get('/login/ann').expect(200, { user: 'ann', visits: null });
  });
});

describe('koa-generic-session', () => {
  test('log in, visit, log out', async () => {
    const since = Date.now();
    const app = new Koa2();
    app.keys = ['keyboard cat'];
    app.use(
      require('koa-convert')(
        genericSession({ store: newStore({ table: { name: table } }), cookie: { maxAge: 60_000 } }),
      ),
    );
    app.use(route);
    const agent = request.agent(app.callback());
    await agent.get('/login/ann').expect(200, { user: 'ann', visits: null });
    await agent.get('/visit').expect(200, { user: 'ann', visits: 1 });
    const [row, ...others] = await rows();
    expect(others).toEqual([]);
    expect(row.sessionId.S).toMatch(/^koa:sess:/);
    expectEnd(row, since, 60);
    await agent.get('/logout').expect(200);
    expect(await rows()).toEqual([]);
  });
});
