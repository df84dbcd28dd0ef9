'use strict';

/** Histograms in the terminal. */

const { count } = require('./text');

/** The longest bar, in characters. */
const WIDTH = 40;

/** The eighths of a character. */
const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

class Histogram {
  #bounds;
  /** @type {number[]} */
  #counts;

  /**
   * @param {readonly { to: number, label: string }[]} bounds the upper ends of the ranges, the smallest first. The last
   *   is `Infinity`
   */
  constructor(bounds) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  /** @param {number} value */
  add(value) {
    const at = this.#bounds.findIndex(({ to }) => value < to);
    this.#counts[at] += 1;
  }

  /** The ranges up to the last that has a value. */
  get ranges() {
    const last = this.#counts.findLastIndex((number) => number > 0);
    return this.#bounds
      .slice(0, last + 1)
      .map(({ label }, at) => ({ range: label, count: this.#counts[at] }));
  }

  /**
   * @param {import('./output').Output} output
   * @returns {string}
   */
  draw(output) {
    const { ranges } = this;
    const most = Math.max(1, ...ranges.map((range) => range.count));
    const rows = ranges.map(({ range, count: number }) => [
      range,
      count(number),
      { text: bar((number / most) * WIDTH), paint: output.paint.cyan },
    ]);
    return output.table(rows, { right: [0, 1] });
  }
}

/** @param {number} length in characters */
function bar(length) {
  const eighths = Math.ceil(length * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + PARTS[eighths % 8];
}

module.exports = { Histogram };
