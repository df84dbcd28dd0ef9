'use strict';

/** `npm run demo` says what it does, and nothing else; it and `npm test` say in a line what is wrong. */

const { execFile } = require('node:child_process');
const { once } = require('node:events');
const { createServer } = require('node:net');
const { join } = require('node:path');
const { promisify } = require('node:util');

test('the demo on the embedded DynamoDB prints no warning', async () => {
  const script = join(__dirname, '..', 'scripts', 'demo.js');
  const {
    // As in the shell of somebody who has just cloned the repository.
    DYNAMODB_ENDPOINT,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED,
    AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE,
    ...env
  } = process.env;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script], { env });
  expect(stderr).toBe('');
  expect(stdout).toContain('✓ her old cookie opens nothing');
});

/** What a script prints that a user has started in a wrong way. */
async function failureOf(script, args, env) {
  const path = join(__dirname, '..', 'scripts', script);
  const { PATH, SystemRoot } = process.env;
  const ended = promisify(execFile)(process.execPath, [path, ...args], {
    env: { PATH, SystemRoot, AWS_EC2_METADATA_DISABLED: 'true', NODE_NO_WARNINGS: '1', ...env },
  });
  const { code, stderr } = await ended.catch((error) => error);
  return { code, stderr };
}

/** A port of this process's, for as long as `use` takes. */
async function withPort(use) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(String(server.address().port));
  } finally {
    server.close();
  }
}

test.each([
  [
    'demo.js',
    ['--srve'],
    {},
    `Unknown option '--srve'. Run "npm run demo -- --help" to see the options.`,
  ],
  [
    'demo.js',
    ['serve'],
    {},
    `Unexpected argument 'serve'. Run "npm run demo -- --help" to see the options.`,
  ],
  [
    'test.js',
    ['--ony', 'jest'],
    {},
    `Unknown option '--ony'. Run "npm test -- --help" to see the options.`,
  ],
  ['demo.js', ['--serve'], { PORT: 'abc' }, 'PORT must be a number from 0 to 65535, but is "abc".'],
  [
    'demo.js',
    [],
    { DYNAMODB_ENDPOINT: 'http://127.0.0.1:1' },
    /^DynamoDB could not be reached .* \[ERR_SESSION_UNREACHABLE\]$/,
  ],
  [
    'test.js',
    ['--only', 'tsc'],
    { DYNAMODB_ENDPOINT: 'http://127.0.0.1:1' },
    'DYNAMODB_ENDPOINT is http://127.0.0.1:1, but no server answers there: start one, or set DYNAMODB_ENDPOINT to another address.',
  ],
  [
    'demo.js',
    ['--aws'],
    { AWS_REGION: 'eu-west-1', HOME: '/nowhere', USERPROFILE: '/nowhere' },
    / \[ERR_SESSION_CREDENTIALS\]$/,
  ],
])('%s %j with %j says in a line what is wrong', async (script, args, env, says) => {
  const { code, stderr } = await failureOf(script, args, env);
  expect(stderr.trimEnd().split('\n')).toEqual([
    typeof says === 'string' ? says : expect.stringMatching(says),
  ]);
  expect(code).toBe(1);
});

test('a port in use is a line, too', async () => {
  await withPort(async (port) => {
    const { code, stderr } = await failureOf('demo.js', ['--serve'], { PORT: port });
    expect(stderr).toBe(`Port ${port} is in use: set PORT to another port.\n`);
    expect(code).toBe(1);
  });
});
