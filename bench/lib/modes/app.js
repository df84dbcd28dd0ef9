'use strict';

/** `app`: what a page of a real app costs its process, for visitors who are logged in. */

const { Agent } = require('node:http');
const { Browser } = require('../apps/browser');
const { startApp } = require('../apps/process');
const { TABLES } = require('../formats');
const { runLoad, startCanned } = require('../servers');

/** @import { Bench } from '../bench' */
/** @import { App } from '../apps/process' */
/** @import { Framework, Subject } from '../calls' */
/** @import { Server } from '../servers' */

const SESSION_BYTES = 1024;
/** The lifetime of the session's cookie, in milliseconds. */
const COOKIE = 24 * 3_600_000;

/** The settings of express-session and koa-session. */
const SETTINGS = { express: { resave: false }, koa: {} };

/**
 * What the pages of one app cost.
 *
 * @typedef {object} AppRow
 * @property {string} subject
 * @property {number} round
 * @property {number} visitors each has one request at a time
 * @property {number} pages
 * @property {number} pagesPerSecond
 * @property {number} loop microseconds of the event loop a page
 * @property {number} cpu microseconds a page, of all threads
 * @property {number} p50 milliseconds that a page took
 * @property {number} p99
 */

/** @param {Bench} bench */
async function app(bench) {
  for (const visitors of bench.options.visitors) {
    await bench.rounds(
      'app',
      (subject, round) => measure(bench, subject, { round, visitors }),
      visitorsText(visitors),
    );
  }
}

/**
 * @param {Bench} bench
 * @param {Subject} subject
 * @param {{ round: number, visitors: number }} run
 */
async function measure(bench, subject, { round, visitors }) {
  const server = await serverOf(bench, subject);
  if (!server) return bench.skip(subject, 'app', 'there is no redis-server');
  const framework = /** @type {Framework} */ (subject.framework);
  try {
    const started = await startApp({
      subject: subject.name,
      framework,
      place: { endpoint: server.endpoint, table: TABLES[subject.format]?.table ?? '' },
      setting: SETTINGS[framework],
      cookie: COOKIE,
      sessionBytes: SESSION_BYTES,
      hasOwnClock: false,
    });
    const viewed = await view(bench, started, visitors, subject);
    bench.results.apps.push({ subject: subject.name, round, visitors, ...viewed });
  } catch (error) {
    bench.note(subject, 'app', { failed: /** @type {Error} */ (error).message });
  } finally {
    await server.stop();
  }
}

/**
 * Where the sessions of one measurement are. Those of the canned server end a cookie's lifetime after
 * its start, as those of visitors who came a moment ago: a server that is used for longer would have
 * their touches written.
 *
 * @param {Bench} bench
 * @param {Subject} subject
 * @returns {Promise<Server | undefined>}
 */
async function serverOf(bench, { format }) {
  const stop = async () => {};
  if (format === 'none' || format === 'memory') return { endpoint: '', stop };
  if (format !== 'redis') {
    const expires = Math.floor((Date.now() + COOKIE) / 1000);
    return startCanned({ format, sessionBytes: SESSION_BYTES, expires });
  }
  const redis = await bench.server(format, {});
  return redis && { endpoint: redis.endpoint, stop };
}

/**
 * What the pages of a number of visitors cost. The app ends with it.
 *
 * @param {Bench} bench
 * @param {App} started
 * @param {number} visitors
 * @param {Subject} subject
 */
async function view(bench, { endpoint, begin, end, printed, stop }, visitors, { format }) {
  const { seconds } = bench.options;
  try {
    const cookies = await login(endpoint, visitors, format !== 'none');
    await runLoad(endpoint, cookies, bench.settle);
    begin();
    const { pages, pagesPerSecond, p50, p99 } = await runLoad(endpoint, cookies, seconds);
    const { requests, loop, cpu } = await end();
    return { pages, pagesPerSecond, p50, p99, loop: loop / requests, cpu: cpu / requests };
  } catch (error) {
    throw new Error(`${/** @type {Error} */ (error).message}\n${printed()}`);
  } finally {
    await stop();
  }
}

/**
 * Logs visitors in, each with a session of their own. Their cookies.
 *
 * @param {string} endpoint
 * @param {number} visitors
 * @param {boolean} hasSessions whether the app has any
 * @returns {Promise<string[]>}
 */
async function login(endpoint, visitors, hasSessions) {
  const agent = new Agent({ keepAlive: true });
  const cookies = [];
  try {
    for (let id = 1; id <= visitors; id += 1) {
      const browser = new Browser(endpoint, agent);
      if (hasSessions) await browser.open('POST', `/login/${id}`);
      const { user } = await browser.open('GET', '/');
      if ((user !== null) !== hasSessions) throw new Error(`a page knows user ${user}`);
      cookies.push(browser.cookie);
    }
  } finally {
    agent.destroy();
  }
  return cookies;
}

/** @param {number} visitors */
function visitorsText(visitors) {
  return visitors === 1 ? '1 visitor' : `${visitors} visitors`;
}

module.exports = { app, visitorsText };
