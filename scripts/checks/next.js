'use strict';

/** Checks the package in a Next app with the App Router and Turbopack. */

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const { cpSync } = require('node:fs');
const { join } = require('node:path');
const { cachedPackages, run } = require('../cache');
const { thisTarget } = require('../release/targets');
const { freePort, startServer } = require('../server');

/**
 * @param {string} scratch
 * @param {(folder: string, name: string) => void} installIn
 * @param {(line: string) => void} done
 */
async function checkNext(scratch, installIn, done) {
  const source = join(__dirname, 'bundlers', 'next');
  const app = join(scratch, 'next');
  const tools = cachedPackages('next', join(source, 'package.json'));
  cpSync(source, app, { recursive: true });
  // A copy, because Turbopack does not follow links out of the app's folder.
  cpSync(join(tools, 'node_modules'), join(app, 'node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  for (const name of ['dynamo-session-store', thisTarget().package]) installIn(app, name);
  const next = join('node_modules', 'next', 'dist', 'bin', 'next');
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
  run(process.execPath, [next, 'build'], app, env);
  await visit(app, [next, 'start', '--hostname', '127.0.0.1', '--port']);
  done('Next, next build and next start: bundled by Turbopack, no line of configuration');
  const standalone = join(scratch, 'standalone');
  cpSync(join(app, '.next', 'standalone'), standalone, { recursive: true, verbatimSymlinks: true });
  await visit(standalone, ['server.js']);
  done('Next, output: standalone, with outputFileTracingIncludes');
}

/**
 * Starts a server, visits it twice and stops it.
 *
 * @param {string} cwd
 * @param {string[]} args the arguments of Node; the port is appended
 */
async function visit(cwd, args) {
  const port = String(await freePort());
  const env = {
    ...process.env,
    HOSTNAME: '127.0.0.1',
    PORT: port,
    SESSION_TABLE: `next-${randomUUID()}`,
  };
  const url = `http://127.0.0.1:${port}`;
  const command = process.execPath;
  const server = await startServer('Next', { command, args: [...args, port], cwd, env }, url);
  try {
    const visits = [];
    for (const _ of [1, 2]) visits.push(await (await fetch(`${url}/visits`)).text());
    assert.deepEqual(visits, ['1', '2']);
  } finally {
    await server.stop();
  }
}

module.exports = { checkNext };
