'use strict';

/** Tables of measurements, as Markdown that can be read as text. */

const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { BASELINE, subjectOf } = require('../subjects');
const { groupsOf } = require('./rows');

/** @import { Column, Failures, Results, Row, Table } from '../types' */

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

/** @param {Failures} failures */
function failureText(failures) {
  const all = Object.entries(failures).sort(([, a], [, b]) => b - a);
  return all.map(([code, count]) => `${whole(count)} ${code}`).join(', ') || 'none';
}

/** @param {object} options of a store */
function optionsText(options) {
  const all = Object.entries(options).map(([name, value]) => `${name}: ${value}`);
  return all.join(', ') || 'defaults';
}

/** @type {Column} */
const STORE = { head: 'store', of: ({ subject }) => labelOf(subject) };

/**
 * The cells of a column, below its head. A column with `better` is two.
 *
 * @param {Table} table
 * @param {Column} column
 * @returns {{ cells: string[], isText: boolean }[]}
 */
function cellsOf({ rows, baselineOf }, { head, of, format = fine, better }) {
  const measuredIn = (/** @type {Row} */ row) => (typeof of === 'string' ? row[of] : of(row));
  const values = rows.map(measuredIn);
  const cells = values.map((value) =>
    typeof value === 'number' ? format(value) : (value ?? NONE),
  );
  const isText = values.some((value) => typeof value === 'string');
  const column = { cells: [head, ...cells], isText };
  if (!better) return [column];
  const ratios = rows.map((row, index) => {
    const baseline = baselineOf?.(row);
    const other = baseline && baseline !== row && measuredIn(baseline);
    if (!other || !values[index]) return NONE;
    const ratio = better === 'more' ? values[index] / other : other / values[index];
    return `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio)}×`;
  });
  return [column, { cells: ['ratio', ...ratios], isText: false }];
}

/**
 * What could not be measured.
 *
 * @param {Results} results
 * @returns {Table}
 */
function leftOut({ skipped, failed }) {
  const left = [
    ...skipped.map((each) => ({ ...each, round: 1, why: `skipped: ${each.reason}` })),
    ...failed.map((each) => ({ ...each, round: 1, why: `failed: ${each.reason.split('\n')[0]}` })),
  ];
  return {
    title: 'Left out',
    rows: groupsOf(left, ['mode', 'why']).map(([first]) => first),
    columns: [
      { head: 'store', of: 'subject' },
      { head: 'part', of: 'mode' },
      { head: 'why', of: 'why' },
    ],
  };
}

/**
 * The conditions of the measurements.
 *
 * @param {Results} results
 * @param {Table[]} tables
 */
function conditions({ machine, options, addon, rows }, tables) {
  const { cpu, cores, platform, node, date } = machine;
  const lines = [
    `${cpu}, ${cores} cores, ${platform}, Node ${node}, ${date}.`,
    `Medians of ${options.rounds} rounds, ${options.seconds} s for each call and round.`,
  ];
  if (tables.some(({ columns }) => columns.some(({ better }) => better))) {
    lines.push(`Ratios are to ${labelOf(BASELINE)}: above 1 is better.`);
  }
  if (rows.some(({ mode }) => mode === 'cost')) {
    lines.push('Capacity units are those of one run. They do not depend on the build.');
  }
  if (addon.debug) lines.push('The addon is a DEBUG BUILD: its times and sizes say nothing.');
  return lines.join(' ');
}

/**
 * @param {Results} results
 * @param {Table[]} tables
 */
async function toMarkdown(results, tables) {
  const { markdownTable } = await import('markdown-table');
  const all = [...tables, leftOut(results)].filter(({ rows }) => rows.length > 0);
  const parts = all.map((table) => {
    const columns = table.columns.flatMap((column) => cellsOf(table, column));
    const lines = columns[0].cells.map((_, line) => columns.map(({ cells }) => cells[line]));
    const align = columns.map(({ isText }) => (isText ? '' : 'r'));
    return `### ${table.title}\n\n${markdownTable(lines, { align })}`;
  });
  return [conditions(results, tables), ...parts].join('\n\n');
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
  failureText,
  fillMarkdown,
  hundredths,
  labelOf,
  optionsText,
  toMarkdown,
  whole,
};
