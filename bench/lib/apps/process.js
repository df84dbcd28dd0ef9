'use strict';

const { once } = require('node:events');
const { join } = require('node:path');
const { forkProgram } = require('../worker');

/** @import { AppCommand, AppReport, AppTask, AppUse } from '../../app' */

/** Milliseconds that an app may take to start, and to end. */
const LIMIT = 30_000;

/**
 * @typedef {object} App
 * @property {string} endpoint
 * @property {() => string} printed the end of what its process has printed as errors
 * @property {() => void} begin begins measuring
 * @property {() => Promise<AppUse>} end what it took since `begin`
 * @property {() => Promise<void>} stop
 */

/**
 * Starts an app in a process of its own.
 *
 * @param {AppTask} task
 * @returns {Promise<App>}
 * @throws {Error} if the app does not start
 */
async function startApp(task) {
  const { child, printed } = forkProgram(join(__dirname, '..', '..', 'app.js'), task);
  const closed = once(child, 'close');
  const killSoon = () => setTimeout(() => child.kill('SIGKILL'), LIMIT);
  const timer = killSoon();
  /** @type {AppReport} */
  const report = await Promise.race([
    once(child, 'message').then(([message]) => message),
    closed.then(([code, signal]) => ({ failed: `ended with ${signal ?? code}\n${printed()}` })),
  ]);
  clearTimeout(timer);
  if ('failed' in report) throw new Error(report.failed);
  const tell = (/** @type {AppCommand} */ command) => {
    // One that has ended is noticed by who asks it for pages.
    if (child.connected) child.send(command, () => {});
  };
  return {
    endpoint: `http://127.0.0.1:${report.port}`,
    printed,
    begin() {
      tell('begin');
    },
    async end() {
      const answered = once(child, 'message');
      tell('end');
      const [use] = await answered;
      return use;
    },
    async stop() {
      const patience = killSoon();
      tell('stop');
      await closed;
      clearTimeout(patience);
    },
  };
}

module.exports = { startApp };
