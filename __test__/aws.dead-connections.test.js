'use strict';

/** Connections that have died without a word: after a failover, behind a NAT gateway, to a frozen host. */

const { DynamoDBStore } = require('..');
const { startLink } = require('./support/frozen-link');
const { native } = require('./support/order');
const { startStub } = require('./support/stub-dynamodb');

const SESSIONS = 8;

let dynamodb;
let link;
let store;
/** The calls that wait for their answer until there are as many as there are to be connections. */
let together;

beforeEach(async () => {
  together = [];
  dynamodb = await startStub(async () => {
    if (!together) return;
    const arrived = new Promise((resolve) => together.push(resolve));
    if (together.length === SESSIONS) for (const answer of together) answer();
    await arrived;
  });
  link = await startLink(dynamodb.endpoint);
  const { dynamoConfig } = native(link.endpoint);
  store = new DynamoDBStore({
    initialized: true,
    operationTimeout: 60_000,
    batch: false,
    dynamoConfig: { ...dynamoConfig, requestTimeout: 1500, maxAttempts: 2 },
  });
  await Promise.all(Array.from({ length: SESSIONS }, (_, each) => store.get(`sid${each}`)));
  together = undefined;
  expect(link.opened()).toBe(SESSIONS);
});
afterEach(async () => {
  await store.close();
  await link.stop();
  await dynamodb.stop();
});

test('the second attempt of a call is on a connection that was not open before', async () => {
  expect(link.freeze()).toBe(SESSIONS);
  await expect(store.get('sid')).resolves.toBeNull();
  expect(link.opened()).toBe(SESSIONS + 1);
});

test('one call finds out for all that follow', async () => {
  link.freeze();
  await store.get('sid');
  const before = dynamodb.calls.length;
  for (let each = 0; each < 2 * SESSIONS; each += 1) await store.get('sid');
  // None of them was sent twice, and the connection of the first serves them all.
  expect(dynamodb.calls.length - before).toBe(2 * SESSIONS);
  expect(link.opened()).toBe(SESSIONS + 1);
});

test('calls at the same time all succeed, and there is no outage', async () => {
  const outages = [];
  store.on('unavailable', (error) => outages.push(error));
  link.freeze();
  const calls = Array.from({ length: SESSIONS }, (_, each) => store.get(`sid${each}`));
  await Promise.all(calls);
  expect(outages).toEqual([]);
});
