#!/usr/bin/env node
'use strict';

/** The command `dynamo-session-store`. */

require('../lib/node-version');
const { EXIT } = require('./failure');
const { run } = require('./run');

/** The exit codes of a command that a signal has stopped: 128 and the number of the signal. */
const CODES = /** @type {const} */ ({ SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated });

const stop = new AbortController();
/** The exit code for the first signal. @type {number | undefined} */
let stopped;
for (const [name, code] of Object.entries(CODES)) {
  process.on(name, () => {
    // After the first signal, the command finishes the requests in flight. After the second one, it ends at once.
    if (stopped !== undefined) process.exit(code);
    stopped = code;
    stop.abort();
  });
}
// The reader of a pipe, such as head, has read enough.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(EXIT.done);
  process.stderr.write(`Error: stdout cannot be written: ${error.message}\n`, () =>
    process.exit(EXIT.failed),
  );
});

const { stdin, stdout, stderr, env } = process;
run(process.argv.slice(2), { stdin, stdout, stderr, env, signal: stop.signal }).then((code) => {
  process.exitCode = code === EXIT.interrupted ? (stopped ?? code) : code;
});
