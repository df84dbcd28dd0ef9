'use strict';

/** `app`: what a page of a real app costs its process, for visitors who are logged in. */

const { Browser } = require('../lib/browser');
const { startApp } = require('../lib/processes');
const { runLoad, startCanned } = require('../lib/servers');
const { DAY } = require('../lib/sessions');
const tables = require('../report/tables');
const { BASELINES, subjectOf } = require('../subjects');

/** @import { Bench, Row } from '../lib/bench' */
/** @import { Server } from '../lib/servers' */
/** @import { Subject } from '../subjects' */

const { STORE, comparedIn, hundredths, labelOf, mediansOf, tableOf, whole } = tables;

/** The apps without any store, whose pages the others are compared with. */
const WITHOUT = { express: 'no-session', koa: 'no-session-koa' };

/** The options of express-session and koa-session. */
const SETTINGS = { express: { resave: false }, koa: {} };

/** How many visitors the marks, and the chart, are for. */
const VISITORS = 64;

/**
 * The marks: a store with at most the event-loop time that another one has in the same run, and so
 * many microseconds more.
 */
const MARKS = [
  { subject: 'ours', other: 'connect-redis', more: 0 },
  { subject: 'ours-touching', other: 'memory-store', more: 8 },
];

/** @type {import('../lib/bench').Mode} */
const app = {
  name: 'app',
  runs: ({ visitors }) => visitors.map((count) => ({ visitors: count })),
  async measure(bench, subject, { visitors }) {
    const server = await serverOf(bench, subject);
    try {
      const app = await startApp({
        subject: subject.name,
        place: await bench.target(subject, { ids: 0, server }),
        setting: SETTINGS[frameworkOf(subject.name)],
        cookie: DAY,
        sessionBytes: 1024,
        hasOwnClock: false,
      });
      return await view(bench, app, visitors, subject);
    } finally {
      await server.stop();
    }
  },
  tables(rows) {
    const counts = [...new Set(rows.map(({ visitors }) => visitors))];
    return [...counts.map((visitors) => pageTable(rows, visitors)), marksTable(rows)];
  },
};

/**
 * Where the sessions of one measurement are. Those of the canned server end a cookie's lifetime after
 * its start, as those of visitors who came a moment ago: a server that is used for longer would have
 * their touches written.
 *
 * @param {Bench} bench
 * @param {Subject} subject
 * @returns {Promise<Server>}
 */
async function serverOf(bench, { format }) {
  const stop = async () => {};
  if (format === 'none' || format === 'memory') return { endpoint: '', stop };
  if (format === 'redis') return { ...(await bench.server(format)), stop };
  return startCanned({ format, expires: Math.floor((Date.now() + DAY) / 1000) });
}

/**
 * Measures the pages of visitors. The app ends with it.
 *
 * @param {Bench} bench
 * @param {Awaited<ReturnType<typeof startApp>>} app
 * @param {number} visitors each has one request at a time
 * @param {Subject} subject
 * @returns `loop` and `cpu`: microseconds a page; `p50` and `p99`: milliseconds that a page took
 */
async function view({ options, settle }, app, visitors, { format }) {
  try {
    const cookies = await login(app.endpoint, visitors, format !== 'none');
    const clients = cookies.map((cookie) => ({ method: 'GET', headers: { cookie }, body: '' }));
    // One thread: the app has the other processors.
    await runLoad(app.endpoint, clients, { seconds: settle, threads: 1 });
    app.begin();
    const pages = await runLoad(app.endpoint, clients, { seconds: options.seconds, threads: 1 });
    const { requests, loop, cpu } = await app.end();
    return { ...pages, loop: loop / requests, cpu: cpu / requests };
  } catch (error) {
    throw new Error(`${/** @type {Error} */ (error).message}\n${app.printed()}`);
  } finally {
    await app.stop();
  }
}

/**
 * Logs visitors in, each with a session of their own, and returns their cookies.
 *
 * @param {string} endpoint
 * @param {number} visitors
 * @param {boolean} hasSessions whether the app has any
 */
async function login(endpoint, visitors, hasSessions) {
  const cookies = [];
  for (let id = 1; id <= visitors; id += 1) {
    const browser = new Browser(endpoint);
    if (hasSessions) await browser.open('POST', `/login/${id}`);
    const { user } = await browser.open('GET', '/');
    if ((user !== null) !== hasSessions) throw new Error(`a page knows user ${user}`);
    cookies.push(browser.cookie);
  }
  return cookies;
}

/** @param {string} subject */
function frameworkOf(subject) {
  return /** @type {'express' | 'koa'} */ (subjectOf(subject)?.framework);
}

/**
 * The medians of each app, with the microseconds that a page takes more than without a store.
 *
 * @param {Row[]} rows
 * @param {number} visitors
 * @returns {Row[]}
 */
function pageRows(rows, visitors) {
  const own = rows.filter((row) => row.mode === 'app' && row.visitors === visitors);
  const all = mediansOf(own, []);
  return all.map((row) => {
    const bare = all.find(({ subject }) => subject === WITHOUT[frameworkOf(row.subject)]);
    if (!bare || bare === row) return row;
    return { ...row, addedLoop: row.loop - bare.loop, addedCpu: row.cpu - bare.cpu };
  });
}

/**
 * @param {Row[]} rows
 * @param {number} visitors
 */
function pageTable(rows, visitors) {
  const all = pageRows(rows, visitors);
  const who = visitors === 1 ? '1 visitor' : `${visitors} visitors`;
  return tableOf(
    `A page of an app, ${who}, sessions of 1 KB`,
    all,
    [
      STORE,
      { head: 'event loop µs/page', of: 'loop' },
      { head: 'added', of: 'addedLoop', better: 'less' },
      { head: 'CPU µs/page', of: 'cpu' },
      { head: 'added', of: 'addedCpu' },
      { head: 'pages/s', of: 'perSecond', format: whole },
      { head: 'p50 ms', of: 'p50', format: hundredths },
      { head: 'p99 ms', of: 'p99', format: hundredths },
    ],
    comparedIn(all, [], ({ subject }) => BASELINES[frameworkOf(subject)]),
  );
}

/** @param {Row[]} rows */
function marksTable(rows) {
  const all = pageRows(rows, VISITORS);
  const marked = MARKS.flatMap(({ subject, other, more }) => {
    const [own, theirs] = [subject, other].map((name) => all.find((row) => row.subject === name));
    if (!own || !theirs) return [];
    const rule = more === 0 ? labelOf(other) : `${labelOf(other)} and ${more} µs`;
    const limit = theirs.loop + more;
    return [{ ...own, rule, limit, mark: own.loop <= limit ? 'met' : 'MISSED' }];
  });
  return tableOf(`A page of an app: the marks, ${VISITORS} visitors`, marked, [
    STORE,
    { head: 'event loop µs/page', of: 'loop' },
    { head: 'at most that of', of: 'rule' },
    { head: 'µs/page', of: 'limit' },
    { head: 'mark', of: 'mark' },
  ]);
}

module.exports = { VISITORS, app, pageRows };
