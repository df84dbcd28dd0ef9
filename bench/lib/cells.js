'use strict';

/** The cells of the tables. */

const { subjects } = require('../subjects');

/**
 * @typedef {object} Section
 * @property {string} title
 * @property {string[]} head
 * @property {string[][]} rows
 */

const NONE = '–';

/** @param {string} subject */
function labelOf(subject) {
  return subjects.find(({ name }) => name === subject)?.label ?? subject;
}

/** @param {number | null} value */
function whole(value) {
  return value === null ? NONE : Math.round(value).toLocaleString('en-US');
}

/** @param {number | null} value */
function fine(value) {
  if (value === null) return NONE;
  return value < 100 ? value.toFixed(1) : whole(value);
}

/** @param {number | null} value */
function dollars(value) {
  return value === null ? NONE : value.toFixed(2);
}

/** @param {number} ratio */
function timesText(ratio) {
  return `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio)}×`;
}

module.exports = { NONE, dollars, fine, labelOf, timesText, whole };
