'use strict';

/** A registry for packages on this machine. */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { freePort } = require('../dynamodb-local');
const { SetupError } = require('../setup');

/** Milliseconds that it may take to answer. */
const START_LIMIT = 120_000;

/**
 * @param {string} tools the folder that verdaccio is installed in
 * @param {string} folder an empty one, for its packages
 */
async function startRegistry(tools, folder) {
  const config = join(folder, 'config.json');
  // JSON is YAML. Everybody may publish, and nothing comes from another registry.
  writeFileSync(
    config,
    JSON.stringify({
      storage: join(folder, 'storage'),
      max_body_size: '500mb',
      packages: { '**': { access: '$all', publish: '$all' } },
      log: { type: 'stdout', format: 'pretty', level: 'warn' },
    }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const script = join(tools, 'node_modules', 'verdaccio', 'bin', 'verdaccio');
  const args = [script, '--config', config, '--listen', `127.0.0.1:${port}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
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
      throw new SetupError(`The registry did not start:\n${printed}`);
    }
    await sleep(100);
  }
  return {
    url,
    async stop() {
      kill();
      await ended;
    },
  };
}

/** @param {string} url */
async function answers(url) {
  try {
    return (await fetch(`${url}-/ping`, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}

module.exports = { startRegistry };
