'use strict';

/**
 * The result goes to stdout. Progress, notes and errors go to stderr. Visitors have written parts of these texts, so
 * characters that control a terminal are escaped here.
 */

const { once } = require('node:events');
const Table = require('cli-table3');
const colors = require('picocolors');
const { jsonOf, visible, visibleLines } = require('./text');

/** @typedef {NodeJS.WritableStream & { isTTY?: boolean, columns?: number }} Stream */

/**
 * A cell of a table. An object is a text with its colour.
 *
 * @typedef {string | number | { text: string, paint: (text: string) => string }} Cell
 */

/** The lines of a table: none, so that a column can be cut out by other programs. */
const NO_LINES = Object.fromEntries(
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid'
    .split(' ')
    .map((name) => [name, '']),
);

class Output {
  #stdout;
  #stderr;
  /** Whether the result is JSON. */
  isJson;
  /** Functions that colour a text of stdout. */
  paint;
  /** Functions that colour a text of stderr. */
  paintNote;

  /**
   * @param {object} streams
   * @param {Stream} streams.stdout
   * @param {Stream} streams.stderr
   * @param {NodeJS.ProcessEnv} streams.env
   * @param {boolean} [streams.isJson]
   */
  constructor({ stdout, stderr, env, isJson = false }) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.isJson = isJson;
    this.paint = colors.createColors(hasColors(stdout, env));
    this.paintNote = colors.createColors(hasColors(stderr, env));
  }

  /** The stream for progress and questions. */
  get stderr() {
    return this.#stderr;
  }

  /**
   * Prints the result of a command.
   *
   * @param {unknown} result for `--json`
   * @param {() => string | string[]} text for people
   */
  async result(result, text) {
    await this.write(this.isJson ? jsonOf(result, 2) : visibleLines([text()].flat().join('\n')));
  }

  /**
   * Prints one line of a long result.
   *
   * @param {unknown} record for `--json`
   * @param {() => string} text for people
   */
  async line(record, text) {
    await this.write(this.isJson ? jsonOf(record) : visibleLines(text()));
  }

  /**
   * Prints a text in which nothing has to be escaped.
   *
   * @param {string} text
   */
  async write(text) {
    if (text === '') return;
    if (!this.#stdout.write(`${text}\n`)) await once(this.#stdout, 'drain');
  }

  /**
   * Prints a note for people.
   *
   * @param {string} text
   */
  note(text) {
    this.#stderr.write(`${visibleLines(text)}\n`);
  }

  /**
   * Prints a warning.
   *
   * @param {string} text
   */
  warn(text) {
    this.#stderr.write(`${this.paintNote.yellow('Warning:')} ${visible(text)}\n`);
  }

  /**
   * Lays out rows in columns.
   *
   * @param {Cell[][]} rows
   * @param {{ head?: string[], right?: number[] }} [options] `right`: the columns that are aligned to the right
   * @returns {string}
   */
  table(rows, { head, right = [] } = {}) {
    const columns = Math.max(0, ...rows.map((row) => row.length), head?.length ?? 0);
    const aligned = Array.from({ length: columns }, (_, at) =>
      right.includes(at) ? /** @type {const} */ ('right') : /** @type {const} */ ('left'),
    );
    const table = new Table({
      chars: { ...NO_LINES, middle: '  ' },
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
      colAligns: aligned,
    });
    if (head) table.push(head.map((name) => this.paint.dim(name)));
    table.push(...rows.map((row) => row.map(textOfCell)));
    return table.toString().replace(/ +$/gm, '');
  }

  /**
   * Lays out names and values.
   *
   * @param {(readonly [string, string | number | undefined])[]} fields without a value: left out
   */
  fields(fields) {
    const set = fields.filter(([, value]) => value !== undefined && value !== '');
    const { dim } = this.paint;
    return this.table(set.map(([text, value]) => [{ text, paint: dim }, String(value)]));
  }
}

/** @param {Cell} cell */
function textOfCell(cell) {
  if (typeof cell !== 'object') return visible(String(cell));
  return cell.paint(visible(cell.text));
}

/**
 * Whether a stream shows colours, see https://no-color.org and https://force-color.org.
 *
 * @param {Stream} stream
 * @param {NodeJS.ProcessEnv} env
 */
function hasColors(stream, env) {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && env.TERM !== 'dumb' && env.FORCE_COLOR !== '0';
}

module.exports = { Output };
