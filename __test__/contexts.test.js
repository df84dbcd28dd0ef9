'use strict';

/** The asynchronous context of a caller reaches what hangs on the client that is called. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { AsyncLocalStorage, createHook, executionAsyncResource } = require('node:async_hooks');
const { EventEmitter, once } = require('node:events');
const { Agent } = require('node:http');
const express = require('express');
const session = require('express-session');
const Koa = require('koa');
const koaSession = require('koa-session');
const request = require('supertest');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { v2, v3 } = require('./support/clients');
const { newTable, newTableName } = require('./support/dynamodb');
const { offline, shop } = require('./support/shopify');
const { storesOf } = require('./support/stores');

const { keep } = storesOf(DynamoDBStore);

const storage = new AsyncLocalStorage();
const inContext = (name, work) => storage.run(name, work);

/** The commands that a client was called with, each as `context: operation`. */
let seen;
/** Has the next command with this name wait. @type {{ name: string, held: EventEmitter }} */
let hold;

beforeEach(() => {
  seen = [];
  hold = undefined;
});

const note = (name) => seen.push(`${storage.getStore()}: ${name}`);

/** A client of v3 with middleware, as OpenTelemetry and X-Ray have it. */
function newV3() {
  const client = v3({ maxAttempts: 1 });
  const middleware =
    (next, { commandName }) =>
    async (args) => {
      const name = commandName.replace('Command', '');
      note(name);
      if (hold?.name === name) {
        const { held } = hold;
        hold = undefined;
        const released = once(held, 'release');
        held.emit('held');
        await released;
      }
      return next(args);
    };
  client.middlewareStack.add(middleware, { step: 'build', name: 'seen' });
  return client;
}

/** A client of v2 with a listener on every request. */
function newV2() {
  const client = v2({ maxRetries: 0 });
  client.customizeRequests((made) => {
    made.on('build', ({ operation }) => note(operation[0].toUpperCase() + operation.slice(1)));
  });
  return client;
}

/** Has the next `name` wait; gives a function that lets it go on, once it waits. */
async function holding(name, work) {
  const held = new EventEmitter();
  hold = { name, held };
  const waits = once(held, 'held');
  const done = work();
  await waits;
  return { done, release: () => held.emit('release') };
}

describe.each([
  ['middleware of aws-sdk v3', newV3],
  ['listeners of aws-sdk v2', newV2],
])('%s', (_what, newClient) => {
  test('see who has called Express, while callers take turns and wait for the table', async () => {
    const store = keep(
      new DynamoDBStore({ client: newClient(), transport: 'client', table: newTableName() }),
    );
    const cookie = { maxAge: 60_000 };
    const visit = (name) =>
      inContext(name, async () => {
        await store.set(name, { cookie });
        await store.get(name);
        await store.touch(name, { cookie });
        await store.destroy(name);
      });
    await Promise.all(['a', 'b', 'c'].map(visit));
    // The table was looked for and created for the first of them.
    const of = (operation) => seen.filter((each) => each.endsWith(`: ${operation}`));
    expect(new Set(of('DescribeTable'))).toEqual(new Set(['a: DescribeTable']));
    expect(of('CreateTable')).toEqual(['a: CreateTable']);
    for (const operation of ['PutItem', 'GetItem', 'UpdateItem', 'DeleteItem']) {
      const expected = ['a', 'b', 'c'].map((name) => `${name}: ${operation}`);
      expect(of(operation).sort()).toEqual(expected);
    }
    seen = [];
    await inContext('reader', () => store.all());
    await inContext('reaper', () => store.reap());
    expect(seen).toEqual(['reader: Scan', 'reaper: Scan']);
  });

  test('see who has called Koa', async () => {
    const table = { name: newTableName(), autoCreate: true, useTtlExpired: false };
    const options = { client: newClient(), transport: 'client', table };
    const store = inContext('start', () => keep(new KoaStore(options)));
    const visit = (name) =>
      inContext(name, async () => {
        await store.set(name, { name }, 60_000);
        await store.get(name);
        await store.destroy(name);
      });
    await Promise.all(['a', 'b'].map(visit));
    const counts = (name) => seen.filter((each) => each.startsWith(`${name}: `)).length;
    expect(seen).toContain('start: CreateTable');
    expect(counts('a')).toBe(3);
    expect(counts('b')).toBe(3);
    expect(counts('undefined')).toBe(0);
  });

  test('see who has called Shopify', async () => {
    const sessionTableName = newTableName();
    const client = newClient();
    const options = { client, transport: 'client', sessionTableName };
    const store = keep(new DynamoDBSessionStorage(options));
    await inContext('start', () => store.createTableIfNotExists());
    const ids = (name) => [`${name}-1`, `${name}-2`];
    const visit = (name) =>
      inContext(name, async () => {
        for (const id of ids(name)) await store.storeSession(offline({ id }));
        await store.loadSession(`${name}-1`);
        await store.deleteSession(`${name}-1`);
      });
    await Promise.all(['a', 'b'].map(visit));
    await inContext('finder', () => store.findSessionsByShop(shop));
    await inContext('deleter', () => store.deleteSessions(['a-2', 'b-2']));
    expect(seen).toContain('start: CreateTable');
    expect(seen.filter((each) => each.startsWith('a: '))).toHaveLength(4);
    expect(seen.filter((each) => each.startsWith('b: '))).toHaveLength(4);
    expect(seen).toContain('finder: Query');
    expect(seen).toContain('finder: BatchGetItem');
    expect(seen).toContain('deleter: BatchWriteItem');
    expect(seen.filter((each) => each.startsWith('undefined'))).toEqual([]);
  });
});

describe('a request that is for several callers', () => {
  let store;
  const open = async (options) => {
    const table = await newTable();
    const client = newV3();
    store = keep(
      new DynamoDBStore({ client, transport: 'client', table, initialized: true, ...options }),
    );
  };
  /** When this is answered, all that was asked before has its place. */
  const settled = () => store.get('another');
  const about = (operation) => seen.filter((each) => each.endsWith(operation));

  test('has the context of the last one where it is a write, and of the first where it is a read', async () => {
    await open();
    const set = (name) => inContext(name, () => store.set('sid', { name }));
    const get = (name) => inContext(name, () => store.get('sid'));
    const { done, release } = await holding('PutItem', () => set('a'));
    const others = [set('b'), set('c'), get('d'), get('e')];
    await settled();
    release();
    await Promise.all([done, ...others]);
    expect(about('PutItem')).toEqual(['a: PutItem', 'c: PutItem']);
    expect(about('GetItem')).toEqual(['undefined: GetItem', 'd: GetItem']);
  });

  test('has the context of the first where a read joins one in flight', async () => {
    await open({ consistentRead: false });
    const get = (name) => inContext(name, () => store.get('sid'));
    const { done, release } = await holding('GetItem', () => get('a'));
    const other = get('b');
    await settled();
    release();
    await Promise.all([done, other]);
    expect(about('GetItem')).toEqual(['a: GetItem', 'undefined: GetItem']);
  });

  test('has the context of the first where many deletions become one', async () => {
    const sessionTableName = newTableName();
    const options = { client: newV3(), transport: 'client', sessionTableName, maxSockets: 1 };
    const shopify = keep(new DynamoDBSessionStorage(options));
    await shopify.createTableIfNotExists();
    const { done, release } = await holding('GetItem', () => shopify.loadSession('x'));
    const others = ['a', 'b'].map((name) =>
      inContext(name, () => shopify.deleteSessions([`${name}1`, `${name}2`])),
    );
    // Not counted among the requests for items, and behind the others on its way to the addon.
    await shopify.createTableIfNotExists();
    release();
    await Promise.all([done, ...others]);
    expect(about('BatchWriteItem')).toEqual(['a: BatchWriteItem']);
  });
});

test('a call has its context before it is known that the client has to be called', async () => {
  /** An agent of the user's own for plain HTTP, which shows only in a promise. */
  class OwnAgent extends Agent {
    addRequest(...args) {
      note('request');
      super.addRequest(...args);
    }
  }
  const agent = new OwnAgent();
  const client = v3({ requestHandler: { httpAgent: agent } });
  const store = keep(new DynamoDBStore({ client, table: await newTable(), initialized: true }));
  expect(store.transport).toBe('native');
  await inContext('first', () => store.get('sid'));
  expect(store.transport).toBe('client');
  await inContext('second', () => store.get('sid'));
  expect(seen).toEqual(['first: request', 'second: request']);
  client.destroy();
});

test('what follows calls by async_hooks finds its way too', async () => {
  const key = Symbol('trace');
  const hook = createHook({
    init(_id, _type, _trigger, resource) {
      const current = executionAsyncResource();
      if (current?.[key]) resource[key] = current[key];
    },
  }).enable();
  try {
    const client = v3();
    const traces = [];
    client.middlewareStack.add(
      (next) => (args) => {
        traces.push(executionAsyncResource()[key]);
        return next(args);
      },
      { step: 'build', name: 'trace' },
    );
    const store = keep(new DynamoDBStore({ client, table: await newTable(), initialized: true }));
    const traced = (name) =>
      new Promise((resolve, reject) => {
        setImmediate(() => {
          executionAsyncResource()[key] = name;
          store.get(name).then(resolve, reject);
        });
      });
    await Promise.all([traced('one'), traced('two')]);
    expect(traces.sort()).toEqual(['one', 'two']);
  } finally {
    hook.disable();
  }
});

describe('over HTTP, each request with a store of its own,', () => {
  const visitors = ['ann', 'bob', 'cid', 'dan'];

  async function visit(app) {
    const agents = visitors.map((name) => ({ name, agent: request.agent(app) }));
    const each = (path) =>
      Promise.all(
        agents.map(({ name, agent }) => agent.get(path).set('x-visitor', name).expect(200)),
      );
    await each('/visit');
    await each('/visit');
    await each('/logout');
    for (const name of visitors) {
      expect(seen.filter((one) => one.startsWith(`${name}: `))).toEqual(
        expect.arrayContaining([`${name}: PutItem`, `${name}: GetItem`, `${name}: DeleteItem`]),
      );
    }
    expect(seen.filter((one) => one.startsWith('undefined'))).toEqual([]);
  }

  test('Express', async () => {
    const store = keep(new DynamoDBStore({ client: newV3(), table: newTableName() }));
    const app = express();
    app.use((incoming, _response, next) => inContext(incoming.get('x-visitor'), next));
    app.use(session({ store, secret: 'cat', resave: false, saveUninitialized: false }));
    app.get('/visit', (incoming, response) => {
      incoming.session.visits = (incoming.session.visits ?? 0) + 1;
      response.json({});
    });
    app.get('/logout', (incoming, response, next) => {
      incoming.session.destroy((error) => (error ? next(error) : response.json({})));
    });
    await visit(app);
  });

  test('Koa', async () => {
    const table = { name: await newTable({ hashKey: 'sessionId' }) };
    const store = keep(new KoaStore({ client: newV3(), table }));
    const app = new Koa();
    app.keys = ['cat'];
    app.use((ctx, next) => inContext(ctx.get('x-visitor'), next));
    const create = koaSession.createSession ?? koaSession.default ?? koaSession;
    app.use(create({ store }, app));
    app.use((ctx) => {
      if (ctx.path === '/logout') ctx.session = null;
      else ctx.session.visits = (ctx.session.visits ?? 0) + 1;
      ctx.body = {};
    });
    await visit(app.callback());
  });
});
