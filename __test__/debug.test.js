'use strict';

/** The debug output, as a process prints it. */

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { newTableName } = require('./support/dynamodb');

const run = promisify(execFile);

const script = `
  const { DynamoDBStore } = require('.');
  const dynamoConfig = {
    endpoint: process.env.DYNAMODB_ENDPOINT,
    region: 'us-east-1',
    accessKeyId: 'test',
    secretAccessKey: 'hunter2-secret',
  };
  const store = new DynamoDBStore({ table: process.argv[1], dynamoConfig, returnConsumedCapacity: true });
  const session = { cookie: { maxAge: 60000 }, note: 'hunter2-data' };
  (async () => {
    await store.set('hunter2-id', session);
    await store.get('hunter2-id');
    await store.destroy('').catch(() => {});
    await store.close();
  })();
`;

/** The lines that the process prints with these variables, without the name and the number of the process. */
async function linesOf(variables) {
  const { stdout, stderr } = await run(process.execPath, ['-e', script, newTableName()], {
    cwd: join(__dirname, '..'),
    env: { ...process.env, ...variables },
  });
  expect(stdout + stderr).not.toContain('hunter2');
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('DYNAMO-SESSION-STORE '))
    .map((line) => line.replace(/^\S+ \d+: /, ''));
}

test.each([{ NODE_DEBUG: 'dynamo-session-store' }, { DYNAMODB_STORE_DEBUG: '1' }])(
  '%j prints a line for each call and each request',
  async (variables) => {
    const lines = await linesOf(variables);
    const number = '\\d+(\\.\\d+)?';
    for (const line of [
      `table \\S+: created`,
      `connection to 127.0.0.1:\\d+: open after ${number} ms`,
      `credentials of .+, without an end`,
      `  PutItem: ok, ${number} ms, 1 attempt by \\w+, \\d+ bytes sent, \\d+ received, 1 units, id \\S+`,
      `set in \\S+: ok, ${number} ms, ${number} ms in the queue, \\d+ requests?, session of \\d+ bytes`,
      `get in \\S+: ok, ${number} ms, ${number} ms in the queue, 1 request, session of \\d+ bytes`,
    ]) {
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${line}`)));
    }
    expect(lines.filter((line) => /^(debug|info|trace)/.test(line))).toEqual([]);
  },
);

test('DYNAMO_SESSION_STORE_LOG=debug adds the log of the core and of the SDK', async () => {
  const lines = await linesOf({
    NODE_DEBUG: 'dynamo-session-store',
    DYNAMO_SESSION_STORE_LOG: 'debug',
  });
  expect(lines).toContainEqual(
    expect.stringMatching(/^debug dynamo_session_store::core.*: the requests go to http/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^debug aws_/));
});

test('a wrong level is named, and the output goes on', async () => {
  const lines = await linesOf({ NODE_DEBUG: '*', DYNAMO_SESSION_STORE_LOG: 'loud' });
  expect(lines).toContain(
    'DYNAMO_SESSION_STORE_LOG must be "error", "warn", "info" or "debug", but is "loud"',
  );
  expect(lines).toContainEqual(expect.stringMatching(/^set in/));
});

test('without a variable nothing is printed', async () => {
  expect(await linesOf({ NODE_DEBUG: '', DYNAMODB_STORE_DEBUG: '' })).toEqual([]);
});
