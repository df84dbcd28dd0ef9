'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { createServer } = require('node:net');
const { setTimeout: sleep } = require('node:timers/promises');
const { SetupError } = require('./setup');

/** Milliseconds that a server may take until it answers. */
const START_LIMIT = 120_000;

/** Milliseconds for an answer of a server that should be up. Node's first request takes seconds in an emulator. */
const ANSWER_LIMIT = 20_000;

/** A port that nobody listens on at the moment. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Checks that a server can listen on a port.
 *
 * @param {string} port the value of `PORT`
 * @throws {SetupError} if the port is invalid or in use
 */
async function checkPort(port) {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new SetupError(`PORT must be a number from 0 to 65535, but is "${port}".`);
  }
  const server = createServer().listen(Number(port), '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    const reason = code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${code})`;
    throw new SetupError(`Port ${port} ${reason}: set PORT to another port.`);
  }
  server.close();
  await once(server, 'close');
}

/**
 * Checks that a server answers. Any answer will do.
 *
 * @param {string} name for the error
 * @param {string} url
 * @throws {SetupError} if no server answers
 */
async function checkAnswers(name, url) {
  if (await answers(url, ANSWER_LIMIT)) return;
  throw new SetupError(
    `${name} is ${url}, but no server answers there: start one, or set ${name} to another address.`,
  );
}

/**
 * Starts an HTTP server, and waits until it answers. If this process ends, the server is killed.
 *
 * @param {string} name the name for the error
 * @param {{ command: string, args: string[], cwd?: string, env?: NodeJS.ProcessEnv }} program
 * @param {string} url the address that must answer. Any answer will do
 * @throws {SetupError} with the end of the server's output
 */
async function startServer(name, { command, args, cwd, env }, url) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      // Only the end of the output is kept: it has the reason of a failed start.
      printed = (printed + chunk).slice(-10_000);
    });
  }
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit').then(() => process.off('exit', kill));
  const limit = Date.now() + START_LIMIT;
  while (!(await answers(url))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > limit) {
      kill();
      throw new SetupError(`${name} did not start:\n${printed}`);
    }
    await sleep(100);
  }
  return {
    async stop() {
      kill();
      await ended;
    },
  };
}

/**
 * @param {string} url
 * @param {number} [limit] milliseconds
 */
async function answers(url, limit = 1000) {
  try {
    await fetch(url, { signal: AbortSignal.timeout(limit) });
    return true;
  } catch {
    return false;
  }
}

module.exports = { checkAnswers, checkPort, freePort, startServer };
