'use strict';

/** Numbers and times as people read them. */

const { html } = require('./html');

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const decimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** @param {Date | undefined} date */
function time(date) {
  if (!date) return html`<span class="none">–</span>`;
  const distance = date.getTime() - Date.now();
  const [unit, length] = UNITS.find(([, each]) => Math.abs(distance) >= each) ?? UNITS.at(-1);
  const text = relative.format(Math.trunc(distance / length), unit);
  return html`<time datetime="${date.toISOString()}" title="${date.toISOString()}">${text}</time>`;
}

/** @param {number} count */
function bytes(count) {
  if (count < 1024) return `${Math.round(count)} B`;
  return `${decimal.format(count / 1024)} KB`;
}

/** @param {number} milliseconds */
function span(milliseconds) {
  const [unit, length] = UNITS.find(([, each]) => milliseconds >= each) ?? UNITS.at(-1);
  const count = Math.round(milliseconds / length);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** @param {number} value */
function number(value) {
  return decimal.format(value);
}

module.exports = { bytes, number, span, time };
