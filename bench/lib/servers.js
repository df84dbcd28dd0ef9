'use strict';

/** The servers that are measured against, and the programs of `canned-server/`. */

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { createInterface } = require('node:readline');
const { setTimeout: sleep } = require('node:timers/promises');
const { thisTarget } = require('../../scripts/release/targets');
const { freePort } = require('../../scripts/server');
const { TABLES, attributesOf, configOf } = require('./sessions');

/** @import { CannedOptions, CannedServer, Server } from '../types' */

/** Where cargo puts the programs of `canned-server/`. */
const BINARIES = join(__dirname, '..', 'canned-server', 'target', thisTarget().triple, 'release');

/** The certificate of a server with TLS, and that of its authority. */
const CERTIFICATES = join(__dirname, '..', '..', '__test__', 'support', 'tls');
const AUTHORITY = join(CERTIFICATES, 'ca.pem');
const TLS = {
  certificate: join(CERTIFICATES, 'server.pem'),
  key: join(CERTIFICATES, 'server.key'),
};

/** 2100, in seconds since the Unix epoch. */
const NEVER = 4_102_444_800;

/** How often, and after how many milliseconds, the connections of an ended process are counted again. */
const LOOKS = 500;
const PAUSE = 20;

/**
 * @param {CannedOptions} options
 * @returns {Promise<CannedServer>}
 */
async function startCanned({ latency = 0, failEvery = 0, tls = false, ...stored }) {
  const { child, next } = startProgram('canned-server');
  const config = { latencyMs: latency, failEvery, ...answersOf(stored), ...(tls && { tls: TLS }) };
  child.stdin.write(`${JSON.stringify(config)}\n`);
  const endpoint = await next();
  const ask = async () => {
    child.stdin.write('\n');
    return JSON.parse(await next());
  };
  return {
    endpoint,
    countConnections: async () => (await ask()).most,
    async awaitNoConnection() {
      for (let look = 0; look < LOOKS; look += 1) {
        if ((await ask()).open === 0) return;
        await sleep(PAUSE);
      }
      throw new Error('the canned server has connections of a process that has ended');
    },
    async stop() {
      // It ends with its standard input, and so with this process in any case.
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/**
 * What DynamoDB answers about a table in which every session is the same.
 *
 * @param {Pick<CannedOptions, 'format' | 'sessionBytes' | 'expires'>} stored
 */
function answersOf({ format = 'connect', sessionBytes = 1024, expires = NEVER }) {
  const { hashKey } = TABLES[format];
  // With the prefix that connect-dynamodb and dynamodb-store put before an id.
  const key = { [hashKey]: { S: 'sess:canned' } };
  const attributes = attributesOf(format, sessionBytes, expires);
  const item = { ...key, ...attributes };
  const keyOf = (/** @type {string} */ name) => [{ AttributeName: name, KeyType: 'HASH' }];
  const names = format === 'shopify' ? [hashKey, 'shop'] : [hashKey];
  const table = {
    TableName: 'sessions',
    TableStatus: 'ACTIVE',
    AttributeDefinitions: names.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
    KeySchema: keyOf(hashKey),
    GlobalSecondaryIndexes: names.slice(1).map((name) => ({
      IndexName: `${name}_index`,
      IndexStatus: 'ACTIVE',
      KeySchema: keyOf(name),
      Projection: { ProjectionType: 'KEYS_ONLY' },
    })),
  };
  const ttl = { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' };
  const answers = {
    DescribeTable: { Table: table },
    DescribeTimeToLive: { TimeToLiveDescription: ttl },
    GetItem: { Item: item },
    PutItem: {},
    // connect-dynamodb reads the end of the session from it.
    UpdateItem: { Attributes: { expires: { N: String(expires) } } },
    DeleteItem: {},
    BatchWriteItem: { UnprocessedItems: {} },
    Query: { Items: [key], Count: 1, ScannedCount: 1 },
    Scan: { Items: [item], Count: 1, ScannedCount: 1 },
  };
  return { answers, attributes };
}

/**
 * Starts a program of `canned-server/`.
 *
 * @param {string} name
 * @param {string[]} args
 */
function startProgram(name, ...args) {
  const child = spawn(join(BINARIES, name), args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`${name} has ended`);
    return value;
  };
  return { child, next };
}

/**
 * Runs `load` of `canned-server/`: clients that each send one request again and again.
 *
 * @param {string} endpoint
 * @param {{ method: string, headers: Record<string, string>, body: string }[]} clients
 * @param {{ seconds: number, threads: number }} how
 * @returns {Promise<{ perSecond: number, p50: number, p99: number, cpu: number | null }>} `p50` and
 *   `p99`: milliseconds an answer took; `cpu`: microseconds that the client took for each
 */
async function runLoad(endpoint, clients, how) {
  const task = { endpoint: new URL(endpoint).host, clients, ...how };
  const { child, next } = startProgram('load', JSON.stringify(task));
  child.stdin.end();
  return JSON.parse(await next());
}

/** @returns {Promise<Server | undefined>} `undefined` if `redis-server` is not installed */
async function startRedis() {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const port = await freePort();
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', args, {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill();
  process.once('exit', kill);
  for await (const line of createInterface(child.stdout)) {
    if (line.includes('Ready to accept connections')) break;
  }
  child.stdout.resume();
  return {
    endpoint: `redis://127.0.0.1:${port}`,
    async stop() {
      process.off('exit', kill);
      kill();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/**
 * Creates the table of every format in a DynamoDB that may have none of them.
 *
 * @param {string} endpoint
 */
async function createTables(endpoint) {
  // Not at the top: the dependencies may have to be installed first.
  const { CreateTableCommand, DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient(configOf(endpoint));
  for (const { table, hashKey } of Object.values(TABLES)) {
    const command = new CreateTableCommand({
      TableName: table,
      AttributeDefinitions: [{ AttributeName: hashKey, AttributeType: 'S' }],
      KeySchema: [{ AttributeName: hashKey, KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    await client.send(command).catch((/** @type {Error} */ error) => {
      if (error.name !== 'ResourceInUseException') throw error;
    });
  }
  client.destroy();
}

/**
 * A server of this process, on a free port of the loopback interface.
 *
 * @param {import('node:http').RequestListener} listener
 * @returns {Promise<Server>}
 */
async function startOwnServer(listener) {
  // Not at the top: some stores do without this module, and the memory of their process is measured.
  const { createServer } = require('node:http');
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

module.exports = { AUTHORITY, createTables, runLoad, startCanned, startOwnServer, startRedis };
