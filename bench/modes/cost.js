'use strict';

/** `cost`: the capacity units that a browsing session takes, with a real app and DynamoDB Local. */

const { withApp } = require('../lib/app');
const { OPERATIONS, startMeter } = require('../lib/meter');
const { DAY } = require('../lib/sessions');
const { VIEWS, browse } = require('../lib/visitors');
const { comparedIn, groupsOf } = require('../report/rows');
const { STORE, hundredths, labelOf, whole } = require('../report/tables');
const { BASELINES } = require('../subjects');

/** @import { Mode, Row, Run, Table } from '../types' */

/** The lifetimes of the session's cookie, in milliseconds. */
const HOUR = DAY / 24;
const COOKIES = [HOUR, DAY];

/** How long a session is as JSON, with all that its framework keeps in it. */
const SESSION_BYTES = [1000, 3500];

/** The options of express-session and koa-session that decide about writes. */
const SETTINGS = /** @type {Record<string, Record<string, object>>} */ ({
  express: {
    'resave: false': { resave: false },
    'resave: true': { resave: true },
    'rolling: true': { resave: false, rolling: true },
  },
  koa: { defaults: {}, 'rolling: true': { rolling: true } },
});

const TITLES = { express: 'Express with express-session', koa: 'Koa with koa-session' };

/** On-demand prices of DynamoDB's Standard table class, in US dollars for a million units. */
const PRICES = { region: 'us-east-1', since: 'November 2024', write: 0.625, read: 0.125 };

/**
 * The mark: at most this share of the write units of the store that is compared with, and no more
 * read units.
 */
const MARKS = {
  subject: 'ours',
  settings: ['resave: false', 'resave: true'],
  shares: new Map([
    [HOUR, 1 / 4],
    [DAY, 1 / 10],
  ]),
};

/** @type {Mode} */
const cost = {
  name: 'cost',
  once: true,
  options: { users: 40 },
  quick: { users: 4 },
  runs: () =>
    Object.entries(SETTINGS).flatMap(([framework, settings]) =>
      Object.keys(settings).flatMap((setting) =>
        COOKIES.flatMap((cookie) =>
          SESSION_BYTES.map((sessionBytes) => ({ framework, setting, cookie, sessionBytes })),
        ),
      ),
    ),
  async measure(bench, subject, { framework, setting, cookie, sessionBytes }, { users }) {
    const meter = await startMeter((await bench.local()).endpoint);
    const place = await bench.target(subject, { ids: 0, server: meter });
    const app = { subject: subject.name, place, setting: SETTINGS[framework][setting] };
    const task = { ...app, cookie, sessionBytes, hasOwnClock: true };
    try {
      /** @type {string[]} */
      const problems = [];
      let counts = meter.take();
      const ended = () => {
        counts = meter.take();
      };
      await withApp(task, ({ endpoint }) => browse(endpoint, users, ended)).catch((error) =>
        problems.push(error.message),
      );
      const late = meter.take();
      problems.push(...counts.problems, ...late.problems);
      if (late.writeUnits > 0) problems.push(`${late.writeUnits} write units after the logouts`);
      if (problems.length > 0) throw new Error(problems.join('\n'));
      return { users, ...counts };
    } finally {
      await meter.stop();
    }
  },
  tables: (rows) => [
    ...['express', 'koa'].flatMap((framework) =>
      COOKIES.map((cookie) => unitsTable(rows, { framework, cookie })),
    ),
    dollarsTable(rows),
  ],
};

/** @param {number} cookie milliseconds */
function cookieText(cookie) {
  return cookie === HOUR ? 'cookie of an hour' : 'cookie of a day';
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return `${bytes / 1000} KB`;
}

/** @param {Row} row */
function requestsText({ requests }) {
  const made = OPERATIONS.filter((name) => requests[name]);
  return made.map((name) => `${whole(requests[name])} ${name}`).join(', ');
}

/**
 * @param {Row[]} measured
 * @param {Run} run
 * @returns {Table}
 */
function unitsTable(measured, { framework, cookie }) {
  const rows = measured
    .filter((row) => row.framework === framework && row.cookie === cookie)
    .sort((a, b) => a.sessionBytes - b.sessionBytes);
  const baseline = BASELINES[/** @type {keyof typeof BASELINES} */ (framework)];
  const baselineOf = comparedIn(rows, ['setting', 'sessionBytes'], () => baseline);
  return {
    title:
      `Capacity units, ${TITLES[/** @type {keyof typeof TITLES} */ (framework)]}: ` +
      `${rows[0]?.users} users, ${VIEWS} views each, a ${cookieText(cookie)}; ` +
      `ratios are to ${labelOf(baseline)}`,
    rows,
    columns: [
      STORE,
      { head: 'setting', of: 'setting' },
      { head: 'session', of: ({ sessionBytes }) => kilobytes(sessionBytes) },
      { head: 'write units', of: 'writeUnits', format: whole, better: 'less' },
      { head: 'read units', of: 'readUnits', format: whole, better: 'less' },
      { head: 'requests', of: requestsText },
      { head: 'refused', of: 'refused', format: whole },
      { head: 'mark', of: (row) => markText(row, baselineOf(row)) },
    ],
    baselineOf,
  };
}

/**
 * @param {Row} row
 * @param {Row | undefined} base the row that is compared with
 */
function markText(row, base) {
  const share = MARKS.shares.get(row.cookie);
  const isMarked = row.subject === MARKS.subject && MARKS.settings.includes(row.setting);
  if (!isMarked || !base || share === undefined) return null;
  const missed = [
    row.writeUnits > base.writeUnits * share && `writes above 1/${1 / share}`,
    row.readUnits > base.readUnits && 'more reads',
  ].filter(Boolean);
  return missed.length === 0 ? 'met' : `MISSED: ${missed.join(', ')}`;
}

/**
 * The dollars for a million page views, the logins and logouts of their users included.
 *
 * @param {Row[]} measured
 * @returns {Table}
 */
function dollarsTable(measured) {
  const { region, since, write, read } = PRICES;
  /** @param {Row} row */
  const price = ({ writeUnits, readUnits, users }) =>
    (writeUnits * write + readUnits * read) / (users * VIEWS);
  const kinds = COOKIES.flatMap((cookie) =>
    SESSION_BYTES.map((bytes) => ({
      head: `$: ${kilobytes(bytes)}, ${cookieText(cookie)}`,
      of: (/** @type {Row} */ { prices }) => prices[`${bytes} ${cookie}`],
      format: hundredths,
    })),
  );
  return {
    title:
      `A million page views in US dollars, on demand in ${region} since ${since}: $${write} for a ` +
      `million write units and $${read} for a million read units`,
    rows: groupsOf(measured, ['framework', 'setting']).map((line) => ({
      ...line[0],
      prices: Object.fromEntries(
        line.map((row) => [`${row.sessionBytes} ${row.cookie}`, price(row)]),
      ),
    })),
    columns: [STORE, { head: 'setting', of: 'setting' }, ...kinds],
  };
}

module.exports = { cost };
