'use strict';

/** The order of operations on one session of a store whose first calls wait for the table. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { setImmediate: turn } = require('node:timers/promises');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { express, koa } = require('./support/frameworks');
const { startMemory } = require('./support/memory-dynamodb');
const { PATIENCE, calledV3, expectNone, native, unmerged } = require('./support/order');
const { Sequence } = require('./support/sequences');

/** Where a program may be when it asks for an operation. */
const MOMENTS = [
  'before initialize()',
  'right after initialize()',
  'while the table is looked for',
  'in the continuation of initialize()',
  'a microtask later',
  'a tick later',
  'a turn later',
  'two turns later',
];

const frameworks = {
  Express: {
    framework: express,
    hashKey: 'id',
    open: (options) => new DynamoDBStore({ table: 'order-table', ...options }),
    initialize: (store) => store.initialize(),
  },
  Koa: {
    framework: koa,
    hashKey: 'sessionId',
    open: (options) =>
      new KoaStore({
        table: { name: 'order-table', autoCreate: true, useTtlExpired: false },
        ...options,
      }),
    initialize: (store) => store.createTableIfDontExists(),
  },
};

const ways = {
  'with dynamoConfig': native,
  'without merging': unmerged,
  'that calls a client': calledV3,
};

/** Every two moments of which the second is not before the first. */
const pairs = MOMENTS.flatMap((_, first) =>
  MOMENTS.slice(first).map((_moment, later) => [first, first + later]),
);

describe.each(Object.entries(frameworks))('a store for %s', (_name, harness) => {
  const { framework, hashKey, open, initialize } = harness;
  const kinds = framework.kinds.flatMap((one) => framework.kinds.map((two) => [one, two]));

  describe.each(Object.entries(ways))('%s', (_way, optionsFor) => {
    let memory;
    let stores;
    /** Lets the table be found. */
    let found;

    beforeEach(async () => {
      stores = [];
      const describing = () =>
        new Promise((resolve) => {
          found = resolve;
        });
      memory = await startMemory({ hashKey, describing });
    });
    afterEach(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await memory.stop();
    });

    /**
     * Opens a store, and asks for pairs of operations, each pair on a session of its own.
     *
     * @param {{ moments: number[], kinds: string[] }[]} asked
     */
    async function ask(asked) {
      const store = open({ operationTimeout: PATIENCE, ...optionsFor(memory.endpoint) });
      stores.push(store);
      const sequences = asked.map(
        (_pair, index) => new Sequence(memory, framework, `sid${stores.length}-${index}`),
      );
      const at = (moment) => {
        for (const [index, pair] of asked.entries()) {
          for (const [part, kind] of pair.kinds.entries()) {
            if (pair.moments[part] === moment) sequences[index].ask(kind, store);
          }
        }
      };
      await throughAll(store, at);
      const problems = await Promise.all(sequences.map((sequence) => sequence.problems()));
      return asked.flatMap((pair, index) => {
        if (problems[index].length === 0) return [];
        const parts = pair.kinds.map((kind, part) => `${kind} ${MOMENTS[pair.moments[part]]}`);
        return [`${parts.join(', ')}: ${problems[index].join('; ')}`];
      });
    }

    /** Takes a store through all moments. `at` is told which it is, at that very moment. */
    async function throughAll(store, at) {
      found = undefined;
      at(0);
      const initialized = initialize(store);
      at(1);
      while (!found) await turn();
      at(2);
      found();
      await initialized;
      at(3);
      await undefined;
      at(4);
      await new Promise((resolve) => {
        process.nextTick(resolve);
      });
      at(5);
      await turn();
      at(6);
      await turn();
      at(7);
    }

    // Clients of the SDKs for JavaScript take ten times as long: fewer operations will do.
    const all = pairs
      .flatMap((moments) => kinds.map((each) => ({ moments, kinds: each })))
      .filter((_, index) => optionsFor !== calledV3 || index % 5 === 0);

    test('many pairs of operations at the same time', async () => {
      expectNone(await ask(all));
    });

    test('the same where the application asks for the table first', async () => {
      expectNone(await ask(all.filter(({ moments: [first] }) => first > 0)));
    });

    test('one pair of operations on each of many stores', async () => {
      const failures = [];
      for (const moments of pairs) {
        failures.push(...(await ask([{ moments, kinds: ['set', 'destroy'] }])));
        failures.push(...(await ask([{ moments, kinds: ['set', 'get'] }])));
      }
      expectNone(failures);
    });
  });
});

test('of two stores, the one that waits for the table does not undo what the other has written later', async () => {
  let found;
  const describing = () =>
    new Promise((resolve) => {
      found = resolve;
    });
  const memory = await startMemory({ describing });
  const options = { table: 'order-table', ...native(memory.endpoint) };
  const waiting = new DynamoDBStore(options);
  const ready = new DynamoDBStore({ ...options, initialized: true });
  const sequence = new Sequence(memory, express, 'sid');
  sequence.ask('set', waiting);
  while (!found) await turn();
  sequence.ask('destroy', ready);
  found();
  const problems = await sequence.problems();
  await Promise.all([waiting.close(), ready.close()]);
  await memory.stop();
  expectNone(problems);
});
