#!/usr/bin/env node
'use strict';

/** The command `dynamo-session-store`. */

require('../lib/node-version');
const { run } = require('./run');

const stop = new AbortController();
let signals = 0;
process.on('SIGINT', () => {
  signals += 1;
  // The first lets the command finish what is in flight, the second does not wait for that.
  if (signals > 1) process.exit(130);
  stop.abort();
});
// The reader of a pipe, such as head, has read enough.
process.stdout.on('error', (error) =>
  process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1),
);

const { stdin, stdout, stderr, env } = process;
run(process.argv.slice(2), { stdin, stdout, stderr, env, signal: stop.signal }).then((code) => {
  process.exitCode = code;
});
