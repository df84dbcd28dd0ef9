'use strict';

/**
 * What visitors see of an outage: many of them use sessions while DynamoDB Local is killed and started
 * again, in memory, so that the table is lost as well.
 *
 *     npm run bench:outage                      1,000 visitors, down for 10 seconds
 *     npm run bench:outage -- --visitors 100 --seconds 3
 */

const { performance } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const { DynamoDBStore } = require('..');
const { startOwn } = require('../scripts/dynamodb-local');
const { program } = require('../scripts/setup');
const { timed } = require('./lib/calls');
const { readNumbers } = require('./lib/options');
const { CREDENTIALS, REGION } = require('./lib/sessions');

/** Milliseconds between two calls of a visitor, on average. */
const PAUSE = 1000;

/** Milliseconds before the outage and after its end. */
const CALM = 3000;

/** @param {number} number */
function session(number) {
  return /** @type {any} */ ({ number });
}

/**
 * One run.
 *
 * @param {{ visitors: number, seconds: number }} how `seconds`: how long DynamoDB Local is down
 * @param {object} options of the store
 */
async function outage({ visitors, seconds }, options) {
  const server = await startOwn();
  const dynamoConfig = { endpoint: server.endpoint, region: REGION, ...CREDENTIALS };
  const store = new DynamoDBStore({ table: 'sessions', dynamoConfig, ...options });
  await store.initialize();
  /** @type {number | undefined} */
  let opened;
  store.once('unavailable', () => {
    opened = performance.now();
  });
  let isOver = false;
  /** @type {{ began: number, took: number, ended: number, code?: string }[]} */
  const calls = [];
  // Every visitor reads and writes a session until the run is over.
  const visit = async (/** @type {string} */ sid) => {
    for (let number = 0; !isOver; number += 1) {
      await sleep(PAUSE * 2 * Math.random());
      const began = performance.now();
      const call = () => (number % 4 === 3 ? store.set(sid, session(number)) : store.get(sid));
      const { time, code } = await timed(call);
      calls.push({ began, took: time, ended: began + time, code });
    }
  };
  const all = Array.from({ length: visitors }, (_, index) => visit(`visitor-${index}`));
  await sleep(CALM);
  const killed = performance.now();
  await server.stop();
  await sleep(seconds * 1000);
  await server.restart();
  const back = performance.now();
  await sleep(CALM);
  isOver = true;
  await Promise.all(all);
  await store.close();
  await server.stop();

  const during = calls.filter(({ began }) => began >= killed && began < back);
  const known = during.filter(({ began }) => opened !== undefined && began >= opened);
  const late = calls.filter(({ ended }) => ended > back);
  const longest = (/** @type {typeof calls} */ some) =>
    some.length === 0 ? '–' : Math.round(Math.max(...some.map(({ took }) => took)));
  const succeeded = late.filter(({ code }) => !code).map(({ ended }) => ended - back);
  const failed = late.filter(({ code }) => code).map(({ ended }) => ended - back);
  return {
    calls: calls.length,
    'during the outage': during.length,
    'over 1 s': during.filter(({ took }) => took > 1000).length,
    'longest, ms': longest(during),
    'breaker opened after, ms': opened === undefined ? '–' : Math.round(opened - killed),
    'longest after that, ms': longest(known),
    // DynamoDB Local counts as back when it answers somebody else.
    'first success after its return, ms': Math.round(Math.min(...succeeded)),
    'last failure after its return, ms': Math.round(Math.max(0, ...failed)),
    'failed with': [...new Set(calls.flatMap(({ code }) => code ?? []))].join(', '),
  };
}

program(async () => {
  const how = readNumbers({ visitors: 1000, seconds: 10 });
  console.log(`${how.visitors} visitors, DynamoDB Local down for ${how.seconds} s`);
  for (const options of [{}, { breaker: false }]) {
    console.log(`\n${JSON.stringify(options)}`);
    console.table(await outage(how, options));
  }
});
