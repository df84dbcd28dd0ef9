'use strict';

/** The examples run, as their users start them. */

const { execFile, spawn } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { createInterface } = require('node:readline');
const { promisify } = require('node:util');
const request = require('supertest');
const { newTableName } = require('./support/dynamodb');

test.each([
  ['express', (agent) => agent.post('/login').send({ user: 'Ann' })],
  ['koa', (agent) => agent.post('/login?user=Ann')],
])('examples/%s: log in, visit, log out', async (name, login) => {
  const child = spawn(process.execPath, [join(__dirname, '..', 'examples', name, 'app.js')], {
    env: { ...process.env, PORT: '0', SESSION_TABLE: newTableName() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const agent = request.agent(line.replace('listening on ', '')).accept('json');
    expect((await login(agent)).status).toBeLessThan(400);
    const { body } = await agent.get('/').expect(200);
    expect(body).toEqual({ user: 'Ann', visits: 1 });
    expect((await agent.get('/')).body).toEqual({ user: 'Ann', visits: 2 });
    await agent.post('/logout');
    expect((await agent.get('/')).body).toEqual({ user: null, visits: 0 });
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('examples/shopify: stores, finds and deletes', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(__dirname, '..', 'examples', 'shopify', 'app.js')],
    { env: { ...process.env, SESSION_TABLE: newTableName() } },
  );
  expect(stdout.split('\n')).toEqual([
    '2 sessions of example.myshopify.com',
    expect.stringMatching(/^example\.myshopify\.com_ann until .*Z$/),
    '0 sessions left',
    '',
  ]);
});
