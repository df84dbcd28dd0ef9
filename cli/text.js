'use strict';

/** Numbers, times and lengths as people read them, and texts of visitors as terminals may show them. */

/**
 * The characters that change what a terminal shows: control characters, line separators, and those that turn the
 * direction of a text.
 */
const CONTROLS = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** The colours of the command, and these characters. */
const COLOURS_AND_CONTROLS = new RegExp(`\\u001b\\[\\d+m|${CONTROLS.source}`, 'gu');

/** Escapes with names. @type {Record<string, string>} */
const NAMED = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** @type {[number, string][]} milliseconds */
const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/**
 * Escapes the characters that change what a terminal shows. Values of sessions come from visitors.
 *
 * @param {string} text
 */
function visible(text) {
  return text.replace(CONTROLS, (character) => NAMED[character] ?? escapeOf(character));
}

/**
 * Escapes these characters, but leaves the ends of lines and the colours of the command.
 *
 * @param {string} text
 */
function visibleLines(text) {
  return text.replace(COLOURS_AND_CONTROLS, (found) =>
    found === '\n' || found.length > 1 ? found : visible(found),
  );
}

/**
 * Makes JSON that a terminal may show. A parser reads the same value.
 *
 * @param {unknown} value
 * @param {number} [indent]
 */
function jsonOf(value, indent) {
  const json = JSON.stringify(value, null, indent);
  // The ends of lines are those of the indented text.
  return json.replace(CONTROLS, (character) =>
    character === '\n' ? character : unicodeEscapeOf(character),
  );
}

/** @param {string} character */
function escapeOf(character) {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicodeEscapeOf(character);
}

/** @param {string} character */
function unicodeEscapeOf(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

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

module.exports = {
  count,
  duration,
  iso,
  jsonOf,
  moment,
  size,
  things,
  visible,
  visibleLines,
};
