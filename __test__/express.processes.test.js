'use strict';

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const request = require('supertest');
const { describeTable, newTableName } = require('./support/dynamodb');

const running = [];

async function startVisitor(table) {
  const child = fork(join(__dirname, 'support/visitor.js'), [table]);
  running.push(child);
  const [{ port }] = await once(child, 'message');
  return {
    url: `http://127.0.0.1:${port}`,
    /** Ends it by closing what it has open, and gives its exit code. */
    async stop() {
      const exit = once(child, 'exit');
      child.send('stop');
      const [code] = await exit;
      return code;
    },
  };
}

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** The cookie of an answer, to be sent to another server. */
const cookieOf = (answer) => answer.headers['set-cookie'][0].split(';')[0];

test('two processes create one table and share its sessions', async () => {
  const table = newTableName();
  const [one, two] = await Promise.all([startVisitor(table), startVisitor(table)]);
  const logins = await Promise.all([
    request(one.url).post('/login/ann').expect(200),
    request(two.url).post('/login/ben').expect(200),
  ]);
  expect((await describeTable(table)).TableStatus).toBe('ACTIVE');
  const [ann, ben] = logins.map(cookieOf);
  await request(two.url).get('/visit').set('cookie', ann).expect(200, { user: 'ann', visits: 1 });
  await request(one.url).get('/visit').set('cookie', ann).expect(200, { user: 'ann', visits: 2 });
  await request(one.url).get('/visit').set('cookie', ben).expect(200, { user: 'ben', visits: 1 });
  await request(two.url).post('/logout').set('cookie', ann).expect(200);
  await request(one.url).get('/look').set('cookie', ann).expect(200, { user: null, visits: null });
  expect(await one.stop()).toBe(0);

  const three = await startVisitor(table);
  await request(three.url).get('/visit').set('cookie', ben).expect(200, { user: 'ben', visits: 2 });
  expect(await Promise.all([two.stop(), three.stop()])).toEqual([0, 0]);
});
