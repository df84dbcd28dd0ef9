'use strict';

/** `cost`: the capacity units that a browsing session takes, with a real app and DynamoDB Local. */

const dynamodbLocal = require('../../../scripts/dynamodb-local');
const { startApp } = require('../apps/process');
const { Meter } = require('../cost/meter');
const { VIEWS, browse } = require('../cost/trace');
const { TABLES } = require('../formats');
const { progress } = require('../progress');
const { createTables } = require('../tables');

/** @import { Bench } from '../bench' */
/** @import { App } from '../apps/process' */
/** @import { Framework, Subject } from '../calls' */
/** @import { Counts } from '../cost/meter' */

const USERS = 40;
const QUICK_USERS = 4;

/** Milliseconds. */
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The lifetimes of the session's cookie. */
const COOKIES = [HOUR, DAY];

/** How long a session is as JSON, with all that its framework keeps in it. */
const SESSION_BYTES = [1000, 3500];

/**
 * @typedef {object} Setting
 * @property {string} name
 * @property {object} options of express-session or koa-session
 */

/** @type {Record<Framework, readonly Setting[]>} */
const SETTINGS = {
  express: [
    { name: 'resave: false', options: { resave: false } },
    { name: 'resave: true', options: { resave: true } },
    { name: 'rolling: true', options: { resave: false, rolling: true } },
  ],
  koa: [
    { name: 'defaults', options: {} },
    { name: 'rolling: true', options: { rolling: true } },
  ],
};

/**
 * What browsing with one store and one setting took.
 *
 * @typedef {Omit<Counts, 'problems'> & Run & { subject: string, framework: Framework,
 *   users: number, views: number }} CostRow `views`: of all users
 *
 * @typedef {object} Run
 * @property {string} setting the name of it
 * @property {number} cookie the lifetime of the session's cookie, in milliseconds
 * @property {number} sessionBytes
 */

/** @param {Bench} bench */
async function cost(bench) {
  const local = await dynamodbLocal.start();
  const meter = new Meter(local.endpoint);
  try {
    await createTables(local.endpoint);
    await meter.start();
    for (const framework of /** @type {Framework[]} */ (Object.keys(SETTINGS))) {
      const subjects = bench.subjectsOf('cost').filter((each) => each.framework === framework);
      for (const run of runsOf(framework)) {
        for (const subject of subjects) {
          progress(`cost, ${framework}, ${runText(run)}`, subject.name);
          await measure(bench, meter, subject, run);
        }
      }
    }
  } finally {
    await meter.stop();
    await local.stop();
  }
}

/** @param {Framework} framework */
function runsOf(framework) {
  return SETTINGS[framework].flatMap(({ name: setting, options }) =>
    COOKIES.flatMap((cookie) =>
      SESSION_BYTES.map((sessionBytes) => ({ setting, options, cookie, sessionBytes })),
    ),
  );
}

/**
 * @param {Bench} bench
 * @param {Meter} meter
 * @param {Subject} subject
 * @param {Run & { options: object }} run
 */
async function measure(bench, meter, subject, { options, ...run }) {
  const users = bench.options.quick ? QUICK_USERS : USERS;
  const framework = /** @type {Framework} */ (subject.framework);
  // A run that failed may have left something.
  meter.take();
  try {
    const app = await startApp({
      subject: subject.name,
      framework,
      place: { endpoint: meter.endpoint, table: TABLES[subject.format].table },
      setting: options,
      cookie: run.cookie,
      sessionBytes: run.sessionBytes,
      hasOwnClock: true,
    });
    const counts = await browsed(app, meter, users);
    const row = { subject: subject.name, framework, users, views: users * VIEWS };
    bench.results.costs.push({ ...row, ...run, ...counts });
  } catch (error) {
    const failed = `${runText(run)}: ${/** @type {Error} */ (error).message}`;
    bench.note(subject, 'cost', { failed });
  }
}

/**
 * What the browsing of users takes. The app ends with it.
 *
 * @param {App} app
 * @param {Meter} meter
 * @param {number} users
 * @throws {Error} if a page is wrong, or something cannot be counted
 */
async function browsed(app, meter, users) {
  /** @type {Counts | undefined} */
  let counts;
  const failures = [];
  try {
    await browse(app.endpoint, { users }, () => {
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
  const { problems: _, ...units } = counts;
  return units;
}

/** @param {Run} run */
function runText({ setting, cookie, sessionBytes }) {
  return `${setting}, ${cookieText(cookie)}, ${kilobytes(sessionBytes)}`;
}

/** @param {number} cookie milliseconds */
function cookieText(cookie) {
  return cookie === HOUR ? 'cookie of an hour' : 'cookie of a day';
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return `${bytes / 1000} KB`;
}

module.exports = { DAY, HOUR, cookieText, cost, kilobytes };
