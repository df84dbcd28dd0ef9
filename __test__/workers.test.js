'use strict';

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { newTable } = require('./support/dynamodb');

const script = join(__dirname, 'support', 'in-worker.js');

test.each(['end', 'terminate'])(
  'worker threads come and %s: the process lives, with one thread for requests, and complains of nothing',
  async (how) => {
    const table = await newTable();
    const env = { ...process.env, NODE_NO_WARNINGS: '1' };
    const said = await promisify(execFile)(process.execPath, [script, table, how], { env });
    const visits = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(said).toEqual({ stdout: visits.map((visit) => `${visit} 1\n`).join(''), stderr: '' });
  },
);
