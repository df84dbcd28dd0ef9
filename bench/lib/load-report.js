'use strict';

/** The tables of `mixed` and `flood`. */

const { subjects } = require('../subjects');
const { NONE, fine, labelOf, whole } = require('./cells');
const { optionsText } = require('./modes/flood');
const { markOf } = require('./modes/mixed');
const { median, medians } = require('./stats');

/** @import { Results } from './bench' */
/** @import { Failures } from './calls' */
/** @import { Section } from './cells' */
/** @import { FloodRow } from './modes/flood' */
/** @import { MixedRow } from './modes/mixed' */

/**
 * The rows of one kind of call, in all rounds.
 *
 * @typedef {object} MixedSummary
 * @property {string} subject
 * @property {number} latency
 * @property {MixedRow['rates']} rates
 * @property {MixedRow['operation']} operation
 * @property {number} count in all rounds
 * @property {Failures} failures in all rounds
 * @property {Record<'p50' | 'p99' | 'late', number | null>} values medians
 * @property {number} connections the most of any round
 * @property {number} rounds
 * @property {number} missed rounds that missed the mark
 */

/**
 * @param {Results} results
 * @returns {Section[]}
 */
function loadSections({ mixed, floods }) {
  const all = groups(mixed, ({ subject, latency, rates, operation }) => [
    subject,
    latency,
    rates,
    operation,
  ]).map(mixedSummary);
  const latencies = [...new Set(all.map(({ latency }) => latency))];
  return [
    ...latencies.map((latency) => mixedSection(all, latency)),
    marksSection(all, latencies),
    floodSection(floods),
  ];
}

/**
 * @param {MixedRow[]} rows at least one
 * @returns {MixedSummary}
 */
function mixedSummary(rows) {
  const { subject, latency, rates, operation } = rows[0];
  return {
    subject,
    latency,
    rates,
    operation,
    count: sum(rows, ({ count }) => count),
    failures: mergeFailures(rows),
    values: /** @type {any} */ (medians(rows, ['p50', 'p99', 'late'])),
    connections: Math.max(...rows.map(({ connections }) => connections)),
    rounds: rows.length,
    missed: rows.filter(misses).length,
  };
}

/** @param {MixedRow} row */
function misses({ latency, p99, failures }) {
  return (p99 ?? 0) >= markOf(latency) || Object.keys(failures).length > 0;
}

/**
 * @param {MixedSummary[]} all
 * @param {number} latency
 * @returns {Section}
 */
function mixedSection(all, latency) {
  const wanted = all.filter((each) => each.latency === latency);
  const { touch, destroy } = wanted[0].rates;
  const rows = wanted.map((each) => [
    labelOf(each.subject),
    `${whole(each.rates.get)} / ${whole(each.rates.set)}`,
    each.operation,
    whole(each.count),
    failureText(each.failures),
    fine(each.values.p50),
    fine(each.values.p99),
    markText(each),
    fine(each.values.late),
    whole(each.connections),
  ]);
  const head = [
    'store',
    'gets / sets a second',
    'call',
    'calls',
    'failures',
    'p50 ms',
    'p99 ms',
    'mark',
    'late p99 ms',
    'connections',
  ];
  const others = `${touch} touches and ${destroy} destroys a second`;
  const title = `Mixed traffic with ${others}, answers after ${latency} ms`;
  return { title: `${title}: the mark is a p99 below ${markOf(latency)} ms`, head, rows };
}

/** @param {MixedSummary} summary */
function markText({ count, missed, rounds }) {
  if (count === 0) return NONE;
  if (missed === 0) return 'met';
  return `MISSED in ${missed} of ${rounds} rounds`;
}

/**
 * How many rows of the tables above miss the mark.
 *
 * @param {MixedSummary[]} all
 * @param {number[]} latencies
 * @returns {Section}
 */
function marksSection(all, latencies) {
  const rows = subjects.flatMap(({ name, label }) =>
    latencies.flatMap((latency) => {
      const same = all.filter(
        (each) => each.subject === name && each.latency === latency && each.count > 0,
      );
      if (same.length === 0) return [];
      const missed = same.filter((each) => each.missed > 0).length;
      const highest = Math.max(...same.map(({ values }) => values.p99 ?? 0));
      return [
        [label, ...[latency, markOf(latency), same.length, missed].map(whole), fine(highest)],
      ];
    }),
  );
  const head = ['store', 'answers after ms', 'mark ms', 'rows', 'missed', 'highest p99 ms'];
  return { title: 'Mixed traffic: rows that miss the mark in any round', head, rows };
}

/**
 * @param {FloodRow[]} floods
 * @returns {Section}
 */
function floodSection(floods) {
  const all = groups(floods, ({ subject, storeOptions }) => [subject, storeOptions]);
  const rows = all.map((same) => [
    labelOf(same[0].subject),
    optionsText(same[0].storeOptions),
    whole(sum(same, ({ touches }) => touches)),
    whole(sum(same, ({ answered }) => answered)),
    failureText(mergeFailures(same)),
    whole(Math.max(...same.map(({ connections }) => connections))),
    fine(median(same.map(({ seconds }) => seconds))),
  ]);
  const head = [
    'store',
    'options',
    'calls',
    'answered',
    'failures',
    'connections',
    's to the last answer',
  ];
  const { touches, latency } = floods[0] ?? { touches: 0, latency: 0 };
  return { title: `${whole(touches)} touches at once, answers after ${latency} ms`, head, rows };
}

/**
 * The rows with the same key together, in the order of the subjects.
 *
 * @template {{ subject: string }} T
 * @param {readonly T[]} rows
 * @param {(row: T) => unknown} keyOf
 */
function groups(rows, keyOf) {
  /** @type {Map<string, T[]>} */
  const found = new Map();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  const order = subjects.map(({ name }) => name);
  return [...found.values()].sort(
    ([a], [b]) => order.indexOf(a.subject) - order.indexOf(b.subject),
  );
}

/**
 * @template T
 * @param {readonly T[]} rows
 * @param {(row: T) => number} value
 */
function sum(rows, value) {
  return rows.reduce((total, row) => total + value(row), 0);
}

/** @param {readonly { failures: Failures }[]} rows */
function mergeFailures(rows) {
  /** @type {Failures} */
  const all = {};
  for (const { failures } of rows) {
    for (const [code, count] of Object.entries(failures)) all[code] = (all[code] ?? 0) + count;
  }
  return all;
}

/** @param {Failures} failures */
function failureText(failures) {
  const all = Object.entries(failures).sort(([, a], [, b]) => b - a);
  if (all.length === 0) return 'none';
  return all.map(([code, count]) => `${whole(count)} ${code}`).join(', ');
}

module.exports = { loadSections };
