'use strict';

/** `app`: what a page of a real app costs its process, for visitors who are logged in. */

const { withApp } = require('../lib/app');
const { runLoad, startCanned } = require('../lib/servers');
const { DAY } = require('../lib/sessions');
const { login } = require('../lib/visitors');
const { comparedIn, mediansOf } = require('../report/rows');
const { STORE, hundredths, labelOf, whole } = require('../report/tables');
const { BASELINES, subjectOf } = require('../subjects');

/** @import { Bench, Mode, Row, Server, Subject, Table } from '../types' */

/** The apps without any store, whose pages the others are compared with. */
const WITHOUT = { express: 'no-session', koa: 'no-session-koa', shopify: '' };

/** The options of express-session and koa-session. */
const SETTINGS = { express: { resave: false }, koa: {}, shopify: {} };

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

/** The store without subscribers of its channels, and with them. */
const WATCHED = ['ours', 'ours-watched'];

/** @type {Mode} */
const app = {
  name: 'app',
  options: { visitors: [1, VISITORS] },
  runs: ({ visitors }) => visitors.map((/** @type {number} */ count) => ({ visitors: count })),
  async measure(bench, subject, { visitors }, { seconds, settle }) {
    const server = await serverOf(bench, subject);
    const task = {
      subject: subject.name,
      place: await bench.target(subject, { ids: 0, server }),
      setting: SETTINGS[subject.framework],
      cookie: DAY,
      sessionBytes: 1024,
      hasOwnClock: false,
    };
    try {
      return await withApp(task, async ({ endpoint, call }) => {
        const cookies = await login(endpoint, visitors, subject.format !== 'none');
        const clients = cookies.map((cookie) => ({ method: 'GET', headers: { cookie }, body: '' }));
        // One thread: the app has the other processors.
        await runLoad(endpoint, clients, { seconds: settle, threads: 1 });
        await call('begin');
        const pages = await runLoad(endpoint, clients, { seconds, threads: 1 });
        // What a page took, and not what the visitors took for it.
        return { ...pages, ...(await call('end')) };
      });
    } finally {
      await server.stop();
    }
  },
  tables(rows) {
    const counts = [...new Set(rows.map(({ visitors }) => visitors))];
    return [
      ...counts.map((visitors) => pageTable(rows, visitors)),
      marksTable(rows),
      eventsTable(rows, counts),
    ];
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

/** @param {Row} row */
function frameworkOf({ subject }) {
  return subjectOf(subject)?.framework ?? 'express';
}

/**
 * The medians of each app, with the microseconds that a page takes more than without a store.
 *
 * @param {Row[]} rows
 * @param {number} visitors
 * @returns {Row[]}
 */
function pageRows(rows, visitors) {
  const all = mediansOf(rows.filter((row) => row.mode === 'app' && row.visitors === visitors));
  return all.map((row) => {
    const bare = all.find(({ subject }) => subject === WITHOUT[frameworkOf(row)]);
    if (!bare || bare === row) return row;
    return { ...row, addedLoop: row.loop - bare.loop, addedCpu: row.cpu - bare.cpu };
  });
}

/**
 * @param {Row[]} measured
 * @param {number} visitors
 * @returns {Table}
 */
function pageTable(measured, visitors) {
  const rows = pageRows(measured, visitors);
  const who = visitors === 1 ? '1 visitor' : `${visitors} visitors`;
  return {
    title: `A page of an app, ${who}, sessions of 1 KB`,
    rows,
    columns: [
      STORE,
      { head: 'event loop µs/page', of: 'loop' },
      { head: 'added', of: 'addedLoop', better: 'less' },
      { head: 'CPU µs/page', of: 'cpu' },
      { head: 'added', of: 'addedCpu' },
      { head: 'pages/s', of: 'perSecond', format: whole },
      { head: 'p50 ms', of: 'p50', format: hundredths },
      { head: 'p99 ms', of: 'p99', format: hundredths },
    ],
    baselineOf: comparedIn(rows, [], (row) => BASELINES[frameworkOf(row)]),
  };
}

/**
 * @param {Row[]} measured
 * @returns {Table}
 */
function marksTable(measured) {
  const all = pageRows(measured, VISITORS);
  const rows = MARKS.flatMap(({ subject, other, more }) => {
    const [own, theirs] = [subject, other].map((name) => all.find((row) => row.subject === name));
    if (!own || !theirs) return [];
    const rule = more === 0 ? labelOf(other) : `${labelOf(other)} and ${more} µs`;
    const limit = theirs.loop + more;
    return [{ ...own, rule, limit, mark: own.loop <= limit ? 'met' : 'MISSED' }];
  });
  return {
    title: `A page of an app: the marks, ${VISITORS} visitors`,
    rows,
    columns: [
      STORE,
      { head: 'event loop µs/page', of: 'loop' },
      { head: 'at most that of', of: 'rule' },
      { head: 'µs/page', of: 'limit' },
      { head: 'mark', of: 'mark' },
    ],
  };
}

/**
 * What events cost: this package without subscribers, and with them.
 *
 * @param {Row[]} measured
 * @param {number[]} counts of visitors
 * @returns {Table}
 */
function eventsTable(measured, counts) {
  const rows = counts.flatMap((visitors) => {
    const all = pageRows(measured, visitors);
    const [without, watched] = WATCHED.map((name) => all.find(({ subject }) => subject === name));
    if (!without || !watched) return [];
    return [
      without,
      { ...watched, more: watched.loop - without.loop, moreCpu: watched.cpu - without.cpu },
    ];
  });
  return {
    title: 'A page of an app: events of calls and requests',
    rows,
    columns: [
      STORE,
      { head: 'visitors', of: 'visitors', format: whole },
      { head: 'events/page', of: 'events', format: hundredths },
      { head: 'event loop µs/page', of: 'loop' },
      { head: 'by subscribers', of: 'more' },
      { head: 'CPU µs/page', of: 'cpu' },
      { head: 'by subscribers', of: 'moreCpu' },
    ],
  };
}

module.exports = { VISITORS, app, pageRows };
