'use strict';

/**
 * What visitors see of an outage: many of them use sessions while DynamoDB Local is killed and started
 * again, in memory, so that the table is lost as well.
 *
 *     npm run bench:outage                      1,000 visitors, down for 10 seconds
 *     npm run bench:outage -- --visitors 100 --seconds 3
 */

const { once } = require('node:events');
const { performance } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const { DynamoDBStore } = require('..');
const { startOwn } = require('../scripts/dynamodb-local');

/** Milliseconds between two calls of a visitor, on average. */
const PAUSE = 1000;

/** Milliseconds before the outage and after its end. */
const CALM = 3000;

/**
 * @typedef {object} Call
 * @property {number} began milliseconds
 * @property {number} took milliseconds
 * @property {string} [code] why it failed
 */

/**
 * A visitor, who reads and writes a session until the run is over.
 *
 * @param {DynamoDBStore} store
 * @param {string} sid
 * @param {{ isOver: boolean }} run
 * @param {Call[]} calls
 */
async function visit(store, sid, run, calls) {
  for (let number = 0; !run.isOver; number += 1) {
    await sleep(PAUSE * 2 * Math.random());
    const began = performance.now();
    const call = number % 4 === 3 ? store.set(sid, { number }) : store.get(sid);
    const code = await call.then(
      () => undefined,
      (/** @type {any} */ error) => String(error.code),
    );
    calls.push({ began, took: performance.now() - began, code });
  }
}

/**
 * One run.
 *
 * @param {{ visitors: number, seconds: number, options: object }} run
 */
async function outage({ visitors, seconds, options }) {
  const server = await startOwn();
  const store = new DynamoDBStore({
    table: 'sessions',
    dynamoConfig: {
      endpoint: server.endpoint,
      region: 'us-east-1',
      accessKeyId: 'local',
      secretAccessKey: 'local',
    },
    ...options,
  });
  await store.initialize();
  /** @type {number | undefined} */
  let opened;
  once(store, 'unavailable').then(() => {
    opened = performance.now();
  });
  const run = { isOver: false };
  /** @type {Call[]} */
  const calls = [];
  const all = Array.from({ length: visitors }, (_, index) =>
    visit(store, `visitor-${index}`, run, calls),
  );
  await sleep(CALM);
  const killed = performance.now();
  await server.stop();
  await sleep(seconds * 1000);
  await server.restart();
  const back = performance.now();
  await sleep(CALM);
  run.isOver = true;
  await Promise.all(all);
  await store.close();
  await server.stop();

  const during = calls.filter(({ began }) => began >= killed && began < back);
  const known = opened === undefined ? [] : during.filter(({ began }) => began >= Number(opened));
  const longest = (/** @type {Call[]} */ some) =>
    some.length === 0 ? '–' : Math.round(Math.max(...some.map(({ took }) => took)));
  const succeeded = calls.filter(({ began, took, code }) => !code && began + took > back);
  const failedLate = calls.filter(({ began, took, code }) => code && began + took > back);
  const codes = [...new Set(calls.flatMap(({ code }) => code ?? []))];
  return {
    calls: calls.length,
    'during the outage': during.length,
    'over 1 s': during.filter(({ took }) => took > 1000).length,
    'longest, ms': longest(during),
    'breaker opened after, ms': opened === undefined ? '–' : Math.round(opened - killed),
    'longest after that, ms': longest(known),
    // DynamoDB Local is known to be back as soon as it answers somebody else.
    'first success after its return, ms': Math.round(
      Math.min(...succeeded.map(({ began, took }) => began + took)) - back,
    ),
    'last failure after its return, ms': Math.round(
      Math.max(0, ...failedLate.map(({ began, took }) => began + took - back)),
    ),
    'failed with': codes.join(', '),
  };
}

async function main() {
  const { values } = parseArgs({
    options: {
      visitors: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '10' },
    },
  });
  const [visitors, seconds] = [Number(values.visitors), Number(values.seconds)];
  console.log(`${visitors} visitors, DynamoDB Local down for ${seconds} s`);
  for (const options of [{}, { breaker: false }]) {
    console.log(`\n${JSON.stringify(options)}`);
    console.table(await outage({ visitors, seconds, options }));
  }
}

main();
