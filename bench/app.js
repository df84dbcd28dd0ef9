'use strict';

/**
 * An app that is measured, in a process of its own. It sends the port that it listens on to the
 * process that started it, does what that asks for, and ends with it.
 */

/** @type {AppTask} */
const task = JSON.parse(process.argv[2]);
// First: it replaces the clock.
const moveClock = task.hasOwnClock ? require('./lib/cost/clock').moveClock : undefined;
const { once } = require('node:events');
const { createServer } = require('node:http');
const { startMeasuring } = require('./lib/use');

/**
 * @typedef {object} AppTask
 * @property {string} subject the name of a file in `subjects/`
 * @property {import('./lib/calls').Framework} framework
 * @property {import('./lib/calls').Place} place
 * @property {object} setting further options of express-session or koa-session
 * @property {number} cookie the lifetime of the session's cookie, in milliseconds
 * @property {number} sessionBytes how long a session is as JSON, at its login
 * @property {boolean} hasOwnClock whether each request says what time it is; the real one is slower
 *   then
 *
 * @typedef {'begin' | 'end' | 'stop'} AppCommand begins measuring; answers with an `AppUse`; ends
 *
 * @typedef {object} AppUse what the requests took since `begin`
 * @property {number} requests
 * @property {number} loop microseconds that the event loop was busy
 * @property {number} cpu microseconds, of all threads
 *
 * @typedef {{ port: number } | { failed: string }} AppReport
 */

async function start() {
  const { subject, framework, place, ...options } = task;
  const { store, close } = await require(`./subjects/${subject}`).open(place);
  const listener = appOf(framework, { ...options, store, moveClock });
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  let requests = 0;
  let use = startMeasuring();
  server.on('request', () => {
    requests += 1;
  });
  process.on('message', async (/** @type {AppCommand} */ command) => {
    if (command === 'begin') {
      requests = 0;
      use = startMeasuring();
    }
    if (command === 'end') process.send?.({ requests, ...use() });
    if (command !== 'stop') return;
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
 * @param {import('./lib/apps/pages').AppOptions} options
 */
function appOf(framework, options) {
  // Only the one that is wanted is loaded.
  if (framework === 'koa') return require('./lib/apps/koa').koaApp(options);
  return require('./lib/apps/express').expressApp(options);
}

/** @param {AppReport} report */
function send(report) {
  process.send?.(report);
}

process.once('disconnect', () => process.exit());
start().then(send, (error) => {
  send({ failed: String(error?.stack) });
  process.disconnect();
});
