'use strict';

/** The package in an app of Next, with the App Router and Turbopack. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const { once } = require('node:events');
const { cpSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { cachedPackages, run } = require('../cache');
const { freePort } = require('../dynamodb-local');
const { thisTarget } = require('../release/targets');

/** Milliseconds that a server may take to answer. */
const START_LIMIT = 120_000;

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
  // Turbopack follows no link out of the folder of the app.
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
 * Starts a server, visits it twice and ends it.
 *
 * @param {string} cwd
 * @param {string[]} args the port is added
 */
async function visit(cwd, args) {
  const port = String(await freePort());
  const child = spawn(process.execPath, [...args, port], {
    cwd,
    env: {
      ...process.env,
      HOSTNAME: '127.0.0.1',
      PORT: port,
      SESSION_TABLE: `next-${randomUUID()}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed = (printed + chunk).slice(-10_000);
    });
  }
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit').then(() => process.off('exit', kill));
  const url = `http://127.0.0.1:${port}/visits`;
  try {
    const limit = Date.now() + START_LIMIT;
    let first = await get(url);
    while (first === undefined) {
      const over = child.exitCode !== null || child.signalCode !== null || Date.now() > limit;
      assert.ok(!over, `the server does not answer:\n${printed}`);
      await sleep(100);
      first = await get(url);
    }
    const visits = [first, await get(url)];
    assert.deepEqual(visits, ['1', '2'], printed);
  } finally {
    kill();
    await ended;
  }
}

/** @param {string} url */
async function get(url) {
  try {
    return await (await fetch(url)).text();
  } catch {
    return undefined;
  }
}

module.exports = { checkNext };
