'use strict';

/** How many connections and requests there are at a time: the option `maxSockets`, and agents. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const http = require('node:http');
require('@shopify/shopify-api/adapters/node');
const AWS = require('aws-sdk');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { credentials, region } = require('./support/dynamodb');
const { startHeld } = require('./support/held-dynamodb');
const { PATIENCE, calledV2, calledV3, native } = require('./support/order');
const { startStub } = require('./support/stub-dynamodb');

let dynamodb;
let opened;
/** Another DynamoDB, and a store on it. */
let elsewhere;
let witness;

beforeAll(async () => {
  elsewhere = await startStub(() => ({}));
  witness = new DynamoDBStore({ ...native(elsewhere.endpoint), initialized: true });
});
afterAll(async () => {
  await witness.close();
  await elsewhere.stop();
});

beforeEach(async () => {
  dynamodb = await startHeld();
  opened = [];
});
afterEach(async () => {
  // A test that has failed leaves requests without an answer, which `close()` would wait for.
  dynamodb.open();
  await Promise.all(opened.map((store) => store.close()));
  await dynamodb.stop();
});

const keep = (store) => {
  opened.push(store);
  return store;
};

const openers = {
  Express: (options) =>
    keep(new DynamoDBStore({ initialized: true, operationTimeout: PATIENCE, ...options })),
  Koa: (options) => keep(new KoaStore({ operationTimeout: PATIENCE, ...options })),
  Shopify: ({ dynamoConfig: config, ...options }) =>
    keep(
      new DynamoDBSessionStorage({
        operationTimeout: PATIENCE,
        ...(config && { config }),
        ...options,
      }),
    ),
};

const openExpress = (options) => openers.Express({ ...native(dynamodb.endpoint), ...options });

/** The outcomes of `count` calls that are made at once, each for a session of its own. */
const many = (count, call) => Array.from({ length: count }, () => call(newSid()));

let lastSid = 0;
function newSid() {
  lastSid += 1;
  return `sid${lastSid}`;
}

const touching = (store) => (sid) => store.touch(sid, {});

/** Waits until `most` requests are held, and as long as it would take others to arrive too. */
async function letAllArrive(most) {
  let isThere = false;
  dynamodb.holding(most).then(() => {
    isThere = true;
  });
  // Round trips of another store: a thousand are time enough for what is going to come.
  for (let trips = 0; !isThere && trips < 1000; trips += 1) await witness.get('sid');
  for (let trips = 0; trips < 20; trips += 1) await witness.get('sid');
}

/**
 * Expects that exactly `most` requests of `calls` are in flight at a time, on as many connections,
 * and that all calls succeed.
 *
 * @param {number} most
 * @param {Promise<any>[]} calls
 */
async function expectBound(most, calls) {
  await letAllArrive(most);
  expect(dynamodb.held).toHaveLength(most);
  dynamodb.open();
  await Promise.all(calls);
  const { items, mostRequests, mostConnections } = dynamodb.counts;
  expect({ items, mostRequests, mostConnections }).toEqual({
    items: calls.length,
    mostRequests: most,
    mostConnections: most,
  });
}

describe('at most maxSockets connections', () => {
  test('for 2,000 touches at once', async () => {
    const store = openExpress({ maxSockets: 8 });
    await expectBound(8, many(2000, touching(store)));
  });

  test.each([
    ['get', (store) => (sid) => store.get(sid)],
    ['set', (store) => (sid) => store.set(sid, {})],
    ['destroy', (store) => (sid) => store.destroy(sid)],
  ])('for 300 calls of %s without batches', async (_kind, calling) => {
    const store = openExpress({ maxSockets: 8, batch: false });
    await expectBound(8, many(300, calling(store)));
  });

  test('for batches', async () => {
    const store = openExpress({ maxSockets: 2, batchThreshold: 1 });
    await expectBound(
      2,
      many(2000, (sid) => store.set(sid, {})),
    );
  });

  test('which are 128 without the option', async () => {
    await expectBound(128, many(1000, touching(openExpress({}))));
  });

  test('of each store', async () => {
    const [one, two] = [openExpress({ maxSockets: 3 }), openExpress({ maxSockets: 4 })];
    await expectBound(7, [...many(60, touching(one)), ...many(60, touching(two))]);
  });

  test('a single one serves the table and operations of every kind', async () => {
    const store = openExpress({ maxSockets: 1, initialized: false });
    dynamodb.open();
    for (let round = 0; round < 3; round += 1) {
      const calls = [
        ...many(30, (sid) => store.set(sid, {})),
        ...many(30, touching(store)),
        ...many(30, (sid) => store.get(sid)),
        ...many(30, (sid) => store.destroy(sid)),
      ];
      await Promise.all(calls);
      await store.describeSessionsTable();
    }
    expect(dynamodb.counts.mostConnections).toBe(1);
  });

  test.each([
    ['Koa', (store) => (sid) => store.get(sid)],
    ['Shopify', (storage) => (id) => storage.deleteSession(id)],
  ])('of a store for %s', async (framework, calling) => {
    const options = { ...native(dynamodb.endpoint), maxSockets: 3, batch: false };
    await expectBound(3, many(60, calling(openers[framework](options))));
  });
});

describe.each(Object.entries(openers))('the option maxSockets of %s', (_name, open) => {
  test.each([0, -1, 1.5, '8', Number.NaN, Number.POSITIVE_INFINITY, true])(
    'is a TypeError with the value %p',
    (maxSockets) => {
      expect(() => open({ maxSockets })).toThrow(TypeError);
      expect(() => open({ maxSockets })).toThrow('option "maxSockets" ');
    },
  );

  test.each([1, 1000, undefined, null])('may be %p', (maxSockets) => {
    expect(() => open({ maxSockets })).not.toThrow();
  });
});

describe('the maxSockets of an agent', () => {
  const newAgent = () => new http.Agent({ keepAlive: true, maxSockets: 4 });
  const v3 = (httpAgent) => ({
    client: new DynamoDBClient({
      endpoint: dynamodb.endpoint,
      region,
      credentials: { ...credentials },
      requestHandler: { httpAgent, requestTimeout: PATIENCE },
    }),
  });
  const v2 = (agent) => ({
    client: new AWS.DynamoDB({
      endpoint: dynamodb.endpoint,
      region,
      credentials: new AWS.Credentials(credentials),
      httpOptions: { agent, timeout: PATIENCE },
    }),
  });
  const config = (settings) => ({
    dynamoConfig: { ...native(dynamodb.endpoint).dynamoConfig, ...settings },
  });

  const ways = {
    'of a client of v3': () => v3(newAgent()),
    'of a client of v3, as options': () => v3({ maxSockets: 4 }),
    'of a client of v2': () => v2(newAgent()),
    'in the requestHandler of dynamoConfig': () =>
      config({ requestHandler: { httpAgent: newAgent() } }),
    'in the requestHandler of dynamoConfig, as options': () =>
      config({ requestHandler: { httpAgent: { maxSockets: 4 } } }),
    'in the httpOptions of dynamoConfig': () => config({ httpOptions: { agent: newAgent() } }),
  };

  describe.each(Object.entries(ways))('%s', (_way, options) => {
    test('is followed, and requests go out from the addon', async () => {
      const store = openers.Express(options());
      await expectBound(4, many(60, touching(store)));
      expect(store.transport).toBe('native');
    });

    test.each([2, 6])('comes after the option of the store: %p', async (maxSockets) => {
      const store = openers.Express({ ...options(), maxSockets });
      await expectBound(maxSockets, many(60, touching(store)));
      expect(store.transport).toBe('native');
    });
  });

  test('that is for HTTPS does not count where the endpoint is plain HTTP', async () => {
    const requestHandler = { httpsAgent: { maxSockets: 2 }, httpAgent: { maxSockets: 4 } };
    const store = openers.Express(config({ requestHandler }));
    await expectBound(4, many(60, touching(store)));
  });
});

describe('a client that is called', () => {
  test.each([
    ['v3', (endpoint) => calledV3(endpoint)],
    ['v2', (endpoint) => calledV2(endpoint)],
  ])('of %s has at most maxSockets calls in flight', async (_sdk, options) => {
    const store = openers.Express({ ...options(dynamodb.endpoint), maxSockets: 4 });
    await expectBound(4, many(60, touching(store)));
    expect(store.transport).toBe('client');
  });
});

describe('no batch reaches a client that is called', () => {
  const newV3 = (settings) => ({
    client: new DynamoDBClient({
      endpoint: dynamodb.endpoint,
      region,
      credentials: { ...credentials },
      ...settings,
    }),
  });

  class OwnStrategy {
    mode = 'standard';
    acquireInitialRetryToken = async () => ({ getRetryCount: () => 0, getRetryDelay: () => 0 });
    refreshRetryTokenForRetry = async () => {
      throw new Error('no more');
    };
    recordSuccess() {}
  }

  const storeCalls = [(store) => (sid) => store.get(sid), (store) => (sid) => store.set(sid, {})];
  const callings = {
    Express: storeCalls,
    Koa: storeCalls,
    Shopify: [
      (storage) => (id) => storage.loadSession(id),
      (storage) => (id) => storage.storeSession({ id, shop: 'a' }),
    ],
  };

  /** What only the settings of a client show. */
  const hidden = {
    'a retry strategy': () => newV3({ retryStrategy: new OwnStrategy() }),
    'an agent': () =>
      newV3({ requestHandler: { httpAgent: new http.Agent({ keepAlive: false }) } }),
  };

  test.each([
    ['Express', 'a retry strategy'],
    ['Express', 'an agent'],
    ['Koa', 'an agent'],
    ['Shopify', 'a retry strategy'],
  ])('of %s, with %s of its own, not even with the first calls', async (framework, what) => {
    dynamodb.open();
    const store = openers[framework]({ ...hidden[what](), batchThreshold: 1 });
    await Promise.all(callings[framework].flatMap((calling) => many(60, calling(store))));
    expect(store.transport).toBe('client');
    const asked = new Set(dynamodb.calls.map(({ operation }) => operation));
    expect([...asked].sort()).toEqual(['GetItem', 'PutItem']);
  });

  test('that takes the place of another while a batch is to be sent again', async () => {
    const asked = new Set();
    const answer = (operation) => async () => asked.add(operation) && {};
    const other = { getItem: answer('GetItem'), batchGetItem: answer('BatchGetItem') };
    const busy = await startStub(({ operation, body: { RequestItems } }) => {
      if (operation !== 'BatchGetItem') return {};
      store.client = other;
      return { body: { UnprocessedKeys: RequestItems } };
    });
    const store = openers.Express({ ...native(busy.endpoint), batchThreshold: 1 });
    await Promise.all(many(10, (sid) => store.get(sid)));
    await busy.stop();
    expect([...asked]).toEqual(['GetItem']);
  });
});

describe('the transport', () => {
  test.each([
    ['Express', {}],
    ['Express', { transport: 'native' }],
    ['Koa', { transport: 'native' }],
    ['Shopify', { transport: 'native' }],
  ])('of %s with %p is "client" once another client was put in place', async (name, options) => {
    const store = openers[name]({ ...native(dynamodb.endpoint), ...options });
    expect(store.transport).toBe('native');
    store.client = { getItem: async () => ({}) };
    expect(store.transport).toBe('client');
  });

  test('is so also while the settings of the client before are not known', async () => {
    const store = openExpress({ transport: 'native' });
    const asked = [];
    const call = store.get('sid');
    store.client = { getItem: async (input) => asked.push(input) && {} };
    await call;
    await store.get('sid');
    expect(store.transport).toBe('client');
    expect(asked.length).toBeGreaterThan(0);
  });
});

describe('calls beyond the bound', () => {
  test.each([
    ['from the addon', native],
    ['through a client', calledV3],
  ])('have their deadline, and later ones succeed, %s', async (_way, options) => {
    const store = openers.Express({
      ...options(dynamodb.endpoint),
      maxSockets: 1,
      operationTimeout: 300,
    });
    const outcomes = await Promise.allSettled([
      ...many(20, touching(store)),
      ...many(20, (sid) => store.get(sid)),
      ...many(10, (sid) => store.set(sid, {})),
    ]);
    const codes = outcomes.map(({ reason }) => reason?.code);
    expect(codes).toEqual(Array(50).fill('ERR_SESSION_TIMEOUT'));
    dynamodb.open();
    // On a busy machine the first of them may come too late as well.
    let session;
    while (session === undefined) session = await store.get(newSid()).catch(() => undefined);
    expect(session).toBeNull();
  });
});
