'use strict';

/** `cost`: the capacity units that a browsing session takes, with a real app and DynamoDB Local. */

const { Meter, OPERATIONS } = require('../lib/meter');
const { startApp } = require('../lib/processes');
const { DAY } = require('../lib/sessions');
const { VIEWS, browse } = require('../lib/visitors');
const tables = require('../report/tables');
const { BASELINES } = require('../subjects');

/** @import { Row, Run } from '../lib/bench' */
/** @import { Counts } from '../lib/meter' */

const { STORE, comparedIn, groupsOf, hundredths, labelOf, tableOf, whole } = tables;

const USERS = 40;
const QUICK_USERS = 4;

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

/** @type {import('../lib/bench').Mode} */
const cost = {
  name: 'cost',
  once: true,
  runs: () =>
    Object.entries(SETTINGS).flatMap(([framework, settings]) =>
      Object.keys(settings).flatMap((setting) =>
        COOKIES.flatMap((cookie) =>
          SESSION_BYTES.map((sessionBytes) => ({ framework, setting, cookie, sessionBytes })),
        ),
      ),
    ),
  async measure(bench, subject, { framework, setting, cookie, sessionBytes }) {
    const users = bench.options.quick ? QUICK_USERS : USERS;
    const meter = new Meter((await bench.local()).endpoint);
    const server = await meter.start();
    try {
      const app = await startApp({
        subject: subject.name,
        place: await bench.target(subject, { ids: 0, server }),
        setting: SETTINGS[framework][setting],
        cookie,
        sessionBytes,
        hasOwnClock: true,
      });
      return { users, ...(await browsed(app, meter, users)) };
    } finally {
      await server.stop();
    }
  },
  tables: (rows) => [
    ...['express', 'koa'].flatMap((framework) =>
      COOKIES.map((cookie) => unitsTable(rows, { framework, cookie })),
    ),
    dollarsTable(rows),
  ],
};

/**
 * Counts what the browsing of users takes. The app ends with it.
 *
 * @param {Awaited<ReturnType<typeof startApp>>} app
 * @param {Meter} meter
 * @param {number} users
 * @throws {Error} if a page is wrong, or something cannot be counted
 */
async function browsed(app, meter, users) {
  /** @type {Counts | undefined} */
  let counts;
  const failures = [];
  try {
    await browse(app.endpoint, users, () => {
      counts = meter.take();
    });
  } catch (error) {
    failures.push(/** @type {Error} */ (error).message, app.printed());
  } finally {
    await app.stop();
  }
  const late = meter.take();
  if (late.writeUnits > 0) failures.push(`${late.writeUnits} write units after the logouts`);
  failures.push(...(counts?.problems ?? []), ...late.problems);
  if (!counts || failures.length > 0) throw new Error(failures.join('\n'));
  return counts;
}

/** @param {number} cookie milliseconds */
function cookieText(cookie) {
  return cookie === HOUR ? 'cookie of an hour' : 'cookie of a day';
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return `${bytes / 1000} KB`;
}

/**
 * @param {Row[]} rows
 * @param {Run} run
 */
function unitsTable(rows, { framework, cookie }) {
  const wanted = rows
    .filter((row) => row.framework === framework && row.cookie === cookie)
    .sort((a, b) => a.sessionBytes - b.sessionBytes);
  const baseline = BASELINES[/** @type {keyof typeof BASELINES} */ (framework)];
  const baselineOf = comparedIn(wanted, ['setting', 'sessionBytes'], () => baseline);
  const title =
    `Capacity units, ${TITLES[/** @type {keyof typeof TITLES} */ (framework)]}: ` +
    `${wanted[0]?.users} users, ${VIEWS} views each, a ${cookieText(cookie)}; ` +
    `ratios are to ${labelOf(baseline)}`;
  const requests = (/** @type {Row} */ row) =>
    OPERATIONS.filter((name) => row.requests[name])
      .map((name) => `${whole(row.requests[name])} ${name}`)
      .join(', ');
  return tableOf(
    title,
    wanted,
    [
      STORE,
      { head: 'setting', of: 'setting' },
      { head: 'session', of: ({ sessionBytes }) => kilobytes(sessionBytes) },
      { head: 'write units', of: 'writeUnits', format: whole, better: 'less' },
      { head: 'read units', of: 'readUnits', format: whole, better: 'less' },
      { head: 'requests', of: requests },
      { head: 'refused', of: 'refused', format: whole },
      { head: 'mark', of: (row) => markText(row, baselineOf(row)) },
    ],
    baselineOf,
  );
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
 * @param {Row[]} rows
 */
function dollarsTable(rows) {
  const lines = groupsOf(rows, ['framework', 'setting']);
  const price = (/** @type {Row | undefined} */ row) =>
    row && (row.writeUnits * PRICES.write + row.readUnits * PRICES.read) / (row.users * VIEWS);
  const { region, since, write, read } = PRICES;
  const title =
    `A million page views in US dollars, on demand in ${region} since ${since}: $${write} for a ` +
    `million write units and $${read} for a million read units`;
  const kinds = COOKIES.flatMap((cookie) =>
    SESSION_BYTES.map((sessionBytes) => ({
      head: `$: ${kilobytes(sessionBytes)}, ${cookieText(cookie)}`,
      of: (/** @type {Row} */ { line }) =>
        price(
          line.find(
            (/** @type {Row} */ row) => row.cookie === cookie && row.sessionBytes === sessionBytes,
          ),
        ),
      format: hundredths,
    })),
  );
  const setting = { head: 'setting', of: 'setting' };
  const firsts = lines.map((line) => ({ ...line[0], line }));
  return tableOf(title, firsts, [STORE, setting, ...kinds]);
}

module.exports = { cost };
