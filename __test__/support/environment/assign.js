'use strict';

/**
 * A process that assigns variables of its environment while stores need theirs: `node assign.js <when>`.
 * Prints how many calls have succeeded. Assigning a new variable moves the environment in memory.
 */

const http = require('node:http');
const { once } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');
const { DynamoDBStore } = require('../../..');

let count = 0;

/** Assigns new variables. */
function assign(variables) {
  for (let left = variables; left > 0; left -= 1) {
    count += 1;
    process.env[`VARIABLE_${count}`] = 'x'.repeat(2000 + (count % 50));
  }
}

/** Assigns new variables for a while, without a turn of the event loop. */
function assignFor(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end) assign(10);
}

/** A server that plays DynamoDB and the service of a container, whose credentials are about to expire. */
async function startServer() {
  const credentials = () => ({
    AccessKeyId: 'KEYOFCONTAINER',
    SecretAccessKey: 'SECRET',
    Token: 'TOKEN',
    Expiration: new Date(Date.now() + 1000).toISOString(),
  });
  const server = http.createServer((request, response) => {
    const answer = request.url === '/container' ? credentials() : {};
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify(answer));
    request.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** What happens in a round. */
const WHEN = {
  async 'between stores'(open, round) {
    const store = open({ region: `eu-west-${round}` });
    const got = store.get('abc');
    await turn();
    assign(10);
    await got;
    await store.close();
    assign(10);
  },
  async 'during the first call'(open, round) {
    const store = open({ region: `eu-west-${round}` });
    const got = store.get('abc');
    await turn();
    assignFor(2);
    await got;
    await store.close();
  },
  async 'while credentials are renewed'(_open, _round, store) {
    const got = store.get('abc');
    await turn();
    assignFor(2);
    await got;
  },
};

async function main(when) {
  const server = await startServer();
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  Object.assign(process.env, {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/container`,
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  const open = (settings) =>
    new DynamoDBStore({ initialized: true, dynamoConfig: { endpoint, ...settings } });
  const store = open({ region: 'eu-west-1' });
  // A large environment takes long to read.
  assign(3000);
  const end = performance.now() + 2000;
  let rounds = 0;
  while (rounds < 200 && performance.now() < end) {
    rounds += 1;
    await WHEN[when](open, rounds, store);
  }
  await store.close();
  server.close();
  server.closeAllConnections();
  console.log(rounds);
}

main(process.argv[2]);
