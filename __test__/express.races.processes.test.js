'use strict';

/** Requests of four processes that use one session at the same time. */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const request = require('supertest');
const { items, newTable } = require('./support/dynamodb');

const PROCESSES = 4;
const KEYS = 25;

/** @type {{ child: import('node:child_process').ChildProcess, url: string }[]} */
let processes;
let table;
beforeAll(async () => {
  table = await newTable();
  processes = await Promise.all(Array.from({ length: PROCESSES }, start));
});
afterAll(async () => {
  for (const { child } of processes) child.send('stop');
  await Promise.all(processes.map(({ child }) => child.exitCode ?? once(child, 'exit')));
});

async function start() {
  const child = fork(join(__dirname, 'support/adder.js'), [table]);
  const [{ port }] = await once(child, 'message');
  return { child, url: `http://127.0.0.1:${port}` };
}

/** Resolves when as many requests of a process have read their session. */
function haveRead(child, count) {
  let left = count;
  return new Promise((resolve) => {
    const read = () => {
      left -= 1;
      if (left > 0) return;
      child.off('message', read);
      resolve(undefined);
    };
    child.on('message', read);
  });
}

/** A new session: the cookie of its browser. */
async function newSession() {
  const answer = await request(processes[0].url).post('/add/first').expect(200);
  return answer.headers['set-cookie'][0].split(';')[0];
}

/** The keys that a process adds. */
const keysOf = (number) => Array.from({ length: KEYS }, (_, index) => `key${number}-${index}`);

/** Expects that a session has the keys of all processes. */
async function expectAll(cookie) {
  const [, sid] = decodeURIComponent(cookie).match(/s:([^.]+)/);
  const { [`sess:${sid}`]: item } = await items(table);
  const { cookie: _, ...session } = JSON.parse(item.sess.S);
  const added = processes.flatMap((_process, number) => keysOf(number));
  expect(Object.keys(session).sort()).toEqual(['first', ...added].sort());
}

async function add(url, kind, key, cookie) {
  const { status, body } = await request(url).post(`/${kind}/${key}`).set('cookie', cookie);
  return { status, ...body };
}

/** Expects that all requests have succeeded. */
function expectAllWell(answers) {
  const failed = answers.filter(({ status }) => status !== 200);
  expect({ answers: answers.length, failed }).toEqual({ answers: PROCESSES * KEYS, failed: [] });
}

test('a hundred keys, one request of each process at a time: none is lost', async () => {
  const cookie = await newSession();
  const answers = await Promise.all(
    processes.map(async ({ url }, number) => {
      const own = [];
      for (const key of keysOf(number)) own.push(await add(url, 'add', key, cookie));
      return own;
    }),
  );
  expectAllWell(answers.flat());
  await expectAll(cookie);
});

test('a hundred keys, all requests at the same time: none is lost', async () => {
  const cookie = await newSession();
  const answers = await Promise.all(
    processes.flatMap(({ url }, number) =>
      keysOf(number).map((key) => add(url, 'add', key, cookie)),
    ),
  );
  expectAllWell(answers);
  await expectAll(cookie);
});

test('a hundred keys, all requests have read before any saves: none is lost', async () => {
  const cookie = await newSession();
  const read = Promise.all(processes.map(({ child }) => haveRead(child, KEYS)));
  const answered = Promise.all(
    processes.flatMap(({ url }, number) =>
      keysOf(number).map((key) => add(url, 'held', key, cookie)),
    ),
  );
  await read;
  for (const { child } of processes) child.send('go');
  expectAllWell(await answered);
  await expectAll(cookie);
});
