'use strict';

/**
 * A table that throttles: how many calls fail, and how many requests a call takes. Beside the clients of
 * aws-sdk v3 (both retry modes) and v2 with their own settings.
 *
 *     node throttling.js [--seconds 12] [--rate 40] [--only ours]
 */

const { once } = require('node:events');
const http = require('node:http');
const { parseArgs } = require('node:util');

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { values: given } = parseArgs({
  options: {
    seconds: { type: 'string', default: '12' },
    rate: { type: 'string', default: '40' },
    only: { type: 'string' },
  },
});
const seconds = Number(given.seconds);
const rate = Number(given.rate);

const region = 'eu-west-1';
const credentials = { accessKeyId: 'AKIDBENCH', secretAccessKey: 'secret' };

/** A generator of numbers below 1, the same each time (mulberry32). */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Whether an operation is throttled now: a function of each case, made for each run. */
const cases = {
  '30 % at random': () => {
    const next = numbers(1);
    return () => next() < 0.3;
  },
  'all, for 1.5 s of every 6 s': () => {
    const began = Date.now();
    return () => (Date.now() - began + 4000) % 6000 < 1500;
  },
  'beyond half of the demand': () => {
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

/** What to use in the place of a store: `put` writes an item, `end` lets go of everything. */
const subjects = {
  'this package': (endpoint) => {
    const { DynamoDBStore } = require('..');
    const dynamoConfig = { endpoint, region, ...credentials };
    const store = new DynamoDBStore({ initialized: true, dynamoConfig });
    return {
      put: (id) => store.set(id, { cookie: { maxAge: 60_000 }, text: 'a session' }),
      end: () => store.close(),
    };
  },
  'aws-sdk v3, standard': (endpoint) => v3(endpoint, 'standard'),
  'aws-sdk v3, adaptive': (endpoint) => v3(endpoint, 'adaptive'),
  'aws-sdk v2': (endpoint) => {
    const AWS = require('aws-sdk');
    const client = new AWS.DynamoDB({ endpoint, region, ...credentials });
    return { put: (id) => client.putItem(item(id)).promise(), end() {} };
  },
};

function v3(endpoint, retryMode) {
  const { DynamoDBClient, PutItemCommand } = require('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient({ endpoint, region, credentials, retryMode });
  return { put: (id) => client.send(new PutItemCommand(item(id))), end: () => client.destroy() };
}

const item = (id) => ({ TableName: 'sessions', Item: { id: { S: id }, sess: { S: 'a session' } } });

const THROTTLED = {
  __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  message: 'The level of configured provisioned throughput for the table was exceeded.',
};

/** A DynamoDB that throttles operations as `isThrottled` says, and counts. */
async function startServer(isThrottled) {
  const count = { requests: 0, operations: 0 };
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { RequestItems } = JSON.parse(text);
    const [table, writes] = Object.entries(RequestItems ?? {})[0] ?? [];
    count.requests += 1;
    count.operations += writes?.length ?? 1;
    const left = (writes ?? [{}]).filter(isThrottled);
    const isRefused = left.length === (writes?.length ?? 1);
    const body = isRefused ? THROTTLED : writes ? { UnprocessedItems: { [table]: left } } : {};
    if (writes && left.length === 0) body.UnprocessedItems = {};
    response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    count,
    endpoint: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Fails when a call has taken as long as a call of a store may. The SDKs know no such deadline. */
function tooLate() {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(Object.assign(new Error(), { name: 'more than 10 s' }));
    setTimeout(fail, 10_500).unref();
  });
}

async function measure(newThrottle, newSubject) {
  const server = await startServer(newThrottle());
  const { put, end } = newSubject(server.endpoint);
  const failures = {};
  const times = [];
  const calls = [];
  const began = performance.now();
  const all = seconds * rate;
  for (let number = 0; number < all; number += 1) {
    const wait = began + (number * 1000) / rate - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const asked = performance.now();
    const call = Promise.race([put(`id-${number}`), tooLate()]).then(
      () => times.push(performance.now() - asked),
      ({ name }) => {
        failures[name] = (failures[name] ?? 0) + 1;
      },
    );
    calls.push(call);
  }
  await Promise.all(calls);
  await end();
  server.stop();
  times.sort((one, other) => one - other);
  const at = (part) => Math.round(times[Math.floor((times.length - 1) * part)] ?? Number.NaN);
  return {
    failed: `${all - times.length} of ${all}`,
    requests: (server.count.requests / all).toFixed(2),
    operations: (server.count.operations / all).toFixed(2),
    median: `${at(0.5)} ms`,
    '99 %': `${at(0.99)} ms`,
    failures: Object.entries(failures)
      .map((pair) => pair.join(': '))
      .join(', '),
  };
}

async function main() {
  const rows = [];
  for (const [name, newThrottle] of Object.entries(cases)) {
    for (const [subject, newSubject] of Object.entries(subjects)) {
      if (given.only && !subject.includes(given.only)) continue;
      const row = { throttled: name, subject, ...(await measure(newThrottle, newSubject)) };
      rows.push(row);
      console.log(Object.values(row).join(' | '));
    }
  }
  return rows;
}

main()
  .then(() => process.exit())
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
