'use strict';

/** The tables of `cost`. */

const { BASELINES, subjects } = require('../subjects');
const { NONE, dollars, labelOf, timesText, whole } = require('./cells');
const { DAY, HOUR, cookieText, kilobytes } = require('./modes/cost');

/** @import { Results } from './bench' */
/** @import { Framework } from './calls' */
/** @import { Section } from './cells' */
/** @import { CostRow } from './modes/cost' */

/** On-demand prices of DynamoDB's Standard table class, in US dollars for a million units. */
const PRICES = { region: 'us-east-1', since: 'November 2024', write: 0.625, read: 0.125 };

const TITLES = { express: 'Express with express-session', koa: 'Koa with koa-session' };

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

/** The operations, in the order in which they are told. */
const OPERATIONS = [
  'GetItem',
  'BatchGetItem',
  'Query',
  'Scan',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'BatchWriteItem',
];

/**
 * @param {Results} results
 * @returns {Section[]}
 */
function costSections({ costs }) {
  const found = frameworksOf(costs);
  return [
    ...found.flatMap((framework) =>
      [...new Set(costs.map(({ cookie }) => cookie))].map((cookie) =>
        unitsSection(costs, framework, cookie),
      ),
    ),
    dollarsSection(costs),
  ];
}

/** @param {CostRow[]} costs */
function frameworksOf(costs) {
  return [...new Set(costs.map(({ framework }) => framework))];
}

/**
 * @param {CostRow[]} costs
 * @param {Framework} framework
 * @param {number} cookie
 * @returns {Section}
 */
function unitsSection(costs, framework, cookie) {
  const wanted = costs
    .filter((row) => row.framework === framework && row.cookie === cookie)
    .sort((a, b) => a.sessionBytes - b.sessionBytes);
  const rows = wanted.map((row) => {
    const base = baseOf(costs, row);
    return [
      labelOf(row.subject),
      row.setting,
      kilobytes(row.sessionBytes),
      whole(row.writeUnits),
      ratio(row, base, 'writeUnits'),
      whole(row.readUnits),
      ratio(row, base, 'readUnits'),
      requestsText(row.requests),
      whole(row.refused),
      markText(row, base),
    ];
  });
  const head = [
    'store',
    'setting',
    'session',
    'write units',
    'ratio',
    'read units',
    'ratio',
    'requests',
    'refused',
    'mark',
  ];
  const { users, views } = wanted[0] ?? { users: 0, views: 0 };
  const trace = `${users} users, ${views / users} views each, a ${cookieText(cookie)}`;
  const ratios = `ratios are to ${labelOf(BASELINES[framework])}`;
  return { title: `Capacity units, ${TITLES[framework]}: ${trace}; ${ratios}`, head, rows };
}

/**
 * The row of the store that is compared with; nothing where it was not measured.
 *
 * @param {CostRow[]} costs
 * @param {CostRow} row
 */
function baseOf(costs, { framework, setting, cookie, sessionBytes }) {
  return costs.find(
    (each) =>
      each.subject === BASELINES[framework] &&
      each.setting === setting &&
      each.cookie === cookie &&
      each.sessionBytes === sessionBytes,
  );
}

/**
 * How many times fewer units than the store that is compared with.
 *
 * @param {CostRow} row
 * @param {CostRow | undefined} base
 * @param {'writeUnits' | 'readUnits'} units
 */
function ratio(row, base, units) {
  if (!base || base === row) return NONE;
  return timesText(base[units] / row[units]);
}

/** @param {CostRow['requests']} requests */
function requestsText(requests) {
  return OPERATIONS.filter((name) => requests[name])
    .map((name) => `${whole(requests[name])} ${name}`)
    .join(', ');
}

/**
 * @param {CostRow} row
 * @param {CostRow | undefined} base
 */
function markText(row, base) {
  const share = MARKS.shares.get(row.cookie);
  const marked = row.subject === MARKS.subject && MARKS.settings.includes(row.setting);
  if (!marked || !base || share === undefined) return NONE;
  const missed = [
    row.writeUnits > base.writeUnits * share && `writes above 1/${1 / share}`,
    row.readUnits > base.readUnits && 'more reads',
  ].filter(Boolean);
  return missed.length === 0 ? 'met' : `MISSED: ${missed.join(', ')}`;
}

/**
 * What a million page views cost, the logins and logouts of their users included.
 *
 * @param {CostRow[]} costs
 * @returns {Section}
 */
function dollarsSection(costs) {
  const kinds = unique(costs, ({ cookie, sessionBytes }) => ({ cookie, sessionBytes }));
  const lines = unique(costs, ({ framework, setting, subject }) => ({
    framework,
    setting,
    subject,
  }));
  const order = subjects.map(({ name }) => name);
  lines.sort((a, b) => order.indexOf(a.subject) - order.indexOf(b.subject));
  const rows = lines.map((line) => [
    labelOf(line.subject),
    line.setting,
    ...kinds.map((kind) => dollars(priceOf(costs.find((row) => matches(row, line, kind))))),
  ]);
  const head = [
    'store',
    'setting',
    ...kinds.map(
      ({ cookie, sessionBytes }) => `$: ${kilobytes(sessionBytes)}, ${cookieText(cookie)}`,
    ),
  ];
  const { region, since, write, read } = PRICES;
  const prices = `$${write} for a million write units and $${read} for a million read units`;
  const title = `A million page views in US dollars, on demand in ${region} since ${since}`;
  return { title: `${title}: ${prices}`, head, rows };
}

/**
 * @template T
 * @param {CostRow[]} costs
 * @param {(row: CostRow) => T} of
 */
function unique(costs, of) {
  return [...new Map(costs.map((row) => [JSON.stringify(of(row)), of(row)])).values()];
}

/**
 * @param {CostRow} row
 * @param {Partial<CostRow>[]} wanted
 */
function matches(row, ...wanted) {
  const all = /** @type {[keyof CostRow, unknown][]} */ (
    Object.entries(Object.assign({}, ...wanted))
  );
  return all.every(([name, value]) => row[name] === value);
}

/** @param {CostRow | undefined} row */
function priceOf(row) {
  if (!row) return null;
  return (row.writeUnits * PRICES.write + row.readUnits * PRICES.read) / row.views;
}

module.exports = { costSections };
