'use strict';

/**
 * DynamoDB Local for the tests: fetched once with Maven, started on a free port.
 *
 *     node scripts/dynamodb-local.js                  stays up and prints its endpoint
 *     node scripts/dynamodb-local.js -- cargo test    runs a command with DYNAMODB_ENDPOINT set
 *
 * Where `DYNAMODB_ENDPOINT` is set already, that is the server.
 */

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { createServer } = require('node:net');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { cached, run } = require('./cache');
const { SetupError, program } = require('./setup');

const VERSION = '3.1.0';
const MAIN_CLASS = 'software.amazon.dynamodb.services.local.main.ServerRunner';

/** Milliseconds that the server may take to answer. */
const START_LIMIT = 60_000;

/** How often another port is tried where the first was taken meanwhile. */
const TRIES = 3;

/**
 * @typedef {object} Server
 * @property {string} endpoint
 * @property {() => Promise<void>} stop
 */

/** @returns {Promise<Server>} */
async function start() {
  if (process.env.DYNAMODB_ENDPOINT) {
    return { endpoint: process.env.DYNAMODB_ENDPOINT, stop: async () => {} };
  }
  const folder = fetched();
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOn(folder, await freePort());
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

/** The folder with the server in it, fetched where it is not there yet. */
function fetched() {
  need('java', ['-version'], 'Java 17 or later');
  return cached(`dynamodb-local-${VERSION}`, (partial) => {
    need('mvn', ['-version'], 'Maven');
    process.stderr.write(`Fetching DynamoDB Local ${VERSION} …\n`);
    const args = [
      '--quiet',
      '--batch-mode',
      '--file',
      join(__dirname, 'dynamodb-local', 'pom.xml'),
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${partial}`,
    ];
    run('mvn', args, __dirname);
  });
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} what
 */
function need(command, args, what) {
  const { status } = spawnSync(command, args, { shell: process.platform === 'win32' });
  if (status === 0) return;
  throw new SetupError(
    `The tests need ${what} for DynamoDB Local: install it so that "${command}" is found, ` +
      'or set DYNAMODB_ENDPOINT to a DynamoDB that is there already.',
  );
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * A server of the caller's own.
 *
 * @param {string} [data] a folder for its tables, so that they outlive it; without it they are in memory
 * @returns {Promise<Server & { restart: () => Promise<void> }>} `restart` kills it and starts it again
 */
async function startOwn(data) {
  const folder = fetched();
  const port = await freePort();
  let server = await startOn(folder, port, data);
  return {
    endpoint: server.endpoint,
    stop: () => server.stop(),
    async restart() {
      await server.stop();
      server = await startOn(folder, port, data);
    },
  };
}

/**
 * @param {string} folder
 * @param {number} port
 * @param {string} [data] the folder for its tables; in memory without
 * @returns {Promise<Server>}
 */
async function startOn(folder, port, data) {
  const child = spawn(
    'java',
    [
      `-Djava.library.path=${folder}`,
      '-cp',
      join(folder, '*'),
      MAIN_CLASS,
      ...(data === undefined ? ['-inMemory'] : ['-dbPath', data]),
      '-sharedDb',
      '-port',
      String(port),
      '-disableTelemetry',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      // The end of it is what says why a start failed.
      printed = (printed + chunk).slice(-10_000);
    });
  }
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit').then(() => process.off('exit', kill));
  const endpoint = `http://127.0.0.1:${port}`;
  const limit = Date.now() + START_LIMIT;
  while (!(await answers(endpoint))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > limit) {
      kill();
      throw new SetupError(`DynamoDB Local did not start:\n${printed}`);
    }
    await sleep(100);
  }
  return {
    endpoint,
    async stop() {
      kill();
      await ended;
    },
  };
}

/** @param {string} endpoint */
async function answers(endpoint) {
  try {
    // Without a signature it is an error, which is an answer.
    await fetch(endpoint, { signal: AbortSignal.timeout(1000) });
    return true;
  } catch {
    return false;
  }
}

module.exports = { freePort, start, startOwn };

if (require.main === module) {
  program(async () => {
    const [separator, command, ...args] = process.argv.slice(2);
    if (separator !== undefined && (separator !== '--' || !command)) {
      throw new SetupError('Usage: node scripts/dynamodb-local.js [-- command argument …]');
    }
    const server = await start();
    if (command === undefined) {
      console.log(server.endpoint);
      // Until Ctrl-C, which ends the server with this process.
      return new Promise(() => {});
    }
    const env = { ...process.env, DYNAMODB_ENDPOINT: server.endpoint };
    const child = spawn(command, args, { stdio: 'inherit', env });
    process.once('exit', () => child.kill());
    const [code] = await once(child, 'exit');
    await server.stop();
    return code ?? 1;
  });
}
