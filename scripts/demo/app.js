'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { existsSync, mkdirSync, symlinkSync } = require('node:fs');
const { join } = require('node:path');
const { createInterface } = require('node:readline');
const { SetupError, root } = require('../setup');

const script = join(root, 'examples', 'express', 'app.js');

/**
 * Makes a folder in which the app finds this package by its name. The example's dependencies are not installed beside
 * it: its other packages are those of this clone.
 */
function ownModules() {
  const modules = join(root, 'target', 'demo', 'node_modules');
  const link = join(modules, 'dynamo-session-store');
  mkdirSync(modules, { recursive: true });
  if (!existsSync(link)) symlinkSync(root, link, 'junction');
  return modules;
}

/**
 * Returns the environment for a local DynamoDB, which accepts any credentials.
 *
 * @param {string} endpoint
 */
function local(endpoint) {
  return {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    ...(!process.env.AWS_ACCESS_KEY_ID && {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    }),
  };
}

/**
 * Starts the example app in another process.
 *
 * @param {{ endpoint: string | undefined, table: string }} dynamo
 * @param {string} [port] by default any free port
 */
async function startApp({ endpoint, table }, port = '0') {
  const child = spawn(process.execPath, [script], {
    env: {
      ...process.env,
      NODE_PATH: ownModules(),
      PORT: port,
      SESSION_TABLE: table,
      ...(endpoint && local(endpoint)),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exit = once(child, 'exit');
  exit.then(() => process.off('exit', kill));
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, 'line'),
    exit.then(([code]) => {
      // The app itself has printed the reason.
      throw new SetupError(`The app has ended with exit code ${code}.`);
    }),
  ]);
  return {
    pid: child.pid,
    url: String(line).replace('listening on ', ''),
    async stop() {
      child.kill('SIGTERM');
      await exit;
    },
  };
}

module.exports = { local, startApp };
