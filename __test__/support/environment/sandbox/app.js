'use strict';

/** A test of an application, run by a Jest of its own. */

Object.assign(process.env, {
  AWS_ACCESS_KEY_ID: 'KEYOFSANDBOX',
  AWS_SECRET_ACCESS_KEY: 'SECRET',
  AWS_SESSION_TOKEN: 'TOKENOFSANDBOX',
  AWS_REGION: 'eu-west-1',
});

const { DynamoDBStore } = require('../../../..');

test('a session is looked for', async () => {
  const store = new DynamoDBStore({ initialized: true });
  expect(await store.get('abc')).toBeNull();
  await store.close();
});
