'use strict';

/** Tables of measurements, as Markdown. */

const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { median } = require('../lib/stats');
const { BASELINE, subjectOf, subjects } = require('../subjects');

/** @import { Results, Row } from '../lib/bench' */

/**
 * @typedef {{ title: string, head: string[], rows: string[][], isText: boolean[] }} Table `isText`:
 *   which columns have text in them, and no numbers
 *
 * @typedef {object} Column
 * @property {string} head
 * @property {string | ((row: Row) => string | number | null | undefined)} of the cell of a row, or the
 *   name of a property of the row
 * @property {(value: number) => string} [format] of a number
 * @property {'more' | 'less'} [better] with it, a column follows with how many times better the row is
 *   than the baseline
 */

const NONE = '–';
const BEGIN = '<!-- results -->';
const END = '<!-- /results -->';

/** @param {string} name of a subject */
function labelOf(name) {
  return subjectOf(name)?.label ?? name;
}

/** @param {number} value */
function whole(value) {
  return Math.round(value).toLocaleString('en-US');
}

/** @param {number} value */
function fine(value) {
  return value < 100 ? value.toFixed(1) : whole(value);
}

/** @param {number} value */
function hundredths(value) {
  return value.toFixed(2);
}

/** @type {Column} */
const STORE = { head: 'store', of: ({ subject }) => labelOf(subject) };

/**
 * @param {string} title
 * @param {Row[]} rows
 * @param {Column[]} columns
 * @param {(row: Row) => Row | undefined} [baselineOf] the row that a row is compared with
 * @returns {Table}
 */
function tableOf(title, rows, columns, baselineOf = () => undefined) {
  const cellOf = (/** @type {Row} */ row, /** @type {Column} */ { of }) =>
    typeof of === 'string' ? row[of] : of(row);
  const cellsOf = (/** @type {Row} */ row) =>
    columns.flatMap((column) => {
      const { format = fine, better } = column;
      const value = cellOf(row, column);
      const cell = typeof value === 'number' ? format(value) : (value ?? NONE);
      if (!better) return [cell];
      const baseline = baselineOf(row);
      const other = baseline && baseline !== row && cellOf(baseline, column);
      if (!other || !value) return [cell, NONE];
      const ratio = better === 'more' ? value / other : other / value;
      return [cell, `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio)}×`];
    });
  const isText = (/** @type {Column} */ column) =>
    rows.some((row) => typeof cellOf(row, column) === 'string');
  return {
    title,
    head: columns.flatMap(({ head, better }) => (better ? [head, 'ratio'] : [head])),
    rows: rows.map(cellsOf),
    isText: columns.flatMap((column) => (column.better ? [false, false] : [isText(column)])),
  };
}

/**
 * Finds the row of the baseline with the same conditions.
 *
 * @param {Row[]} rows
 * @param {string[]} same the names of the conditions
 * @param {(row: Row) => string | undefined} [nameOf] the baseline of a row
 */
function comparedIn(rows, same, nameOf = () => BASELINE) {
  return (/** @type {Row} */ row) => {
    const name = nameOf(row);
    return rows.find(
      (each) =>
        each.subject === name && same.every((condition) => each[condition] === row[condition]),
    );
  };
}

/**
 * The rows that have the same subject and conditions together, in the order of the subjects.
 *
 * @param {readonly Row[]} rows
 * @param {string[]} conditions their names
 */
function groupsOf(rows, conditions) {
  /** @type {Map<string, Row[]>} */
  const found = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.subject, ...conditions.map((name) => row[name])]);
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  const order = subjects.map(({ name }) => name);
  return [...found.values()].sort(
    ([a], [b]) => order.indexOf(a.subject) - order.indexOf(b.subject),
  );
}

/**
 * The medians of what was measured in several rounds.
 *
 * @param {readonly Row[]} rows with the same subject and conditions
 */
function medianOf(rows) {
  const names = Object.keys(rows[0]);
  const values = names.map((name) => {
    const numbers = rows.map((row) => row[name]).filter((value) => typeof value === 'number');
    return [name, numbers.length > 0 ? median(numbers) : rows[0][name]];
  });
  return /** @type {Row} */ (Object.fromEntries(values));
}

/**
 * @param {readonly Row[]} rows
 * @param {string[]} conditions
 */
function mediansOf(rows, conditions) {
  return groupsOf(rows, conditions).map(medianOf);
}

/**
 * Calls that were counted in several rounds: medians, but the sums of `count` and `failures`, and the
 * highest `connections`.
 *
 * @param {readonly Row[]} rows with the same subject and conditions
 * @returns {Row}
 */
function totalOf(rows) {
  /** @type {import('../lib/calls').Failures} */
  const failures = {};
  for (const [code, count] of rows.flatMap((row) => Object.entries(row.failures))) {
    failures[code] = (failures[code] ?? 0) + count;
  }
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  const connections = Math.max(...rows.map((row) => row.connections));
  return { ...medianOf(rows), count, failures, connections };
}

/**
 * @param {Results} results
 * @param {import('../lib/bench').Options} options
 */
function tablesOf({ rows, skipped, failed }, options) {
  const tables = options.modes.flatMap((mode) => {
    const own = rows.filter((row) => row.mode === mode.name);
    return own.length > 0 ? mode.tables(own, options) : [];
  });
  const left = [
    ...skipped.map((each) => ({ ...each, round: 1, why: `skipped: ${each.reason}` })),
    ...failed.map((each) => ({ ...each, round: 1, why: `failed: ${each.reason.split('\n')[0]}` })),
  ];
  const columns = [
    { head: 'store', of: 'subject' },
    { head: 'part', of: 'mode' },
    { head: 'why', of: 'why' },
  ];
  const once = groupsOf(left, ['mode', 'why']).map(([first]) => first);
  return [...tables, tableOf('Left out', once, columns)].filter((each) => each.rows.length > 0);
}

/**
 * The conditions of the measurements.
 *
 * @param {Results} results
 */
function conditions({ machine, options, addon, rows }) {
  const { cpu, cores, platform, node, date } = machine;
  const lines = [
    `${cpu}, ${cores} cores, ${platform}, Node ${node}, ${date}.`,
    `Medians of ${options.rounds} rounds, ${options.seconds} s for each call and round.`,
    `Ratios are to ${labelOf(BASELINE)}: above 1 is better.`,
  ];
  if (rows.some(({ mode }) => mode === 'cost')) {
    lines.push('Capacity units are those of one run. They do not depend on the build.');
  }
  if (addon.debug) lines.push('The addon is a DEBUG BUILD: its times and sizes say nothing.');
  return lines;
}

/**
 * Markdown that can be read as text.
 *
 * @param {Results} results
 * @param {Table[]} tables
 */
function toMarkdown(results, tables) {
  const parts = tables.map((table) => `### ${table.title}\n\n${textOf(table)}`);
  return [conditions(results).join(' '), ...parts].join('\n\n');
}

/** @param {Table} table */
function textOf({ head, rows, isText }) {
  const widths = head.map((_, column) =>
    Math.max(4, ...[head, ...rows].map((row) => row[column].length)),
  );
  const line = (/** @type {string[]} */ row) =>
    row.map((cell, column) =>
      isText[column] ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
  const rule = widths.map(
    (width, column) => `${'-'.repeat(width - 1)}${isText[column] ? '-' : ':'}`,
  );
  const lines = [line(head), rule, ...rows.map(line)];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * Writes the tables between the marks of a file that has them, else a file of nothing else.
 *
 * @param {string} path
 * @param {string} markdown
 */
function fillMarkdown(path, markdown) {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  const before = begin >= 0 ? text.slice(0, begin + BEGIN.length) : BEGIN;
  const after = end > begin && begin >= 0 ? text.slice(end) : `${END}\n`;
  writeFileSync(path, `${before}\n\n${markdown}\n\n${after}`);
}

module.exports = {
  STORE,
  comparedIn,
  fillMarkdown,
  groupsOf,
  hundredths,
  labelOf,
  mediansOf,
  tableOf,
  tablesOf,
  toMarkdown,
  totalOf,
  whole,
};
