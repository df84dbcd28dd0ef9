'use strict';

/** The servers that are measured against. */

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { createInterface } = require('node:readline');
const { setTimeout: sleep } = require('node:timers/promises');
const { thisTarget } = require('../../scripts/release/targets');
const { freePort } = require('../../scripts/server');

/** Where cargo puts the programs of `canned-server/`. */
const BINARIES = join(__dirname, '..', 'canned-server', 'target', thisTarget().triple, 'release');

/** The certificate of a server with TLS, and that of its authority. */
const CERTIFICATES = join(__dirname, '..', '..', '__test__', 'support', 'tls');
const AUTHORITY = join(CERTIFICATES, 'ca.pem');

/** Milliseconds that the connections of an ended process may take to close. */
const CLOSING = 10_000;
/** Milliseconds between two looks at them. */
const POLL = 20;

/**
 * @typedef {object} Server
 * @property {string} endpoint
 * @property {() => Promise<void>} stop
 *
 * @typedef {object} CannedOptions
 * @property {string} [format]
 * @property {number} [sessionBytes]
 * @property {number} [latency] in milliseconds
 * @property {number} [failEvery]
 * @property {boolean} [tls] whether it speaks HTTPS; clients trust it with `AUTHORITY`
 * @property {number} [expires] when its sessions end, in seconds since the Unix epoch; in 2100
 */

/**
 * @param {CannedOptions} options
 * @returns {Promise<Server>}
 */
async function startCanned({
  format = 'connect',
  sessionBytes = 1024,
  latency = 0,
  failEvery = 0,
  expires,
  tls = false,
}) {
  const args = {
    '--format': format,
    '--session-bytes': sessionBytes,
    '--latency-ms': latency,
    '--fail-every': failEvery,
    ...(expires !== undefined && { '--expires': expires }),
    ...(tls && {
      '--certificate': join(CERTIFICATES, 'server.pem'),
      '--key': join(CERTIFICATES, 'server.key'),
    }),
  };
  const child = startProgram('canned-server', args);
  const endpoint = await lineOf(child, () => true);
  return {
    endpoint,
    async stop() {
      // It ends with its standard input, and so with this process in any case.
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/**
 * Starts a program of `canned-server/`.
 *
 * @param {string} name
 * @param {Record<string, string | number>} args
 */
function startProgram(name, args) {
  return spawn(join(BINARIES, name), Object.entries(args).flat().map(String), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/**
 * Waits until a canned server has no open connection, and has it start a new maximum of them.
 *
 * @param {string} endpoint
 */
async function resetConnections(endpoint) {
  for (let waited = 0; waited < CLOSING; waited += POLL) {
    const { connections } = await connectionStats(endpoint, 'POST', '/stats/reset');
    if (connections === 0) return;
    await sleep(POLL);
  }
  throw new Error('the canned server has connections of a process that has ended');
}

/**
 * The highest number of connections that a canned server had open at a time, since the last reset.
 *
 * @param {string} endpoint
 */
async function mostConnections(endpoint) {
  const { mostConnections: most } = await connectionStats(endpoint, 'GET', '/stats');
  return most;
}

/**
 * @param {string} endpoint
 * @param {string} method
 * @param {string} path
 * @returns {Promise<{ connections: number, mostConnections: number }>}
 */
async function connectionStats(endpoint, method, path) {
  const response = await fetch(`${endpoint}${path}`, { method });
  return /** @type {any} */ (await response.json());
}

/** @returns {Promise<Server | undefined>} nothing where there is no `redis-server` */
async function startRedis() {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const port = await freePort();
  const child = spawn(
    'redis-server',
    ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'],
    { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const kill = () => child.kill();
  process.once('exit', kill);
  await lineOf(child, (line) => line.includes('Ready to accept connections'));
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
 * The first line of a program's output that is wanted.
 *
 * @param {import('node:child_process').ChildProcessByStdio<any, import('node:stream').Readable, null>}
 *   child
 * @param {(line: string) => boolean} wanted
 * @returns {Promise<string>}
 */
function lineOf(child, wanted) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}`)));
    createInterface(child.stdout).on('line', (line) => {
      if (wanted(line)) resolve(line);
    });
  });
}

/**
 * The cheapest client there can be, on a canned server.
 *
 * @param {string} endpoint
 * @param {number} inFlight
 * @param {number} seconds
 * @returns {Promise<{ operations: number, opsPerSecond: number, cpu: number | null }>}
 */
async function runFloor(endpoint, inFlight, seconds) {
  const args = { '--endpoint': endpoint, '--in-flight': inFlight, '--seconds': seconds };
  const child = startProgram('floor', args);
  child.stdin.end();
  return JSON.parse(await lineOf(child, () => true));
}

/**
 * Visitors of an app, who ask for one page after the other.
 *
 * @param {string} endpoint
 * @param {readonly string[]} cookies those of each visitor
 * @param {number} seconds
 * @returns {Promise<{ pages: number, pagesPerSecond: number, p50: number, p99: number }>} `p50` and
 *   `p99`: how long a page took, in milliseconds
 */
async function runLoad(endpoint, cookies, seconds) {
  const args = { '--endpoint': endpoint, '--seconds': seconds };
  const child = startProgram('load', args);
  const line = lineOf(child, () => true);
  child.stdin.end(cookies.map((cookie) => `${cookie}\n`).join(''));
  return JSON.parse(await line);
}

module.exports = {
  AUTHORITY,
  mostConnections,
  resetConnections,
  runFloor,
  runLoad,
  startCanned,
  startRedis,
};
