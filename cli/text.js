'use strict';

/** Numbers, times and lengths as people read them. */

/** @type {[number, string][]} milliseconds */
const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/** @param {number} number */
function count(number) {
  return Math.round(number).toLocaleString('en');
}

/**
 * @param {number} number
 * @param {string} one the thing
 * @param {string} [many] its plural
 */
function things(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** @param {number} milliseconds */
function duration(milliseconds) {
  const time = Math.abs(milliseconds);
  const [size, unit] = UNITS.find(([least]) => time >= least) ?? [1000, 's'];
  return `${Math.floor(time / size)} ${unit}`;
}

/** @param {number | undefined} bytes */
function size(bytes) {
  if (bytes === undefined) return '';
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * @param {number | null | undefined} milliseconds since the Unix epoch
 * @returns {string | undefined} ISO text; `undefined` if the time is not set, or is none that a `Date` can hold
 */
function iso(milliseconds) {
  const date = new Date(milliseconds ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/**
 * @param {number | null | undefined} milliseconds since the Unix epoch
 * @returns {string} the time and its distance from now
 */
function moment(milliseconds) {
  const text = iso(milliseconds);
  if (text === undefined || typeof milliseconds !== 'number') return '';
  const distance = milliseconds - Date.now();
  const relative = distance >= 0 ? `in ${duration(distance)}` : `${duration(distance)} ago`;
  return `${text.slice(0, 19).replace('T', ' ')} (${relative})`;
}

module.exports = { count, duration, iso, moment, size, things };
