'use strict';

/**
 * Downloads DynamoDB Local for the tests once, with Maven, and starts it on a free port.
 *
 *     node scripts/dynamodb-local.js                  prints its endpoint and runs until Ctrl-C
 *     node scripts/dynamodb-local.js -- cargo test    runs a command with DYNAMODB_ENDPOINT set
 *
 * If `DYNAMODB_ENDPOINT` is already set, this server is used, and none is started.
 */

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { cached, run } = require('./cache');
const { checkAnswers, freePort, startServer } = require('./server');
const { SetupError, program } = require('./setup');

const VERSION = '3.1.0';
const MAIN_CLASS = 'software.amazon.dynamodb.services.local.main.ServerRunner';

/**
 * The server answers small requests for some minutes only. Java's second compiler and parallel garbage collection are
 * made for servers that run for hours, and would take half of its CPU time.
 */
const JVM_OPTIONS = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** The number of ports to try: another process may take a free port before the server does. */
const TRIES = 3;

/**
 * @typedef {object} Server
 * @property {string} endpoint
 * @property {() => Promise<void>} stop
 */

/**
 * @returns {Promise<Server>}
 * @throws {SetupError} if the server does not answer or cannot be downloaded
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

/** Returns the folder with the server. Downloads the server if the folder does not exist. */
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
 * @param {string} product the name for the error
 */
function need(command, args, product) {
  const { status } = spawnSync(command, args, { shell: process.platform === 'win32' });
  if (status === 0) return;
  throw new SetupError(
    `The tests need ${product} for DynamoDB Local: install it so that "${command}" is found, ` +
      'or set DYNAMODB_ENDPOINT to the address of a DynamoDB that runs already.',
  );
}

/**
 * Starts a server for the caller alone.
 *
 * @param {string} [data] a folder for the tables, so that they survive a restart; by default they are in memory
 * @returns {Promise<Server & { restart: () => Promise<void> }>} `restart` kills the server and starts it again
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
 * @param {string} [data] a folder for the tables; by default they are in memory
 * @returns {Promise<Server>}
 */
async function startOn(folder, port, data) {
  const args = [
    ...JVM_OPTIONS,
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
  // A request without a signature gets an error, which counts as an answer.
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
      // Waits for Ctrl-C, which also ends the server.
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
