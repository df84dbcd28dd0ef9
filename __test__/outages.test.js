'use strict';

/** Calls fail at once while DynamoDB does not answer, and are sent again once it does. */

const { once } = require('node:events');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { region } = require('./support/dynamodb');
const { failure, isProbe, troubles, untilUnavailable } = require('./support/outages');
const { storesOf } = require('./support/stores');

const { keep, newStub } = storesOf(DynamoDBStore);

/** Short enough for a test; attempts that take it have failed. */
const FAST = { requestTimeout: 1000, connectTimeout: 1000 };

/** A DynamoDB that does as `state.answer` says, and a store on it. */
async function newTroubled(options) {
  const state = { answer: {} };
  const { stub, config } = await newStub((call) => {
    return typeof state.answer === 'function' ? state.answer(call) : state.answer;
  });
  const dynamoConfig = { ...config, ...FAST };
  const newStore = (more) =>
    keep(new DynamoDBStore({ dynamoConfig, initialized: true, ...options, ...more }));
  /** The requests that are no probes. */
  const requests = () => stub.calls.filter((call) => !isProbe(call));
  return { state, stub, requests, dynamoConfig, newStore, store: newStore() };
}

describe.each(Object.entries(troubles))('a DynamoDB that %s', (_name, { answer, code }) => {
  test('is not asked any more, until it answers a probe', async () => {
    const { state, stub, requests, store } = await newTroubled();
    await store.get('sid');
    state.answer = answer;
    const reason = await untilUnavailable(store);
    expect(reason).toMatchObject({ code, retryable: true });
    const sent = requests().length;
    const ends = await Promise.all(
      Array.from({ length: 100 }, (_, index) => failure(store.set(`sid-${index}`, {}))),
    );
    for (const error of ends) {
      expect(error).toMatchObject({ code, retryable: true });
      expect(error.message).toMatch(/not sent/);
    }
    expect(requests()).toHaveLength(sent);
    // Nobody asks for a session meanwhile.
    state.answer = {};
    await once(store, 'available');
    expect(requests()).toHaveLength(sent);
    expect(stub.calls.some(isProbe)).toBe(true);
    await store.get('sid');
    expect(requests()).toHaveLength(sent + 1);
  });
});

test('a DynamoDB that is not there is not asked any more', async () => {
  const { stub, store } = await newTroubled();
  await store.get('sid');
  await stub.stop();
  const reason = await untilUnavailable(store);
  expect(reason).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE' });
  expect((await failure(store.get('sid'))).message).toMatch(/ECONNREFUSED|refused.*not sent/);
});

test('one probe is sent at a time', async () => {
  const { state, store } = await newTroubled();
  await store.get('sid');
  let running = 0;
  let most = 0;
  let probes = 0;
  state.answer = async (call) => {
    if (!isProbe(call)) return troubles['is broken'].answer;
    running += 1;
    probes += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 50));
    running -= 1;
    return probes < 5 ? troubles['is broken'].answer : {};
  };
  await untilUnavailable(store);
  await once(store, 'available');
  expect(probes).toBe(5);
  expect(most).toBe(1);
});

test('a request in flight that hangs is given up when an outage begins', async () => {
  const { state, store, newStore, dynamoConfig } = await newTroubled();
  await store.get('sid');
  const patient = newStore({
    dynamoConfig: { ...dynamoConfig, requestTimeout: 600_000 },
    operationTimeout: 600_000,
  });
  state.answer = ({ operation }) =>
    operation === 'PutItem' ? 'hang' : troubles['is broken'].answer;
  const hanging = failure(patient.set('other', {}));
  await untilUnavailable(store);
  const error = await hanging;
  expect(error).toMatchObject({ code: 'InternalServerError' });
  // It was sent, and may have taken effect.
  expect(error.message).not.toMatch(/not sent/);
});

test('a DynamoDB that is slow and well is available again', async () => {
  const { state, store } = await newTroubled();
  await store.get('sid');
  state.answer = troubles['is broken'].answer;
  await untilUnavailable(store);
  state.answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 700));
    return {};
  };
  await once(store, 'available');
  expect(await store.get('sid')).toBeNull();
});

describe('a DynamoDB that is well, but takes longer than calls have,', () => {
  test.each([
    ['from the addon', {}],
    ['through a client', { transport: 'client' }],
  ])('is not unavailable, %s', async (_way, options) => {
    const { state, store, newStore } = await newTroubled({ operationTimeout: 150, ...options });
    const patient = newStore({ operationTimeout: 60_000 });
    await patient.get('sid');
    const events = [];
    for (const each of [store, patient]) each.on('unavailable', (error) => events.push(error));
    state.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return {};
    };
    // More than five attempts, over more than half a second.
    for (let calls = 0; calls < 12; calls += 1) {
      expect(await failure(store.get('sid'))).toMatchObject({
        code: 'ERR_SESSION_TIMEOUT',
        message: expect.not.stringContaining('not sent'),
      });
    }
    expect(await patient.get('sid')).toBeNull();
    expect(events).toEqual([]);
  });
});

test('an outage ends for a store that has another way by then', async () => {
  const { state, store } = await newTroubled();
  await store.get('sid');
  state.answer = 'tear';
  await untilUnavailable(store);
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  store.client = Object.assign(new DynamoDBClient({ region, credentials }), {
    send: async () => ({}),
  });
  expect(await store.get('sid')).toBeNull();
  const isAvailable = once(store, 'available');
  state.answer = {};
  await isAvailable;
});

test('the reason of an outage quotes no session id', async () => {
  const { state, store } = await newTroubled();
  await store.get('sid');
  state.answer = ({ body }) => ({
    status: 500,
    body: { __type: 'a#InternalServerError', message: `no way to ${JSON.stringify(body)}` },
  });
  let reason;
  once(store, 'unavailable').then(([error]) => {
    reason = error;
  });
  while (!reason) await failure(store.get('a-very-secret-session'));
  expect(reason.message).toMatch(/no way to/);
  const later = await failure(store.get('another'));
  for (const { message } of [reason, later]) expect(message).not.toContain('secret-session');
});

test('what fails at one moment is no outage', async () => {
  const { state, stub, store } = await newTroubled({ batch: false });
  const events = [];
  for (const event of ['unavailable', 'available']) store.on(event, () => events.push(event));
  const torn = new Set();
  state.answer = ({ body }) => {
    if (torn.has(body.Key.id.S)) return {};
    torn.add(body.Key.id.S);
    return 'tear';
  };
  // More than the breaker takes for an outage, and few enough to fail within half a second on a busy machine.
  const gets = Array.from({ length: 10 }, (_, index) => store.get(`sid-${index}`));
  expect(await Promise.all(gets)).toEqual(gets.map(() => null));
  expect(stub.calls).toHaveLength(20);
  expect(events).toEqual([]);
});

test('refusals are no outage, however many', async () => {
  const { state, requests, store } = await newTroubled();
  state.answer = { status: 400, body: { __type: 'a#ValidationException', message: 'no' } };
  for (let calls = 0; calls < 200; calls += 1) {
    expect(await failure(store.get('sid'))).toMatchObject({ code: 'ValidationException' });
  }
  expect(requests()).toHaveLength(200);
});

test('an outage is not answered with more requests than calls', async () => {
  const { state, stub, store } = await newTroubled();
  await store.get('sid');
  stub.calls.length = 0;
  state.answer = 'tear';
  let calls = 0;
  let isOver = false;
  const ended = [];
  once(store, 'unavailable').then(() => {
    isOver = true;
  });
  // Visitors come all the time, and some more once the outage is known.
  for (let more = 100; more > 0; more -= isOver ? 1 : 0) {
    for (let visitor = 0; visitor < 10; visitor += 1) {
      calls += 1;
      ended.push(failure(store.get(`sid-${calls}`)));
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const error of await Promise.all(ended)) {
    expect(error).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE' });
  }
  expect(stub.calls.length).toBeLessThan(calls);
});

test('all stores of an address know of it, others do not', async () => {
  const { state, requests, store, newStore } = await newTroubled();
  const other = newStore({ table: 'other', prefix: 'b:' });
  const elsewhere = await newTroubled();
  await Promise.all([store.get('sid'), other.get('sid'), elsewhere.store.get('sid')]);
  const told = once(other, 'unavailable');
  state.answer = 'tear';
  await untilUnavailable(store);
  const [reason] = await told;
  expect(reason).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE' });
  const sent = requests().length;
  expect((await failure(other.get('sid'))).message).toMatch(/not sent/);
  expect(requests()).toHaveLength(sent);
  expect(await elsewhere.store.get('sid')).toBeNull();
  // One that comes later is told as well.
  const late = newStore();
  const toldLate = once(late, 'unavailable');
  expect((await failure(late.get('sid'))).message).toMatch(/not sent/);
  await toldLate;
  const allAreBack = Promise.all([store, late].map((each) => once(each, 'available')));
  state.answer = {};
  await allAreBack;
});

test('with breaker: false every call is tried, and all stores share what retries may cost', async () => {
  const { state, requests, store, newStore, dynamoConfig } = await newTroubled({ breaker: false });
  const other = newStore({ dynamoConfig: { ...dynamoConfig, maxAttempts: 5 } });
  const events = [];
  for (const each of [store, other]) each.on('unavailable', () => events.push('unavailable'));
  await Promise.all([store.get('sid'), other.get('sid')]);
  state.answer = troubles['is broken'].answer;
  const before = requests().length;
  for (let calls = 0; calls < 150; calls += 1) {
    for (const each of [store, other]) {
      expect(await failure(each.get('sid'))).toMatchObject({ code: 'InternalServerError' });
    }
  }
  // What retries may cost is used up by then.
  const sent = requests().length - before;
  expect(sent).toBeGreaterThanOrEqual(300);
  expect(sent).toBeLessThanOrEqual(300 + 100);
  expect(events).toEqual([]);
});

test('a client that is called is not called any more', async () => {
  const asked = [];
  let isBack = false;
  const client = new DynamoDBClient({
    region,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  client.send = async (command) => {
    asked.push({ body: command.input });
    if (isBack) return {};
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  };
  const store = keep(new DynamoDBStore({ client, initialized: true }));
  const reason = await untilUnavailable(store);
  expect(reason).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE' });
  const sent = asked.filter((call) => !isProbeOfDocument(call)).length;
  expect((await failure(store.get('sid'))).message).toMatch(/not sent/);
  isBack = true;
  await once(store, 'available');
  expect(asked.filter((call) => !isProbeOfDocument(call))).toHaveLength(sent);
  expect(await store.get('sid')).toBeNull();
});

const isProbeOfDocument = ({ body }) => isProbe({ body });

test('without credentials calls fail at once; others of the address go on', async () => {
  let isBack = false;
  const { store: good, newStore, dynamoConfig } = await newTroubled();
  const { accessKeyId, secretAccessKey, ...config } = dynamoConfig;
  let asked = 0;
  const credentials = async () => {
    asked += 1;
    if (!isBack) throw new Error('the vault is closed');
    return { accessKeyId: 'a', secretAccessKey: 'b' };
  };
  const store = newStore({ dynamoConfig: { ...config, credentials } });
  const reason = await untilUnavailable(store);
  expect(reason).toMatchObject({ code: 'ERR_SESSION_CREDENTIALS', retryable: false });
  expect((await failure(store.get('sid'))).message).toMatch(/not sent/);
  expect(await good.get('sid')).toBeNull();
  isBack = true;
  await once(store, 'available');
  expect(await store.get('sid')).toBeNull();
  expect(asked).toBeGreaterThan(1);
});

describe('events', () => {
  test('disconnect and connect are for those who ask for them', async () => {
    const { state, store, newStore } = await newTroubled();
    const asking = newStore({ disconnectEvents: true });
    const events = [];
    for (const event of ['unavailable', 'available', 'disconnect', 'connect']) {
      store.on(event, () => events.push(`store ${event}`));
      asking.on(event, () => events.push(event));
    }
    await Promise.all([store.get('sid'), asking.get('sid')]);
    state.answer = 'tear';
    await untilUnavailable(store);
    state.answer = {};
    await once(asking, 'connect');
    expect(events.sort()).toEqual([
      'available',
      'connect',
      'disconnect',
      'store available',
      'store unavailable',
      'unavailable',
    ]);
  });

  test('are those of the Koa store too', async () => {
    const { state, dynamoConfig } = await newTroubled();
    const store = keep(new KoaStore({ dynamoConfig, disconnectEvents: true }));
    await store.get('sid');
    state.answer = 'tear';
    const told = once(store, 'disconnect');
    await untilUnavailable(store);
    await told;
    state.answer = {};
    await once(store, 'connect');
    expect(await store.get('sid')).toBeUndefined();
  });

  test('a store that is closed is told nothing', async () => {
    const { state, store, newStore } = await newTroubled();
    const closed = newStore();
    closed.on('unavailable', () => expect('an event').toBe('none'));
    await Promise.all([store.get('sid'), closed.get('sid')]);
    await closed.close();
    state.answer = 'tear';
    await untilUnavailable(store);
  });
});
