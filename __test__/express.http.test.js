'use strict';

const request = require('supertest');
const session = require('express-session');
const express5 = require('express');
const express4 = require('express4');
const { DynamoDBStore } = require('..');
const { items, newTable, seconds, setExpires } = require('./support/dynamodb');
const { newApp } = require('./support/express-app');
const { storesOf } = require('./support/stores');
const { refusal, table } = require('./support/stub-dynamodb');

const { newStore, newStubbed } = storesOf(DynamoDBStore, { initialized: true });

describe.each([
  ['Express 4', express4],
  ['Express 5', express5],
])('sessions of a real app on %s', (_name, express) => {
  let tableName;

  beforeEach(async () => {
    tableName = await newTable();
  });

  const newAgent = (options) =>
    request.agent(newApp(express, newStore({ table: tableName }), options));
  const rows = async () => Object.values(await items(tableName));

  test('a visitor who does nothing gets no session', async () => {
    await newAgent().get('/look').expect(200, { user: null, visits: null });
    expect(await rows()).toEqual([]);
  });

  test('log in, visit, log out', async () => {
    const agent = newAgent();
    await agent.post('/login/ann').expect(200, { user: 'ann' });
    await agent.get('/visit').expect(200, { user: 'ann', visits: 1 });
    await agent.get('/visit').expect(200, { user: 'ann', visits: 2 });
    const [row, ...others] = await rows();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      id: { S: expect.stringMatching(/^sess:.{32}$/) },
      type: { S: 'connect-session' },
      expires: { N: expect.stringMatching(/^\d+$/) },
    });
    expect(JSON.parse(row.sess.S)).toMatchObject({ user: 'ann', visits: 2, cookie: { path: '/' } });
    await agent.post('/logout').expect(200);
    expect(await rows()).toEqual([]);
    await agent.get('/look').expect(200, { user: null, visits: null });
  });

  test('logging in gives the session a new id', async () => {
    const agent = newAgent();
    await agent.get('/visit').expect(200, { visits: 1 });
    const [before] = await rows();
    await agent.post('/login/ann').expect(200);
    const [after, ...others] = await rows();
    expect(others).toEqual([]);
    expect(after.id).not.toEqual(before.id);
  });

  test('two browsers have two sessions', async () => {
    const app = newApp(express, newStore({ table: tableName }));
    const [ann, ben] = [request.agent(app), request.agent(app)];
    await ann.post('/login/ann').expect(200);
    await ben.post('/login/ben').expect(200);
    await ann.get('/visit').expect(200, { user: 'ann', visits: 1 });
    await ben.get('/visit').expect(200, { user: 'ben', visits: 1 });
  });

  test('save and reload in the middle of a request', async () => {
    await newAgent().post('/save').expect(200, { saved: true });
  });

  test('a session read without a change is touched, and its data stays as it was', async () => {
    const agent = newAgent({ cookie: { maxAge: 3_600_000 } });
    await agent.post('/login/ann').expect(200);
    const [row] = await rows();
    const soon = seconds() + 60;
    await setExpires(tableName, row.id.S, soon);
    await agent.get('/look').expect(200, { user: 'ann', visits: null });
    const [touched] = await rows();
    expect(Number(touched.expires.N)).toBeGreaterThan(soon);
    expect(touched.sess).toEqual(row.sess);
  });

  test('with rolling, every answer sets the cookie anew', async () => {
    const agent = newAgent({ rolling: true, cookie: { maxAge: 3_600_000 } });
    await agent.post('/login/ann').expect(200);
    const answer = await agent.get('/look').expect(200, { user: 'ann', visits: null });
    expect(answer.headers['set-cookie'][0]).toMatch(/^connect\.sid=.*Expires=/);
  });

  test('an expired session is none', async () => {
    const agent = newAgent();
    await agent.post('/login/ann').expect(200);
    const [row] = await rows();
    await setExpires(tableName, row.id.S, seconds() - 1);
    await agent.get('/look').expect(200, { user: null, visits: null });
  });

  test('a session that is logged out during a request does not come back', async () => {
    const store = newStore({ table: tableName });
    const app = express();
    app.use(session({ store, secret: 'keyboard cat', resave: false, saveUninitialized: false }));
    app.post('/login', (incoming, response) => {
      incoming.session.user = 'ann';
      response.json({});
    });
    app.get('/slow', async (incoming, response) => {
      // What another tab does while this request is under way.
      await store.destroy(incoming.sessionID);
      response.json({ user: incoming.session.user });
    });
    const agent = request.agent(app);
    await agent.post('/login').expect(200);
    await agent.get('/slow').expect(200, { user: 'ann' });
    expect(await rows()).toEqual([]);
  });

  test('a DynamoDB that refuses is an error page, and the app serves on', async () => {
    let refuse = false;
    const answer = ({ operation }) => {
      if (refuse) return refusal('AccessDeniedException');
      return operation === 'DescribeTable' ? table() : {};
    };
    const { store } = await newStubbed(answer, { initialized: false });
    const agent = request.agent(newApp(express, store));
    await agent.post('/login/ann').expect(200);
    refuse = true;
    await agent.get('/look').expect(500, { code: 'AccessDeniedException' });
    refuse = false;
    await agent.get('/look').expect(200, { user: null, visits: null });
  });
});
