'use strict';

/** What a visitor sees during an outage. */

const { once } = require('node:events');
const express = require('express');
const session = require('express-session');
const convert = require('koa-convert');
const Koa2 = require('koa2');
const genericSession = require('koa-generic-session');
const request = require('supertest');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { newApp } = require('./support/express-app');
const { dynamoConfig, newTable } = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');
const { storesOf } = require('./support/stores');

const { keep } = storesOf(DynamoDBStore);

const state = { isDown: false };
let proxy;

beforeAll(async () => {
  proxy = await startProxy();
  proxy.hooks.before = () => (state.isDown ? 'tear' : undefined);
});

afterEach(() => {
  state.isDown = false;
});

afterAll(() => proxy.stop());

const connection = () => ({ dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint } });

/** Views a page until the outage is known to the store. */
async function untilKnown(store, view) {
  let isKnown = false;
  once(store, 'unavailable').then(() => {
    isKnown = true;
  });
  while (!isKnown) await view();
}

describe('an Express app', () => {
  async function newStore(options) {
    const table = await newTable();
    return keep(new DynamoDBStore({ ...connection(), table, initialized: true, ...options }));
  }

  test('fails by default, and has its sessions again after the outage', async () => {
    const store = await newStore();
    const agent = request.agent(newApp(express, store));
    await agent.post('/login/ann').expect(200);
    state.isDown = true;
    await untilKnown(store, () => agent.get('/look').expect(500));
    await agent.get('/look').expect(500, { code: 'ERR_SESSION_UNREACHABLE' });
    state.isDown = false;
    await once(store, 'available');
    await agent.get('/look').expect(200, { user: 'ann', visits: null });
  });

  test('passes requests on without a session where disconnectEvents is true', async () => {
    const store = await newStore({ disconnectEvents: true });
    const app = express();
    app.use(session({ store, secret: 'keyboard cat', resave: false, saveUninitialized: false }));
    app.get('/', (visit, response) => {
      if (!visit.session) return response.json({ views: 'not counted today' });
      visit.session.views = (visit.session.views ?? 0) + 1;
      return response.json({ views: visit.session.views });
    });
    const agent = request.agent(app);
    await agent.get('/').expect(200, { views: 1 });
    state.isDown = true;
    await untilKnown(store, () => agent.get('/'));
    await agent.get('/').expect(200, { views: 'not counted today' });
    state.isDown = false;
    await once(store, 'connect');
    await agent.get('/').expect(200, { views: 2 });
  });
});

describe('a Koa app with koa-generic-session', () => {
  async function newAgent(options) {
    const name = await newTable({ hashKey: 'sessionId' });
    const store = keep(new KoaStore({ ...connection(), table: { name }, ...options }));
    const app = new Koa2();
    app.keys = ['keyboard cat'];
    app.on('error', () => {});
    app.use(convert(genericSession({ store, cookie: { maxAge: 60_000 } })));
    app.use((ctx) => {
      ctx.session.views = (ctx.session.views ?? 0) + 1;
      ctx.body = { views: ctx.session.views };
    });
    const agent = request.agent(app.callback());
    await agent.get('/').expect(200, { views: 1 });
    return { store, agent };
  }

  test('fails by default, and has its sessions again after the outage', async () => {
    const { store, agent } = await newAgent();
    state.isDown = true;
    await untilKnown(store, () => agent.get('/'));
    await agent.get('/').expect(500);
    state.isDown = false;
    await once(store, 'available');
    await agent.get('/').expect(200, { views: 2 });
  });

  test('has requests wait for the end of the outage where disconnectEvents is true', async () => {
    const { store, agent } = await newAgent({ disconnectEvents: true });
    state.isDown = true;
    const isConnected = once(store, 'connect');
    await untilKnown(store, () => agent.get('/'));
    const waiting = agent.get('/').expect(200, { views: 2 });
    state.isDown = false;
    await Promise.all([isConnected, waiting]);
  });
});
