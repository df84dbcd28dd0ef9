'use strict';

/** The item that a store reads to find out whether DynamoDB answers again. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { once } = require('node:events');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { troubles, untilUnavailable } = require('./support/outages');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');
const { v2, v3 } = require('./support/ways');

const { keep, newStub } = storesOf(DynamoDBStore);

const PROBE = 'dynamo-session-store:probe';

/** Storages of Shopify with the options and the calls of the other stores. */
class Storage extends DynamoDBSessionStorage {
  constructor({ dynamoConfig: config, ...options }) {
    super({ ...(config && { config }), ...options });
  }

  get(id) {
    return this.loadSession(id);
  }
}

/**
 * Has an outage begin and end for a store with these options.
 *
 * @param {any} Store
 * @param {object} options
 * @param {{ way?: (endpoint: string) => any, answer?: any }} [trouble] another way to DynamoDB; what
 *   answers the probe that ends the outage
 * @returns the parameters of the probes
 */
async function probesOf(Store, options, { way, answer = {} } = {}) {
  const state = { answer: troubles['is broken'].answer };
  const { stub, config } = await newStub(() => state.answer);
  const reaching = way
    ? { client: way(stub.endpoint), transport: 'client' }
    : { dynamoConfig: { ...config, maxAttempts: 1 } };
  const ready = Store === DynamoDBStore ? { initialized: true } : {};
  const store = keep(new Store({ ...reaching, ...ready, ...options }));
  await untilUnavailable(store);
  stub.calls.splice(0);
  state.answer = answer;
  await once(store, 'available');
  return stub.calls.map(({ operation, body }) => ({ operation, ...body }));
}

const read = (key, hashKey = 'id') => ({
  operation: 'GetItem',
  Key: { [hashKey]: { S: key } },
  ConsistentRead: true,
});

describe.each([
  ['from the addon', undefined],
  ['through a client of aws-sdk v3', v3],
  ['through a client of aws-sdk v2', v2],
])('%s, a probe reads', (_name, way) => {
  test.each([
    ['Express', DynamoDBStore, {}, read(`sess:${PROBE}`)],
    ['Express with a prefix', DynamoDBStore, { prefix: 'shop1:' }, read(`shop1:${PROBE}`)],
    [
      'Express with a prefix and probeKey',
      DynamoDBStore,
      { prefix: 'shop1:', probeKey: 'nobody' },
      read('shop1:nobody'),
    ],
    ['Koa', KoaStore, {}, read(PROBE, 'sessionId')],
    [
      'Koa with probeKey',
      KoaStore,
      { probeKey: 'shop1:nobody' },
      read('shop1:nobody', 'sessionId'),
    ],
    ['Shopify', Storage, {}, read(PROBE)],
    ['Shopify with probeKey', Storage, { probeKey: 'offline_nobody' }, read('offline_nobody')],
  ])(
    '%s: the key under its prefix, as consistently as sessions',
    async (_store, Store, options, expected) => {
      const probes = await probesOf(Store, options, { way });
      expect(probes[0]).toMatchObject(expected);
    },
  );
});

test('a store that reads with eventual consistency probes so', async () => {
  const [probe] = await probesOf(DynamoDBStore, { consistentRead: false });
  expect(probe.ConsistentRead).not.toBe(true);
});

test('a probe that the policy denies ends the outage too', async () => {
  const answer = refusal('AccessDeniedException');
  const probes = await probesOf(DynamoDBStore, {}, { answer });
  expect(probes).toHaveLength(1);
});

test.each([
  ['Express', DynamoDBStore],
  ['Koa', KoaStore],
  ['Shopify', DynamoDBSessionStorage],
])('%s: a probeKey that cannot be a key is a TypeError', (_name, Store) => {
  for (const probeKey of ['', 5, 'half \ud800']) {
    expect(() => new Store({ probeKey })).toThrow(TypeError);
    expect(() => new Store({ probeKey })).toThrow(/option "probeKey"/);
  }
});
