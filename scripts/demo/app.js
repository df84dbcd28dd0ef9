'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { createInterface } = require('node:readline');

const script = join(__dirname, '..', '..', 'examples', 'express', 'app.js');

/**
 * Starts the example app in a process of its own.
 *
 * @param {{ endpoint: string | undefined, table: string }} dynamo
 * @param {string} [port] any free one, if none is given
 */
async function startApp({ endpoint, table }, port = '0') {
  const child = spawn(process.execPath, [script], {
    env: {
      ...process.env,
      PORT: port,
      SESSION_TABLE: table,
      ...(endpoint && { DYNAMODB_ENDPOINT: endpoint }),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exit = once(child, 'exit');
  exit.then(() => process.off('exit', kill));
  const lines = createInterface({ input: child.stdout });
  const [said] = await Promise.race([
    once(lines, 'line'),
    exit.then(([code]) => {
      throw new Error(`the app ended with exit code ${code}`);
    }),
  ]);
  return {
    pid: child.pid,
    url: String(said).replace('listening on ', ''),
    async stop() {
      child.kill('SIGTERM');
      await exit;
    },
  };
}

module.exports = { startApp };
