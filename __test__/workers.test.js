'use strict';

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { newTable } = require('./support/dynamodb');

const script = join(__dirname, 'support', 'in-worker.js');

test.each(['end', 'terminate'])(
  'worker threads come and %s, and the process lives',
  async (how) => {
    const table = await newTable();
    const { stdout } = await promisify(execFile)(process.execPath, [script, table, how]);
    expect(stdout).toBe('1\n2\n3\n4\n');
  },
);
