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
const { join } = require('node:path');
const { cached, run } = require('./cache');
const { checkAnswers, freePort, startServer } = require('./server');
const { SetupError, program } = require('./setup');

const VERSION = '3.1.0';
const MAIN_CLASS = 'software.amazon.dynamodb.services.local.main.ServerRunner';

/** How often another port is tried where the first was taken meanwhile. */
const TRIES = 3;

/**
 * @typedef {object} Server
 * @property {string} endpoint
 * @property {() => Promise<void>} stop
 */

/**
 * @returns {Promise<Server>}
 * @throws {SetupError} where it does not answer, or cannot be fetched
 */
async function start() {
  if (process.env.DYNAMODB_ENDPOINT) {
    await checkAnswers('DYNAMODB_ENDPOINT', process.env.DYNAMODB_ENDPOINT);
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
      'or set DYNAMODB_ENDPOINT to the address of a DynamoDB that runs already.',
  );
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
  const args = [
    `-Djava.library.path=${folder}`,
    '-cp',
    join(folder, '*'),
    MAIN_CLASS,
    ...(data === undefined ? ['-inMemory'] : ['-dbPath', data]),
    '-sharedDb',
    '-port',
    String(port),
    '-disableTelemetry',
  ];
  const endpoint = `http://127.0.0.1:${port}`;
  // Without a signature it is an error that answers.
  const { stop } = await startServer('DynamoDB Local', { command: 'java', args }, endpoint);
  return { endpoint, stop };
}

module.exports = { start, startOwn };

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
