'use strict';

/**
 * The app that `cost` measures, in a process of its own. It sends the port that it listens on to the
 * process that started it, and ends with the first message from there.
 */

// First: it replaces the clock.
const { moveClock } = require('./lib/cost/clock');
const { once } = require('node:events');
const { createServer } = require('node:http');

/**
 * @typedef {object} AppTask
 * @property {string} subject the name of a file in `subjects/`
 * @property {'express' | 'koa'} framework
 * @property {import('./lib/calls').Place} place
 * @property {object} setting further options of express-session or koa-session
 * @property {number} cookie the lifetime of the session's cookie, in milliseconds
 * @property {number} sessionBytes how long a session is as JSON, at its login
 *
 * @typedef {{ port: number } | { failed: string }} AppReport
 */

/** @param {AppTask} task */
async function start({ subject, framework, place, ...options }) {
  const { store, close } = require(`./subjects/${subject}`).open(place);
  const listener = appOf(framework, { ...options, store, moveClock });
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.once('message', async () => {
    server.closeAllConnections();
    await close();
    // Whatever a store leaves open must not keep the process.
    process.exit();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { port };
}

/**
 * @param {AppTask['framework']} framework
 * @param {import('./lib/cost/pages').AppOptions} options
 */
function appOf(framework, options) {
  // Only the one that is wanted is loaded.
  if (framework === 'koa') return require('./lib/cost/koa-app').koaApp(options);
  return require('./lib/cost/express-app').expressApp(options);
}

/** @param {AppReport} report */
function send(report) {
  process.send?.(report);
}

process.once('disconnect', () => process.exit());
start(JSON.parse(process.argv[2])).then(send, (error) => {
  send({ failed: String(error?.stack) });
  process.disconnect();
});
