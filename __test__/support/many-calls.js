'use strict';

/**
 * A process that makes a hundred calls at a time: `node many-calls.js <"wait" | "throw"> <endpoint>
 * <settings as JSON>`.
 */

const { DynamoDBStore } = require('../..');

const [what, endpoint, settings] = process.argv.slice(2);
const dynamoConfig = { ...JSON.parse(settings), endpoint };
const store = new DynamoDBStore({ dynamoConfig, initialized: true });

/** Nothing but the calls holds the process: it ends with the last. */
function wait() {
  let outcomes = 0;
  process.once('exit', () => console.log(`${outcomes} outcomes`));
  for (let call = 0; call < 100; call += 1) {
    store.get(`sid${call}`, () => {
      outcomes += 1;
    });
  }
}

/** Every other callback throws. */
function throwInCallbacks() {
  let called = 0;
  /** How many have come from where, as Node tells it. */
  const thrown = { uncaughtException: 0, unhandledRejection: 0 };
  const report = () => {
    if (called + thrown.uncaughtException + thrown.unhandledRejection < 150) return;
    process.send({ called, thrown }, () => process.disconnect());
  };
  process.on('uncaughtException', (_error, origin) => {
    thrown[origin] += 1;
    report();
  });
  for (let call = 0; call < 100; call += 1) {
    store.get(`sid${call}`, () => {
      called += 1;
      report();
      if (call % 2) throw new Error('from a callback');
    });
  }
}

if (what === 'wait') wait();
else throwInCallbacks();
