'use strict';

/** Starts the processes that have a store in them. */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { AUTHORITY } = require('./servers');
const { REGION } = require('./sessions');

/** @import { AppTask, AppUse } from './app' */

/**
 * Environment variables by which a machine has further certificate authorities trusted. Reading them
 * takes milliseconds of a start, which most machines do not ask for.
 */
const AUTHORITIES = ['AWS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_DIR', 'SSL_CERT_FILE'];

/** Seconds that a process may take beyond what is expected of it. */
const GRACE = 60;

/**
 * Starts a program and waits for its first message.
 *
 * @param {string} name a file of this folder
 * @param {object} task its argument
 * @param {{ seconds?: number, isTls?: boolean }} [how] `seconds`: how long it is expected to take
 * @throws {Error} if it fails, ends without a message, or takes too long
 */
async function startProcess(name, task, { seconds = 0, isTls = false } = {}) {
  const kept = Object.entries(process.env).filter(([variable]) => !AUTHORITIES.includes(variable));
  const child = fork(join(__dirname, name), [JSON.stringify(task)], {
    env: {
      ...Object.fromEntries(kept),
      AWS_REGION: REGION,
      AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1',
      ...(isTls && { NODE_EXTRA_CA_CERTS: AUTHORITY }),
    },
    execArgv: [],
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
  const answer = async () => (await Promise.race([once(child, 'message'), closed]))[0];
  const timer = setTimeout(() => child.kill('SIGKILL'), (GRACE + seconds) * 1000);
  const message = await answer().finally(() => clearTimeout(timer));
  if (message.failed) throw new Error(message.failed);
  return { child, closed, message, answer, printed: () => printed };
}

/**
 * Has a mode measure one subject in a process of its own.
 *
 * @param {string} file the mode's, whose `work` the process calls
 * @param {import('../subjects').Subject} subject
 * @param {{ target: import('./calls').Target, [name: string]: any }} task
 * @param {number} [seconds] how long that is expected to take
 * @returns {Promise<any>} what `work` returned
 */
async function runWorker(file, { name }, task, seconds) {
  const isTls = task.target.endpoint.startsWith('https:');
  const started = await startProcess(
    'worker.js',
    { file, subject: name, task },
    { seconds, isTls },
  );
  await started.closed.catch(() => {});
  return started.message.result;
}

/**
 * Starts a real app in a process of its own.
 *
 * @param {AppTask} task
 */
async function startApp(task) {
  const { child, closed, message, answer, printed } = await startProcess('app.js', task);
  const tell = (/** @type {import('./app').Command} */ command) => {
    // If the app has ended, its visitors report it.
    if (child.connected) child.send(command, () => {});
  };
  return {
    /** @type {string} */
    endpoint: message.endpoint,
    /** The end of what the app has printed as errors. */
    printed,
    /** Begins measuring. */
    begin: () => tell('begin'),
    /** @returns {Promise<AppUse>} what the app took since `begin` */
    end() {
      const answered = answer();
      tell('end');
      return answered;
    },
    async stop() {
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE * 1000);
      tell('stop');
      await closed.catch(() => {});
      clearTimeout(timer);
    },
  };
}

module.exports = { runWorker, startApp };
