'use strict';

/** `close()`: what was asked for before it ends as it would have, and nothing is left after it. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { DynamoDBStore } = require('..');
const { subjects } = require('./support/closing');
const { dynamoConfig, newTableName } = require('./support/dynamodb');

const run = promisify(execFile);
const script = join(__dirname, 'support', 'closing-process.js');

describe.each(Object.entries(subjects))('%s', (name, subject) => {
  const open = (options) =>
    subject.open(newTableName(), { dynamoConfig: dynamoConfig(), ...options });

  test('1,000 calls that are waiting or under way end as they would have', async () => {
    const store = await open();
    const calls = subject.calls(store, 250);
    await store.close();
    expect(await Promise.all(calls)).toHaveLength(1000);
  });

  test('a table that is being created is created', async () => {
    const store = await open();
    const created = subject.creating(store);
    await store.close();
    await created;
  });

  test('no call is let in any more, not while others are waited for either', async () => {
    const store = await open();
    const calls = subject.calls(store, 250);
    const closing = store.close();
    const early = await Promise.allSettled(subject.closed(store).slice(0, 3));
    await closing;
    const late = await Promise.allSettled(subject.closed(store));
    const codes = [...early, ...late].map(({ reason }) => reason?.code);
    expect(codes).toEqual(codes.map(() => 'ERR_SESSION_CLOSED'));
    await Promise.all(calls);
    await store.close();
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux.each([
    ['whose requests go out from the addon', 'adopted'],
    ['with a client that it made itself', 'made'],
    ['with a client that was passed', 'client'],
  ])('a store %s leaves nothing, and its process ends', async (_store, way) => {
    const { stdout } = await run(process.execPath, [script, name, newTableName(), way]);
    expect(JSON.parse(stdout)).toEqual({ resources: [], left: false });
  });
});

describe('jest --detectOpenHandles finds nothing after a test that closes', () => {
  const root = join(__dirname, '..');
  const config = JSON.stringify({
    rootDir: root,
    roots: ['<rootDir>/__test__/support'],
    testMatch: ['<rootDir>/__test__/support/open-handles.js'],
    transform: {},
  });

  test.each(Object.keys(subjects))('%s', async (SUBJECT) => {
    const jestItself = require.resolve('jest/bin/jest');
    const options = ['--detectOpenHandles', '--runInBand', '--config', config];
    const { stderr } = await run(process.execPath, [jestItself, ...options], {
      cwd: root,
      env: { ...process.env, SUBJECT },
    });
    expect(stderr).toMatch(/Tests: +1 passed/);
    expect(stderr).not.toMatch(/open handle/);
  });
});

test('a client that was passed is not destroyed, one that the store made is', async () => {
  const made = new DynamoDBStore({ dynamoConfig: dynamoConfig() });
  const { client } = made;
  const destroyed = jest.spyOn(client, 'destroy');
  await made.close();
  expect(destroyed).toHaveBeenCalledTimes(1);
  destroyed.mockClear();
  const store = new DynamoDBStore({ client });
  await store.close();
  await store.close();
  expect(destroyed).not.toHaveBeenCalled();
});
