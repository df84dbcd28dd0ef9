'use strict';

/** Measurements, put together for tables and charts. */

const { median } = require('../lib/stats');
const { BASELINE, subjects } = require('../subjects');

/** @import { Failures, Row } from '../types' */

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
  const values = Object.entries(rows[0]).map(([name, first]) => {
    const numbers = rows.map((row) => row[name]).filter((value) => typeof value === 'number');
    return [name, numbers.length > 0 ? median(numbers) : first];
  });
  return /** @type {Row} */ (Object.fromEntries(values));
}

/**
 * @param {readonly Row[]} rows
 * @param {string[]} [conditions]
 */
function mediansOf(rows, conditions = []) {
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
  /** @type {Failures} */
  const failures = {};
  for (const [code, count] of rows.flatMap((row) => Object.entries(row.failures))) {
    failures[code] = (failures[code] ?? 0) + count;
  }
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  const connections = Math.max(...rows.map((row) => row.connections));
  return { ...medianOf(rows), count, failures, connections };
}

/**
 * Finds the row of the baseline with the same conditions.
 *
 * @param {readonly Row[]} rows
 * @param {string[]} [same] the names of the conditions
 * @param {(row: Row) => string | undefined} [nameOf] the baseline of a row
 */
function comparedIn(rows, same = [], nameOf = () => BASELINE) {
  return (/** @type {Row} */ row) => {
    const name = nameOf(row);
    return rows.find(
      (each) =>
        each.subject === name && same.every((condition) => each[condition] === row[condition]),
    );
  };
}

module.exports = { comparedIn, groupsOf, mediansOf, totalOf };
