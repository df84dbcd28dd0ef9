'use strict';

/** examples/opentelemetry: the spans and the metrics that a collector gets. */

const { Browser } = require('../../scripts/demo/browser');
const { startProxy } = require('../../__test__/support/proxy-dynamodb');
const { startStub, refusal, table } = require('../../__test__/support/stub-dynamodb');
const { startCollector } = require('./support/collector');
const { openExample } = require('./support/example');

/** The limits between buckets that the conventions advise, in seconds. */
const BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

let example;
let collector;
let app;
beforeAll(() => {
  example = openExample('opentelemetry');
});
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  app?.kill();
  await collector.stop();
});
afterAll(() => example?.remove());

async function start(variables) {
  app = await example.start({ variables: { ...collector.variables, ...variables } });
}

async function login(user) {
  const browser = new Browser();
  await browser.post(`${app.url}/login`, { user });
  return browser;
}

/** The spans of session stores. */
const ofStores = () => collector.spans().filter(({ scope }) => scope === 'dynamo-session-store');

const named = (operation) =>
  ofStores().filter(({ name }) => name === `${operation} ${example.table}`);

test('page, call and request are a tree of spans, with the attributes of the conventions', async () => {
  const secrets = { AWS_ACCESS_KEY_ID: 'AKIAhunter2', AWS_SECRET_ACCESS_KEY: 'hunter2-secret' };
  await start(secrets);
  const browser = await login('hunter2-name');
  await browser.get(app.url);
  const sid = decodeURIComponent(browser.cookie).match(/s:([^.]+)\./)[1];
  expect(await app.stop()).toEqual([0, null]);
  expect(app.complaints()).toBe('');

  const gets = named('get');
  expect(gets).toHaveLength(2);
  for (const get of gets) {
    const page = get.parent;
    expect(page).toMatchObject({ kind: 'server', name: 'GET', parent: undefined });
    const [request, ...others] = named('GetItem').filter(({ parent }) => parent === get);
    expect(others).toEqual([]);
    expect(get).toMatchObject({
      kind: 'client',
      trace: page.trace,
      failed: false,
      attributes: {
        'db.system.name': 'aws.dynamodb',
        'db.operation.name': 'get',
        'db.collection.name': example.table,
        'dynamo_session_store.requests': 1,
      },
    });
    const { hostname, port } = new URL(process.env.DYNAMODB_ENDPOINT);
    const consumed = { TableName: example.table, CapacityUnits: 1 };
    expect(request).toMatchObject({
      kind: 'client',
      trace: page.trace,
      links: [],
      failed: false,
      attributes: {
        'db.system.name': 'aws.dynamodb',
        'db.operation.name': 'GetItem',
        'db.collection.name': example.table,
        'aws.dynamodb.table_names': [example.table],
        'aws.dynamodb.consumed_capacity': [JSON.stringify(consumed)],
        'aws.request_id': expect.any(String),
        'http.response.status_code': 200,
        'server.address': hostname,
        'server.port': Number(port),
        'dynamo_session_store.attempts': 1,
      },
    });
    expect(request.attributes).not.toHaveProperty(['error.type']);
    // A parent lasts longer than its child. The clocks of the two differ by less than a millisecond.
    for (const span of [get, request]) {
      expect(span.end).toBeGreaterThan(span.start);
      expect(span.start).toBeGreaterThan(span.parent.start - 1);
      expect(span.end).toBeLessThan(span.parent.end + 1);
    }
  }
  // The save of the login. The application has waited for the table, so its requests belong to this call.
  const [set] = named('set');
  expect(set.parent).toMatchObject({ kind: 'server', name: 'POST' });
  expect(named('PutItem')[0].parent).toBe(set);

  // Each span belongs to one of the three pages: to no request of the exporters. And nothing that was sent has a secret.
  const roots = ofStores().filter(({ parent }) => !parent);
  expect(roots.map(({ name, attributes }) => ({ name, attributes }))).toEqual([]);
  expect(new Set(ofStores().map(({ trace }) => trace)).size).toBeLessThanOrEqual(3);
  expect(collector.payload()).not.toContain('hunter2');
  expect(collector.payload()).not.toContain(sid);
});

test('durations are histograms in seconds, with the buckets of the conventions', async () => {
  await start();
  const browser = await login('Ann');
  for (let visit = 0; visit < 4; visit += 1) await browser.get(app.url);
  expect(await app.stop()).toEqual([0, null]);
  const pointOf = (metric, operation) => {
    const { unit, points } = collector.histogram(metric);
    expect(unit).toBe('s');
    const found = points.filter(({ attributes }) => attributes['db.operation.name'] === operation);
    expect(found).toHaveLength(1);
    return found[0];
  };
  for (const [metric, operation] of [
    ['db.client.operation.duration', 'GetItem'],
    ['dynamo_session_store.call.duration', 'get'],
  ]) {
    const { attributes, count, explicitBounds, bucketCounts, sum } = pointOf(metric, operation);
    expect(explicitBounds).toEqual(BOUNDS);
    expect(count).toBe(5);
    expect(bucketCounts).toHaveLength(BOUNDS.length + 1);
    expect(bucketCounts.reduce((all, each) => all + Number(each), 0)).toBe(5);
    const spans = named(operation);
    const seconds = spans.reduce((all, { start: from, end }) => all + (end - from) / 1000, 0);
    expect(sum).toBeCloseTo(seconds, 4);
    expect(attributes).toMatchObject({
      'db.system.name': 'aws.dynamodb',
      'db.collection.name': example.table,
    });
    expect(attributes).not.toHaveProperty(['aws.request_id']);
    expect(attributes).not.toHaveProperty(['error.type']);
  }
});

test('a batch is below one call, and its links lead to the others', async () => {
  // On a busy machine, answers may arrive before enough reads are in flight for a batch. So the proxy holds single
  // reads until the first batch.
  const proxy = await startProxy();
  let isHolding = false;
  const batch = new Promise((resolve) => {
    proxy.hooks.before = ({ operation }) => {
      if (operation === 'BatchGetItem') resolve();
      return operation === 'GetItem' && isHolding ? batch : undefined;
    };
  });
  try {
    await start({ AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint });
    const browsers = await Promise.all(Array.from({ length: 100 }, () => login('Ann')));
    isHolding = true;
    await Promise.all(browsers.map((browser) => browser.get(app.url)));
    expect(await app.stop()).toEqual([0, null]);
  } finally {
    await proxy.stop();
  }
  const batches = named('BatchGetItem');
  expect(batches.length).toBeGreaterThan(0);
  for (const { attributes, links, parent } of batches) {
    const calls = [parent, ...links];
    expect(calls).toHaveLength(attributes['db.operation.batch.size']);
    expect(new Set(calls).size).toBe(calls.length);
    for (const call of calls) expect(call).toMatchObject({ name: `get ${example.table}` });
  }
});

test('an error of DynamoDB is in its span, in that of the call, and in the metrics', async () => {
  const answers = [refusal('InternalServerError', 'broken', 500), refusal('AccessDeniedException')];
  const stub = await startStub(({ operation }) => {
    if (operation === 'DescribeTable') return table();
    return operation === 'PutItem' ? answers.shift() : undefined;
  });
  try {
    await start({ AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint });
    await expect(login('Ann')).rejects.toThrow('gave 500');
    expect(await app.stop()).toEqual([0, null]);
  } finally {
    await stub.stop();
  }
  const [request] = named('PutItem');
  expect(request).toMatchObject({
    failed: true,
    message: expect.stringContaining('AccessDeniedException from the stub'),
    attributes: {
      'error.type': 'AccessDeniedException',
      'db.response.status_code': 'AccessDeniedException',
      'http.response.status_code': 400,
      'dynamo_session_store.attempts': 2,
    },
    events: [{ name: 'retry', attributes: { attempt: 2, 'error.type': 'InternalServerError' } }],
  });
  expect(request.parent).toMatchObject({
    name: `set ${example.table}`,
    failed: true,
    attributes: { 'error.type': 'AccessDeniedException' },
  });
  const { points } = collector.histogram('db.client.operation.duration');
  const failed = points.filter(({ attributes }) => attributes['error.type']);
  expect(failed).toEqual([
    expect.objectContaining({
      count: 1,
      attributes: expect.objectContaining({
        'db.operation.name': 'PutItem',
        'error.type': 'AccessDeniedException',
      }),
    }),
  ]);
});
