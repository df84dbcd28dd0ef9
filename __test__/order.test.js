'use strict';

/**
 * Operations on one session happen in the order in which they were asked for, shown by a DynamoDB
 * that watches what arrives. The other frameworks are in `order.frameworks.test.js`.
 */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { setImmediate: turn } = require('node:timers/promises');
const { DynamoDBStore } = require('..');
const { express } = require('./support/frameworks');
const { startMemory } = require('./support/memory-dynamodb');
const {
  PATIENCE,
  adopted,
  calledV2,
  calledV3,
  describeOrder,
  expectNone,
  native,
  unmerged,
} = require('./support/order');
const { Sequence } = require('./support/sequences');

const open = (options) =>
  new DynamoDBStore({
    table: 'order-express',
    initialized: true,
    operationTimeout: PATIENCE,
    ...options,
  });

describeOrder(express, 'id', open, {
  'an Express store': (endpoint) => [native(endpoint)],
  'an Express store with an adopted client': (endpoint) => [adopted(endpoint)],
  'an Express store without merging': (endpoint) => [unmerged(endpoint)],
  'an Express store that merges early and has few connections': (endpoint) => [
    { ...native(endpoint), batchThreshold: 1, maxSockets: 3 },
  ],
  'an Express store that reads eventually': (endpoint) => [
    { ...native(endpoint), consistentRead: false },
  ],
  'an Express store that calls a client of v3': (endpoint) => [calledV3(endpoint)],
  'an Express store that calls a client of v2': (endpoint) => [calledV2(endpoint)],
  'two Express stores, one without merging': (endpoint) => [native(endpoint), unmerged(endpoint)],
  'three Express stores, one of which calls a client': (endpoint) => [
    native(endpoint),
    calledV3(endpoint),
    unmerged(endpoint),
  ],
});

describe('operations keep their places', () => {
  let memory;
  let stores;

  beforeEach(async () => {
    memory = await startMemory({ throttling: 50 });
    stores = [];
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await memory.stop();
  });

  function newStore(options) {
    const store = open({ ...native(memory.endpoint), ...options });
    stores.push(store);
    return store;
  }

  const newSequence = (sid) => new Sequence(memory, express, sid);

  test('behind those of a store that was closed meanwhile', async () => {
    const failures = [];
    for (let round = 0; round < 60; round += 1) {
      const sequence = newSequence(`sid${round % 7}`);
      const closed = newStore({ batch: round % 2 === 0 });
      sequence.ask('set', closed);
      closed.close();
      for (let waited = 0; waited < round % 4; waited += 1) await turn();
      sequence.ask('destroy', newStore());
      failures.push(...(await sequence.problems()));
    }
    expectNone(failures);
  });

  test('while one client takes the place of another', async () => {
    const store = newStore();
    const failures = [];
    for (let round = 0; round < 20; round += 1) {
      const sequence = newSequence('sid');
      for (const kind of ['get', 'set', 'touch', 'set', 'destroy', 'set', 'get', 'destroy']) {
        sequence.ask(kind, store);
        await turn();
        if (round % 4 === 1) store.client = adopted(memory.endpoint).client;
      }
      failures.push(...(await sequence.problems()));
    }
    expectNone(failures);
  });

  test('with sessions that are too large to be written with others', async () => {
    const store = newStore({ batchThreshold: 1 });
    const large = 'x'.repeat(310 * 1024);
    const outcomes = [];
    for (let round = 1; round <= 10; round += 1) {
      outcomes.push(store.set('sid', { round, text: round % 2 === 0 ? large : '' }));
      if (round % 3 === 0) await turn();
      outcomes.push(store.get('sid').then((session) => session.round === round));
    }
    const results = await Promise.all(outcomes);
    expect(results.filter((_, index) => index % 2 === 1)).toEqual(Array(10).fill(true));
    expect(memory.history('sess:sid').overlaps).toEqual([]);
  });

  test('in long rows through three stores', async () => {
    const three = [newStore(), newStore({ batch: false }), newStore({ consistentRead: false })];
    const kinds = ['set', 'get', 'get', 'touch', 'set', 'set', 'destroy', 'get', 'touch', 'get'];
    const sequences = Array.from({ length: 40 }, (_, index) => newSequence(`long${index}`));
    for (let step = 0; step < 30; step += 1) {
      for (const [index, sequence] of sequences.entries()) {
        const store = three[(step * (1 + (index % 2)) + index) % three.length];
        sequence.ask(kinds[(step * 7 + index * 3) % kinds.length], store);
      }
      if (step % 3 === 0) await turn();
    }
    const problems = await Promise.all(sequences.map((sequence) => sequence.problems()));
    expectNone(problems.flat());
  });

  test('where a session is read through two stores in turn, and no batch has it twice', async () => {
    const [one, two] = [newStore(), newStore({ batch: false })];
    const others = Array.from({ length: 40 }, (_, index) => `other${index}`);
    const through = [one, two, one, two, one];
    await Promise.all([
      ...others.map((sid) => one.get(sid)),
      ...through.map((store) => store.get('sid')),
    ]);
    expectNone(memory.refused);
  });
});
