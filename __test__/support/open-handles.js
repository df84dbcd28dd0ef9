'use strict';

/**
 * A small test of an application, which opens a store, uses and closes it. `__test__/close.test.js` runs
 * it in a Jest of its own, with `--detectOpenHandles`, for the store that `SUBJECT` names.
 */

const { dynamoConfig, newTableName } = require('./dynamodb');
const { subjects } = require('./fake-timers');

const { load, open, use } = subjects[process.env.SUBJECT];

let store;
beforeAll(() => {
  store = open(load(), newTableName(), { dynamoConfig: dynamoConfig() });
});
afterAll(() => store.close());

test('a session is kept', async () => {
  expect(await use(store)).toBe(1);
});
