'use strict';

/** The tables of `app`. */

const { BASELINES, subjects } = require('../subjects');
const { NONE, fine, labelOf, timesText, whole } = require('./cells');
const { visitorsText } = require('./modes/app');
const { medians } = require('./stats');

/** @import { Results } from './bench' */
/** @import { Section } from './cells' */

/** The app of each framework without any store, whose pages the others are compared with. */
const WITHOUT = { express: 'no-session', koa: 'no-session-koa' };

const METRICS = /** @type {const} */ (['pagesPerSecond', 'loop', 'cpu', 'p50', 'p99']);

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

/**
 * The medians of one app.
 *
 * @typedef {object} AppSummary
 * @property {string} subject
 * @property {Record<(typeof METRICS)[number], any>} values numbers
 * @property {{ loop: number, cpu: number } | undefined} added microseconds more than without a store
 */

/**
 * In the order of the subjects.
 *
 * @param {Results} results
 * @param {number} visitors
 * @returns {AppSummary[]}
 */
function appSummaries({ apps }, visitors) {
  const valuesOf = (/** @type {string} */ subject) =>
    medians(
      apps.filter((row) => row.subject === subject && row.visitors === visitors),
      METRICS,
    );
  return subjects.flatMap(({ name, framework }) => {
    const values = /** @type {any} */ (valuesOf(name));
    if (!framework || !values) return [];
    const bare = WITHOUT[framework];
    const base = /** @type {any} */ (name === bare ? undefined : valuesOf(bare));
    const added = base && { loop: values.loop - base.loop, cpu: values.cpu - base.cpu };
    return [{ subject: name, values, added }];
  });
}

/**
 * @param {Results} results
 * @returns {Section[]}
 */
function appSections(results) {
  const visitors = [...new Set(results.apps.map((row) => row.visitors))];
  return [...visitors.map((count) => pageSection(results, count)), marksSection(results)];
}

/**
 * @param {Results} results
 * @param {number} visitors
 * @returns {Section}
 */
function pageSection(results, visitors) {
  const all = appSummaries(results, visitors);
  const rows = all.map(({ subject, values, added }) => [
    labelOf(subject),
    fine(values.loop),
    added ? fine(added.loop) : NONE,
    ratioText(all, subject),
    fine(values.cpu),
    added ? fine(added.cpu) : NONE,
    whole(values.pagesPerSecond),
    values.p50.toFixed(2),
    values.p99.toFixed(2),
  ]);
  const head = [
    'store',
    'event loop µs/page',
    'added',
    'ratio',
    'CPU µs/page',
    'added',
    'pages/s',
    'p50 ms',
    'p99 ms',
  ];
  const title = `A page of an app, ${visitorsText(visitors)}, sessions of 1 KB`;
  return { title, head, rows };
}

/**
 * How many times less a store adds to a page than the one that it is compared with.
 *
 * @param {AppSummary[]} all
 * @param {string} name
 */
function ratioText(all, name) {
  const framework = subjects.find((subject) => subject.name === name)?.framework;
  const replaced = framework && BASELINES[framework];
  const added = (/** @type {string | undefined} */ wanted) =>
    all.find(({ subject }) => subject === wanted)?.added?.loop;
  const [own, theirs] = [added(name), added(replaced)];
  return name === replaced || !own || !theirs ? NONE : timesText(theirs / own);
}

/**
 * @param {Results} results
 * @returns {Section}
 */
function marksSection(results) {
  const all = appSummaries(results, VISITORS);
  const loop = (/** @type {string} */ wanted) =>
    all.find((each) => each.subject === wanted)?.values.loop;
  const rows = MARKS.flatMap(({ subject, other, more }) => {
    const [own, theirs] = [loop(subject), loop(other)];
    if (own === undefined || theirs === undefined) return [];
    const limit = theirs + more;
    const rule = more === 0 ? labelOf(other) : `${labelOf(other)} and ${more} µs`;
    return [[labelOf(subject), fine(own), rule, fine(limit), own <= limit ? 'met' : 'MISSED']];
  });
  const head = ['store', 'event loop µs/page', 'at most that of', 'µs/page', 'mark'];
  return { title: `A page of an app: the marks, ${visitorsText(VISITORS)}`, head, rows };
}

module.exports = { VISITORS, appSections, appSummaries };
