'use strict';

/**
 * Checks the published form of the package on each line of Node: the Express, Koa and Shopify stores write a session to
 * DynamoDB Local and read it. On a Node that is too old, the error must name the required version.
 */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } =
  require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { cachedPackages } = require('../cache');
const dynamodb = require('../dynamodb-local');
const { program, root } = require('../setup');
const { copyPackage } = require('./package');

const TOO_OLD = '18';
const LINES = ['20', '22', '24', '26'];

const scratch = mkdtempSync(join(tmpdir(), 'dynamo-session-store-nodes-'));

program(async () => {
  const nodes = installNodes();
  const app = makeApp();
  const server = await dynamodb.start();
  try {
    for (const line of LINES) {
      const version = run(nodes(line), app, server.endpoint);
      console.log(`  ✓ Node ${version}: sessions of Express, Koa and a Shopify app`);
    }
    const { message, version } = JSON.parse(run(nodes(TOO_OLD), app, server.endpoint));
    assert.match(message, /Node.js 20 or later/);
    assert.ok(message.includes(version), `no ${version} in: ${message}`);
    console.log(`  ✓ Node ${version}: ERR_SESSION_NODE`);
  } finally {
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
  return 0;
});

/** Installs each line of Node. Returns a function from a line to the path of its program. */
function installNodes() {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const dependencies = Object.fromEntries(
    [TOO_OLD, ...LINES].map((line) => [
      `node-${line}`,
      `npm:node-${system}-${process.arch}@${line}`,
    ]),
  );
  const file = join(scratch, 'package.json');
  writeFileSync(file, JSON.stringify({ private: true, dependencies }));
  const folder = cachedPackages('nodes', file);
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return (/** @type {string} */ line) => join(folder, 'node_modules', `node-${line}`, 'bin', name);
}

/** Makes an app with the package, as npm installs it, and with the packages that its stores need. */
function makeApp() {
  const app = join(scratch, 'app');
  const modules = join(app, 'node_modules');
  const own = join(modules, 'dynamo-session-store');
  mkdirSync(modules, { recursive: true });
  copyPackage(own);
  symlinkSync(join(root, 'native'), join(own, 'native'), 'junction');
  for (const name of ['express-session', '@shopify']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  copyFileSync(join(__dirname, 'nodes', 'app.js'), join(app, 'app.js'));
  return app;
}

/**
 * @param {string} node
 * @param {string} app
 * @param {string} endpoint
 * @returns {string} the output of the app
 */
function run(node, app, endpoint) {
  const { status, stdout, stderr, error } = spawnSync(node, ['app.js'], {
    cwd: app,
    env: { DYNAMODB_ENDPOINT: endpoint, AWS_EC2_METADATA_DISABLED: 'true' },
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(status, 0, `${node}: ${error?.message ?? ''}${stdout}${stderr}`);
  return stdout.trim();
}
