'use strict';

const { fork } = require('node:child_process');
const { join } = require('node:path');
const { REGION } = require('./formats');
const { AUTHORITY } = require('./servers');

/**
 * Environment variables by which a machine has further certificate authorities trusted. Reading
 * them takes milliseconds of a start, which most machines do not ask for.
 */
const AUTHORITIES = ['AWS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_DIR', 'SSL_CERT_FILE'];

/** Milliseconds that a worker may take beyond what is expected of it. */
const GRACE = 60_000;

/**
 * Runs one task in a process of its own.
 *
 * @param {import('../worker').Task} task
 * @returns {Promise<import('../worker').Report>}
 */
function runWorker(task) {
  const isTls = task.target.endpoint.startsWith('https:');
  /** @type {Record<string, string>} */
  const env = isTls ? { NODE_EXTRA_CA_CERTS: AUTHORITY } : {};
  const { child, printed } = forkProgram(join(__dirname, '..', 'worker.js'), task, env);
  const limit = GRACE + task.expected * 1000;
  return new Promise((resolve) => {
    /** @type {import('../worker').Report | undefined} */
    let report;
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    child.once('message', (/** @type {any} */ message) => {
      report = message;
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve(report ?? { failed: `ended with ${signal ?? code}\n${printed()}` });
    });
  });
}

/**
 * Starts a program in a process of its own.
 *
 * @param {string} file
 * @param {object} task its argument, which it gets as JSON
 * @param {Record<string, string>} [env] further environment variables
 */
function forkProgram(file, task, env) {
  const inherited = Object.entries(process.env).filter(([name]) => !AUTHORITIES.includes(name));
  const child = fork(file, [JSON.stringify(task)], {
    env: {
      ...Object.fromEntries(inherited),
      AWS_REGION: REGION,
      AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1',
      ...env,
    },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let text = '';
  child.stderr?.on('data', (chunk) => {
    // aws-sdk v3 warns of every queue for its sockets; the end is what says why it failed.
    text = (text + chunk).slice(-4000);
  });
  return { child, printed: () => text };
}

module.exports = { forkProgram, runWorker };
