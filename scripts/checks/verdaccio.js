'use strict';

/** An npm registry on this machine. */

const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { freePort, startServer } = require('../server');

/**
 * @param {string} tools the folder that verdaccio is installed in
 * @param {string} folder an empty folder for the registry's packages
 */
async function startRegistry(tools, folder) {
  const config = join(folder, 'config.json');
  // JSON is valid YAML. Everyone may publish, and the registry forwards no request to another registry.
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
  const { stop } = await startServer('The registry', { command: process.execPath, args }, url);
  return { url, stop };
}

module.exports = { startRegistry };
