'use strict';

/** Starts the processes that have a store in them. */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { AUTHORITY } = require('./servers');
const { REGION } = require('./sessions');

/** @import { Target } from '../types' */

/** @typedef {{ file: string, name: string, args: unknown[] }} Call `name`: the function's */

/**
 * Environment variables by which a machine has further certificate authorities trusted. Reading them
 * takes milliseconds of a start, which most machines do not ask for.
 */
const AUTHORITIES = ['AWS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_DIR', 'SSL_CERT_FILE'];

/** Seconds that a call may take beyond what is expected of it. */
const GRACE = 60;

/**
 * Starts a process that calls functions of files.
 *
 * @param {{ isTls?: boolean, execArgv?: string[] }} [how] `isTls`: whether it trusts `AUTHORITY`
 */
function startProcess({ isTls = false, execArgv = [] } = {}) {
  const kept = Object.entries(process.env).filter(([variable]) => !AUTHORITIES.includes(variable));
  const child = fork(join(__dirname, 'worker.js'), {
    env: {
      ...Object.fromEntries(kept),
      AWS_REGION: REGION,
      AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1',
      ...(isTls && { NODE_EXTRA_CA_CERTS: AUTHORITY }),
    },
    execArgv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let printed = '';
  child.stderr?.on('data', (chunk) => {
    // aws-sdk v3 warns of every queue for its sockets; the end says why a process failed.
    printed = (printed + chunk).slice(-4000);
  });
  const closed = once(child, 'close').then(([code, signal]) => {
    throw new Error(`ended with ${signal ?? code}\n${printed}`);
  });
  closed.catch(() => {});
  const killIn = (/** @type {number} */ seconds) =>
    setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
  return {
    /** The end of what the process has printed as errors. */
    printed: () => printed,
    /**
     * Calls a function there. A call ends before the next one is made.
     *
     * @param {Call} call
     * @param {number} [seconds] how long that is expected to take
     * @returns {Promise<any>} what the function returned
     * @throws {Error} if it fails, the process ends, or it takes too long
     */
    async call(call, seconds = 0) {
      const timer = killIn(GRACE + seconds);
      try {
        child.send(call, () => {});
        const [{ result, failed }] = await Promise.race([once(child, 'message'), closed]);
        if (failed) throw new Error(failed);
        return result;
      } finally {
        clearTimeout(timer);
      }
    },
    /** Ends the process. */
    async stop() {
      const timer = killIn(GRACE);
      if (child.connected) child.send({ file: 'node:process', name: 'exit', args: [] }, () => {});
      await closed.catch(() => {});
      clearTimeout(timer);
    },
  };
}

/**
 * Has a mode measure one subject in a process of its own.
 *
 * @param {string} file the mode's, whose `work` the process calls with the subject's name and the task
 * @param {{ name: string }} subject
 * @param {{ target: Target, [name: string]: unknown }} task
 * @param {{ seconds?: number, execArgv?: string[] }} [how] `seconds`: how long that is expected to take
 * @returns {Promise<any>} what `work` returned
 */
async function runWorker(file, { name }, task, { seconds, execArgv } = {}) {
  const isTls = task.target.endpoint.startsWith('https:');
  const started = startProcess({ isTls, execArgv });
  try {
    return await started.call({ file, name: 'work', args: [name, task] }, seconds);
  } finally {
    await started.stop();
  }
}

module.exports = { runWorker, startProcess };
