'use strict';

/** What every store promises of the order of operations on one session. */

const { credentials, region } = require('./dynamodb');
const { startMemory } = require('./memory-dynamodb');
const { play, sequencesOf } = require('./sequences');

/** Milliseconds: nothing is given up, and so sent again, on a machine that is busy. */
const PATIENCE = 60_000;

/** Ways to DynamoDB: each gives the options of a store for an endpoint. */
const native = (endpoint) => ({
  dynamoConfig: {
    endpoint,
    region,
    ...credentials,
    requestTimeout: PATIENCE,
    connectTimeout: PATIENCE,
  },
});
const unmerged = (endpoint) => ({ ...native(endpoint), batch: false });
const newV3 = (endpoint, settings) => {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  return new DynamoDBClient({ endpoint, region, credentials: { ...credentials }, ...settings });
};
const adopted = (endpoint) => {
  const requestHandler = { requestTimeout: PATIENCE, connectionTimeout: PATIENCE };
  return { client: newV3(endpoint, { requestHandler }) };
};
const calledV3 = (endpoint) => ({ client: newV3(endpoint), transport: 'client' });
const calledV2 = (endpoint) => {
  const AWS = require('./aws-sdk-v2');
  const own = new AWS.Credentials(credentials);
  return { client: new AWS.DynamoDB({ endpoint, region, credentials: own }), transport: 'client' };
};

/** Names of sessions. */
const sids = (count) => Array.from({ length: count }, (_, index) => `sid${index}`);

/** Expects that there are none; a list of hundreds helps nobody. */
function expectNone(failures) {
  expect({ count: failures.length, first: failures.slice(0, 5) }).toEqual({ count: 0, first: [] });
}

/** The triples of operations are played in so many parts, because all of them are a thousand. */
const PARTS = 5;

/**
 * @param {import('./sequences').Framework} framework
 * @param {string} hashKey
 * @param {(options: any) => any} open
 * @param {Record<string, (endpoint: string) => any[]>} ways the options of stores on one table. One after the other
 *   takes the next two parts of the triples, those that call a client the first of them: three ways play all
 */
function describeOrder(framework, hashKey, open, ways) {
  const { kinds } = framework;

  const numbered = Object.entries(ways).map(([name, way], number) => [name, way, number]);
  describe.each(numbered)('%s', (_way, optionsFor, number) => {
    let memory;
    let stores;
    /** Clients of the SDKs for JavaScript take ten times as long: fewer operations will do. */
    let isSlow;

    beforeAll(async () => {
      memory = await startMemory({ hashKey, leaving: 15 });
      const options = optionsFor(memory.endpoint);
      stores = options.map((each) => open({ operationTimeout: PATIENCE, ...each }));
      isSlow = options.some(({ transport }) => transport === 'client');
    });
    afterAll(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await memory.stop();
    });

    test('pairs of operations, one pair at a time', async () => {
      const pairs = sequencesOf(kinds, 2);
      const failures = [];
      for (let round = 0; round < (isSlow ? 1 : 2); round += 1) {
        // A pair begins with what the pair before it on the same session has left.
        failures.push(...(await play(memory, framework, stores, pairs, [`sid${round}`])));
      }
      expectNone(failures);
    });

    test('triples of operations, while hundreds of others are in flight', async () => {
      // One in five, or two in five: of every kind, with every number of turns.
      const parts = (isSlow ? [0] : [0, 1]).map((part) => (2 * number + part) % PARTS);
      const triples = sequencesOf(kinds, 3).filter((_, index) => parts.includes(index % PARTS));
      expectNone(await play(memory, framework, stores, triples, sids(isSlow ? 100 : 250)));
      expectNone(memory.refused);
    });
  });
}

module.exports = {
  PATIENCE,
  adopted,
  calledV2,
  calledV3,
  describeOrder,
  expectNone,
  native,
  unmerged,
};
