'use strict';

/** The tables, as text and as Markdown. */

const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { BASELINE, subjects } = require('../subjects');
const { appSections } = require('./app-report');
const { NONE, fine, labelOf, timesText, whole } = require('./cells');
const { costSections } = require('./cost-report');
const { loadSections } = require('./load-report');
const { median, medians } = require('./stats');

/** @import { Results, Row } from './bench' */
/** @import { Section } from './cells' */

/**
 * @typedef {object} Summary medians of one subject and operation
 * @property {string} subject
 * @property {string} label
 * @property {string} operation
 * @property {number} inFlight
 * @property {Record<(typeof METRICS)[number], any>} values numbers, or null
 */

const METRICS = /** @type {const} */ ([
  'opsPerSecond',
  'cpu',
  'loop',
  'p50',
  'p99',
  'delay',
  'rss',
]);

const BEGIN = '<!-- results -->';
const END = '<!-- /results -->';

/**
 * The medians over all rounds, in the order of the subjects.
 *
 * @param {Results} results
 * @param {string} mode
 * @param {number} [sessionBytes]
 * @returns {Summary[]}
 */
function summaries({ rows }, mode, sessionBytes = 1024) {
  const wanted = rows.filter((row) => row.mode === mode && row.sessionBytes === sessionBytes);
  const keys = [...new Set(wanted.map(keyOf))];
  const found = keys.map((key) => {
    const same = wanted.filter((row) => keyOf(row) === key);
    const { subject, operation, inFlight } = same[0];
    const values = /** @type {any} */ (medians(same, METRICS));
    return { subject, label: labelOf(subject), operation, inFlight, values };
  });
  const order = subjects.map(({ name }) => name);
  return found.sort((a, b) => order.indexOf(a.subject) - order.indexOf(b.subject));
}

/** @param {Row} row */
function keyOf({ subject, operation, inFlight }) {
  return [subject, operation, inFlight].join();
}

/**
 * @param {Results} results
 * @returns {Section[]}
 */
function sections(results) {
  const { inFlight, latency } = results.options;
  const each = `${inFlight} calls in flight`;
  return [
    ...appSections(results),
    operationsSection(results, 'canned', 1024, `Sessions of 1 KB, ${each}`),
    operationsSection(results, 'canned', 20 * 1024, `Sessions of 20 KB, ${each}`),
    latencySection(results, `Answers after ${latency} ms, sessions of 1 KB`),
    ...loadSections(results),
    ...costSections(results),
    operationsSection(results, 'local', 1024, `DynamoDB Local, sessions of 1 KB, ${each}`),
    startSection(results),
    memorySection(results),
    sizeSection(results),
    failureSection(results),
  ].filter(({ rows }) => rows.length > 0);
}

/**
 * @param {Results} results
 * @param {string} mode
 * @param {number} sessionBytes
 * @param {string} title
 * @returns {Section}
 */
function operationsSection(results, mode, sessionBytes, title) {
  const all = summaries(results, mode, sessionBytes);
  const rows = all.map(({ subject, label, operation, values }) => {
    const base = baseOf(all, operation);
    return [
      label,
      operation,
      whole(values.opsPerSecond),
      times(subject, values.opsPerSecond, base?.opsPerSecond),
      fine(values.cpu),
      times(subject, base?.cpu, values.cpu),
      fine(values.loop),
      times(subject, base?.loop, values.loop),
      fine(values.p50),
      fine(values.p99),
      fine(values.delay),
      whole(values.rss),
    ];
  });
  if (mode === 'canned') rows.push(...floorRows(results, sessionBytes));
  const head = [
    'store',
    'call',
    'ops/s',
    'ratio',
    'CPU µs/op',
    'ratio',
    'event loop µs/op',
    'ratio',
    'p50 ms',
    'p99 ms',
    'loop delay p99 ms',
    'RSS MB',
  ];
  return { title, head, rows };
}

/**
 * @param {Results} results
 * @param {number} sessionBytes
 */
function floorRows({ floor }, sessionBytes) {
  const same = floor.filter((row) => row.sessionBytes === sessionBytes);
  const values = medians(same, ['opsPerSecond', 'cpu']);
  if (!values) return [];
  const measured = [whole(values.opsPerSecond), NONE, fine(values.cpu)];
  const none = Array(7).fill(NONE);
  return [['Rust alone (hyper), no signing, no parsing', 'get', ...measured, ...none]];
}

/**
 * @param {Results} results
 * @param {string} title
 * @returns {Section}
 */
function latencySection(results, title) {
  const all = summaries(results, 'latency');
  const rows = all.map(({ subject, label, operation, inFlight, values }) => {
    const base = baseOf(all, operation, inFlight);
    return [
      label,
      operation,
      String(inFlight),
      whole(values.opsPerSecond),
      times(subject, values.opsPerSecond, base?.opsPerSecond),
      fine(values.p50),
      fine(values.p99),
      times(subject, base?.p99, values.p99),
      fine(values.loop),
      fine(values.delay),
    ];
  });
  const head = [
    'store',
    'call',
    'in flight',
    'ops/s',
    'ratio',
    'p50 ms',
    'p99 ms',
    'ratio',
    'event loop µs/op',
    'loop delay p99 ms',
  ];
  return { title, head, rows };
}

/**
 * Numbers of each subject, and the lower the better.
 *
 * @param {string} title
 * @param {{ unit: string, measured: { subject: string, value: number }[] }[]} columns
 * @returns {Section}
 */
function numbersSection(title, columns) {
  const rows = subjects.flatMap(({ name, label }) => {
    const cells = columns.map(({ measured }) => {
      const value = medianOf(measured, name);
      return [fine(value), times(name, medianOf(measured, BASELINE), value)];
    });
    const isMeasured = columns.some(({ measured }) => medianOf(measured, name) !== null);
    return isMeasured ? [[label, ...cells.flat()]] : [];
  });
  return { title, head: ['store', ...columns.flatMap(({ unit }) => [unit, 'ratio'])], rows };
}

/**
 * @param {{ subject: string, value: number }[]} measured
 * @param {string} name
 */
function medianOf(measured, name) {
  const same = measured.filter(({ subject }) => subject === name);
  return same.length === 0 ? null : median(same.map(({ value }) => value));
}

/** @param {Results} results */
function startSection({ starts }) {
  const over = (/** @type {boolean} */ tls) =>
    starts
      .filter((start) => start.tls === tls)
      .map(({ subject, milliseconds: value }) => ({ subject, value }));
  return numbersSection('From require to the end of the first get', [
    { unit: 'ms, HTTP', measured: over(false) },
    { unit: 'ms, HTTPS', measured: over(true) },
  ]);
}

/** @param {Results} results */
function memorySection({ memory }) {
  const measured = memory.map(({ subject, megabytes: value }) => ({ subject, value }));
  return numbersSection('RSS after 5,000 gets and 5,000 sets', [{ unit: 'MB', measured }]);
}

/**
 * @param {Results} results
 * @returns {Section}
 */
function sizeSection({ sizes }) {
  const base = sizes.find(({ name }) => name.startsWith(`${BASELINE} `))?.bytes;
  const rows = sizes.map(({ name, bytes, files }) => [
    name,
    fine(bytes / 1e6),
    times(name.startsWith(BASELINE) ? BASELINE : name, base, bytes),
    whole(files),
  ]);
  return { title: 'Installed size', head: ['package', 'MB', 'ratio', 'files'], rows };
}

/**
 * @param {Results} results
 * @returns {Section}
 */
function failureSection({ skipped, failed }) {
  const row = (/** @type {string} */ what) => (/** @type {Results['failed'][number]} */ each) => [
    each.subject,
    each.mode,
    `${what}: ${each.reason.split('\n')[0]}`,
  ];
  const all = [...skipped.map(row('skipped')), ...failed.map(row('failed'))];
  const rows = [...new Map(all.map((each) => [each.join(), each])).values()];
  return { title: 'Left out', head: ['store', 'part', 'why'], rows };
}

/**
 * @param {Summary[]} all
 * @param {string} operation
 * @param {number} [inFlight]
 */
function baseOf(all, operation, inFlight) {
  const found = all.find(
    (each) =>
      each.subject === BASELINE &&
      each.operation === operation &&
      (inFlight === undefined || each.inFlight === inFlight),
  );
  return found?.values;
}

/**
 * How many times better than the baseline; above 1 is better, in every column.
 *
 * @param {string} name
 * @param {number | null | undefined} better
 * @param {number | null | undefined} worse
 */
function times(name, better, worse) {
  const request = subjects.find((subject) => subject.name === name)?.format !== 'none';
  if (name === BASELINE || !request || !better || !worse) return NONE;
  return timesText(better / worse);
}

/**
 * What the numbers were measured on.
 *
 * @param {Results} results
 */
function conditions({ machine, options, addon, costs }) {
  const { cpu, cores, platform, node, date } = machine;
  const { rounds, seconds } = options;
  const lines = [
    `${cpu}, ${cores} cores, ${platform}, Node ${node}, ${date}.`,
    `Medians of ${rounds} rounds, ${seconds} s for each call and round.`,
    `Ratios are to ${labelOf(BASELINE)}: above 1 is better.`,
  ];
  if (costs.length > 0) {
    lines.push('Capacity units are those of one run. They do not depend on the build.');
  }
  if (addon.debug) lines.push('The addon is a DEBUG BUILD: its times and sizes say nothing.');
  return lines;
}

/** @param {Results} results */
function toText(results) {
  const parts = sections(results).map((section) => `${section.title}\n\n${textTable(section)}`);
  return ['', ...parts, conditions(results).join('\n')].join('\n\n');
}

/** @param {Section} section */
function textTable({ head, rows }) {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column].length)),
  );
  const line = (/** @type {string[]} */ row) =>
    row
      .map((cell, column) =>
        isText(head[column]) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
}

/** @param {Results} results */
function toMarkdown(results) {
  const parts = sections(results).map(
    (section) => `### ${section.title}\n\n${markdownTable(section)}`,
  );
  return [conditions(results).join(' '), ...parts].join('\n\n');
}

/** @param {Section} section */
function markdownTable({ head, rows }) {
  const line = (/** @type {string[]} */ row) =>
    `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = head.map((name) => (isText(name) ? '---' : '---:'));
  return [head, rule, ...rows].map(line).join('\n');
}

/** The columns that have text in them, and no numbers. */
const TEXT = new Set([
  'store',
  'call',
  'package',
  'part',
  'why',
  'failures',
  'mark',
  'options',
  'setting',
  'session',
  'requests',
  'at most that of',
]);

/** @param {string} column */
function isText(column) {
  return TEXT.has(column);
}

/**
 * Writes the tables between the marks of a file that has them, else a file of nothing else.
 *
 * @param {string} path
 * @param {string} markdown
 */
function fillMarkdown(path, markdown) {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  const before = begin >= 0 ? text.slice(0, begin + BEGIN.length) : BEGIN;
  const after = end > begin && begin >= 0 ? text.slice(end) : `${END}\n`;
  writeFileSync(path, `${before}\n\n${markdown}\n\n${after}`);
}

module.exports = { fillMarkdown, summaries, toMarkdown, toText };
