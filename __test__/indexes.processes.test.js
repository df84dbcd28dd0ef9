'use strict';

/** The option `indexes` with several processes on one table. */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const request = require('supertest');
const { DynamoDBStore } = require('..');
const { dynamoConfig, items } = require('./support/dynamodb');
const { newIndexedTable } = require('./support/indexes');

const PROCESSES = 3;
const options = { absoluteTtl: 3_600_000, indexes: { user: { value: 'user', max: 2 } } };

/** @type {{ child: import('node:child_process').ChildProcess, url: string }[]} */
let processes;
let table;
let store;
beforeAll(async () => {
  table = await newIndexedTable({ hashKey: 'id' });
  store = new DynamoDBStore({ table, initialized: true, dynamoConfig: dynamoConfig(), ...options });
  processes = await Promise.all(Array.from({ length: PROCESSES }, start));
});
afterAll(async () => {
  for (const { child } of processes) child.send('stop');
  await Promise.all(processes.map(({ child }) => child.exitCode ?? once(child, 'exit')));
  await store.close();
});

async function start() {
  const args = [table, JSON.stringify(options)];
  const child = fork(join(__dirname, 'support/adder.js'), args);
  const [{ port }] = await once(child, 'message');
  return { child, url: `http://127.0.0.1:${port}` };
}

/** Adds a key to the session of a browser in each process at the same time: each has read it before. */
async function addAtOnce(cookie, keys) {
  const added = processes.map(async ({ child, url }, number) => {
    const hasRead = once(child, 'message');
    const answered = request(url).post(`/held/${keys[number]}`).set('cookie', cookie);
    const answer = answered.then(({ status }) => status);
    await hasRead;
    return { answer };
  });
  const held = await Promise.all(added);
  for (const { child } of processes) child.send('go');
  return Promise.all(held.map(({ answer }) => answer));
}

test('a login beside changes in other processes is in the index', async () => {
  const answer = await request(processes[0].url).post('/add/first').expect(200);
  const [cookie] = answer.headers['set-cookie'][0].split(';');
  const [, sid] = decodeURIComponent(cookie).match(/s:([^.]+)/);
  const { [`sess:${sid}`]: before } = await items(table);
  expect(before).not.toHaveProperty('user');
  expect(await addAtOnce(cookie, ['one', 'user', 'two'])).toEqual([200, 200, 200]);
  const { [`sess:${sid}`]: after } = await items(table);
  expect(JSON.parse(after.sess.S)).toMatchObject({ first: 1, one: 1, user: 1, two: 1 });
  expect(after).toMatchObject({ user: { S: '1' }, _c: before._c });
  const found = await store.sessionsOf('user', 1, { current: sid });
  expect(found).toMatchObject([{ current: true }]);
  expect(await store.destroyOf('user', 1)).toBe(1);
});

test('max holds for logins in several processes, once the index has them', async () => {
  // Each request makes a session of the user `1`.
  const logins = processes.flatMap(({ url }) =>
    Array.from({ length: 4 }, () => request(url).post('/add/user').expect(200)),
  );
  await Promise.all(logins);
  expect(await store.sessionsOf('user', 1)).toHaveLength(2);
  const others = processes.map(({ url }) => request(url).post('/add/other').expect(200));
  await Promise.all(others);
  expect(await store.destroyOf('user', 1)).toBe(2);
});
