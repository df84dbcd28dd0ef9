'use strict';

/** Stores that are dropped without `close()`, which connect-dynamodb does not have. */

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');

const run = promisify(execFile);

test.each(['options', 'initializing', 'reaping', 'indexes', 'client', 'Koa'])(
  'are collected, and their connections closed: %s',
  async (kind) => {
    const script = join(__dirname, 'support', 'dropped-stores.js');
    const args = ['--expose-gc', script, kind];
    const { stdout } = await run(process.execPath, args, { timeout: 50_000 });
    const { connections, ...left } = JSON.parse(stdout);
    expect(left).toEqual({ open: 0, collected: 200 });
    // One after the other, each uses the connection that those before it have left.
    expect(connections).toBeLessThan(20);
  },
);
