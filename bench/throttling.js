'use strict';

/**
 * A table that throttles: how many calls fail, and how many requests a call takes. Beside the clients of
 * aws-sdk v3 (both retry modes) and v2 with their own settings.
 *
 *     npm run bench:throttling
 *     npm run bench:throttling -- --seconds 12 --rate 40 --only "this package"
 */

const { json } = require('node:stream/consumers');
const { parseArgs } = require('node:util');

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { program } = require('../scripts/setup');
const { countFailures, failureText, play, timed } = require('./lib/calls');
const { numberOf } = require('./lib/options');
const { startOwnServer } = require('./lib/servers');
const { CREDENTIALS: credentials } = require('./lib/sessions');
const { percentile } = require('./lib/stats');

const region = 'eu-west-1';

/** Milliseconds that a call may take. A call of a store has a deadline of 10 s; the SDKs have none. */
const LIMIT = 10_500;

/** What the server answers to a throttled request. */
const THROTTLED = {
  __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  message: 'The level of configured provisioned throughput for the table was exceeded.',
};

/**
 * A generator of numbers from 0 to 1 (never 1), which are the same for the same seed (mulberry32).
 *
 * @param {number} seed
 */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Whether an operation is throttled now: a function of each case, made for each run.
 *
 * @type {Record<string, (rate: number) => () => boolean>}
 */
const CASES = {
  '30 % at random'() {
    const next = randomFrom(1);
    return () => next() < 0.3;
  },
  'all, for 1.5 s of every 6 s'() {
    const began = Date.now();
    return () => (Date.now() - began + 4000) % 6000 < 1500;
  },
  'beyond half of the demand'(rate) {
    const capacity = rate / 2;
    let tokens = capacity;
    let then = Date.now();
    return () => {
      const now = Date.now();
      // DynamoDB saves unused capacity of 300 s; here it is that of one, so that a run is short.
      tokens = Math.min(capacity, tokens + ((now - then) / 1000) * capacity);
      then = now;
      if (tokens < 1) return true;
      tokens -= 1;
      return false;
    };
  },
};

/**
 * The clients: `put` writes an item, `end` lets go of everything.
 *
 * @type {Record<string, (endpoint: string) => { put: (id: string) => Promise<any>, end: () => void }>}
 */
const CLIENTS = {
  'this package'(endpoint) {
    const { DynamoDBStore } = require('..');
    const dynamoConfig = { endpoint, region, credentials };
    const store = new DynamoDBStore({ initialized: true, dynamoConfig });
    const session = /** @type {any} */ ({ cookie: { maxAge: 60_000 }, text: 'a session' });
    return { put: (id) => store.set(id, session), end: () => store.close() };
  },
  'aws-sdk v3, standard': (endpoint) => v3(endpoint, 'standard'),
  'aws-sdk v3, adaptive': (endpoint) => v3(endpoint, 'adaptive'),
  'aws-sdk v2'(endpoint) {
    const { DynamoDB } = require('aws-sdk');
    const client = new DynamoDB({ endpoint, region, credentials });
    return { put: (id) => client.putItem(item(id)).promise(), end() {} };
  },
};

/**
 * @param {string} endpoint
 * @param {string} retryMode
 */
function v3(endpoint, retryMode) {
  const { DynamoDBClient, PutItemCommand } = require('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient({ endpoint, region, credentials, retryMode });
  const put = (/** @type {string} */ id) => client.send(new PutItemCommand(item(id)));
  return { put, end: () => client.destroy() };
}

/** @param {string} id */
function item(id) {
  return { TableName: 'sessions', Item: { id: { S: id }, sess: { S: 'a session' } } };
}

/**
 * Starts a DynamoDB that throttles operations, and counts them.
 *
 * @param {() => boolean} isThrottled
 */
async function startServer(isThrottled) {
  const count = { requests: 0, operations: 0 };
  const server = await startOwnServer(async (request, response) => {
    const { RequestItems = {} } = /** @type {any} */ (await json(request));
    // Without a batch, the request is one operation.
    const [table, writes = [{}]] = Object.entries(RequestItems)[0] ?? [];
    count.requests += 1;
    count.operations += writes.length;
    const left = writes.filter(isThrottled);
    const isRefused = left.length === writes.length;
    const unprocessed = left.length > 0 ? { [table]: left } : {};
    const answer = table === undefined ? {} : { UnprocessedItems: unprocessed };
    response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(isRefused ? THROTTLED : answer));
  });
  return { ...server, count };
}

/** @returns {Promise<never>} rejects when a call is too late */
function tooLate() {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(Object.assign(new Error(), { name: 'more than 10 s' }));
    setTimeout(fail, LIMIT).unref();
  });
}

/**
 * @param {() => boolean} isThrottled
 * @param {(typeof CLIENTS)[string]} open
 * @param {{ seconds: number, rate: number }} how
 */
async function measure(isThrottled, open, { seconds, rate }) {
  const server = await startServer(isThrottled);
  const { put, end } = open(server.endpoint);
  const length = seconds * rate;
  const arrivals = Array.from({ length }, (_, number) => ({ number, at: (number * 1000) / rate }));
  const outcomes = await play(arrivals, ({ number }) =>
    timed(() => Promise.race([put(`id-${number}`), tooLate()])),
  );
  await end();
  await server.stop();
  const times = outcomes.filter(({ code }) => !code).map(({ time }) => time);
  const at = (/** @type {number} */ share) =>
    `${Math.round(percentile(times, share) ?? Number.NaN)} ms`;
  return [
    `${length - times.length} of ${length} failed`,
    `${(server.count.requests / length).toFixed(2)} requests a call`,
    `${(server.count.operations / length).toFixed(2)} operations a call`,
    `median ${at(0.5)}`,
    `99 % ${at(0.99)}`,
    failureText(countFailures(outcomes)),
  ];
}

program(async () => {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '12' },
      rate: { type: 'string', default: '40' },
      only: { type: 'string', default: '' },
    },
  });
  const how = {
    seconds: numberOf('--seconds', values.seconds),
    rate: numberOf('--rate', values.rate),
  };
  for (const [name, throttle] of Object.entries(CASES)) {
    for (const [client, open] of Object.entries(CLIENTS)) {
      if (!client.includes(values.only)) continue;
      const row = await measure(throttle(how.rate), open, how);
      console.log([name, client, ...row].join(' | '));
    }
  }
  // A client may have left something open.
  process.exit();
});
