'use strict';

/** A store for AWS without a region: it takes us-east-1, as connect-dynamodb does, and says so once. */

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');

/**
 * The warnings of two stores in a process without any setting but these. Their credentials cannot be had,
 * so that nothing is sent.
 */
async function warnings(settings, env = {}, ending = '') {
  const script = `
    const { DynamoDBStore } = require('.');
    const credentials = async () => { throw new Error('none'); };
    const dynamoConfig = { credentials, maxAttempts: 1, ...${JSON.stringify(settings)} };
    const told = [];
    const opened = ['first', 'second'].map((table) => {
      const store = new DynamoDBStore({ table, initialized: true, dynamoConfig });
      ${ending}
      return store;
    });
    process.on('warning', ({ code, message }) => told.push({ code, message }));
    (async () => {
      for (const store of opened) await store.get('sid').catch(() => {});
      await new Promise((resolve) => setImmediate(resolve));
      console.log(JSON.stringify(told));
    })();
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', '-e', script], {
    cwd: join(__dirname, '..'),
    env: {
      PATH: process.env.PATH,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      ...env,
    },
  });
  return JSON.parse(stdout);
}

const said = {
  code: 'ERR_SESSION_REGION',
  message:
    'no region is set, so the store uses us-east-1. If the table is in another region, set AWS_REGION or ' +
    'the option "region" (table "first")',
};

test('is a warning, once', async () => {
  expect(await warnings({})).toEqual([said]);
});

test('is an event for whoever listens', async () => {
  const listens = `store.on('warning', ({ code, message }) => told.push({ code, message }));`;
  expect(await warnings({}, {}, listens)).toEqual([said]);
});

test.each([
  ['a region in the options', { region: 'eu-west-1' }, {}],
  ['a region in the environment', {}, { AWS_REGION: 'eu-west-1' }],
  ['a region of the AWS CLI', {}, { AWS_DEFAULT_REGION: 'eu-west-1' }],
  ['an endpoint, which takes any region', { endpoint: 'http://127.0.0.1:1' }, {}],
  ['an endpoint of the environment', {}, { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }],
])('is none with %s', async (_what, settings, env) => {
  expect(await warnings(settings, env)).toEqual([]);
});
