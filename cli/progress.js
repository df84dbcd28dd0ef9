'use strict';

/** The progress of long work: a bar on a terminal, otherwise a line every few seconds. */

const { SingleBar } = require('cli-progress');
const { count, duration } = require('./text');

/** The milliseconds between two lines, if stderr is no terminal. */
const PAUSE = 5000;

/** The steps of a bar. */
const PARTS = 1000;

class Progress {
  #output;
  #title;
  /** @type {SingleBar | undefined} */
  #bar;
  #share = 0;
  #value = 0;
  #begin = Date.now();
  #lastLine = Date.now();

  /**
   * @param {import('./output').Output} output
   * @param {string} title such as `reading`
   */
  constructor(output, title) {
    this.#output = output;
    this.#title = title;
  }

  /**
   * Shows how much is done.
   *
   * @param {number} value the number of things that are done
   * @param {number} [share] of all work, from 0 to 1; 0: not known
   */
  update(value, share = 0) {
    this.#value = value;
    this.#share = share;
    if (!this.#output.stderr.isTTY) {
      this.#updateLine();
      return;
    }
    this.#bar ??= this.#start();
    this.#bar.update(Math.round(share * PARTS), { text: this.#text() });
  }

  /** Removes the bar. */
  stop() {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #start() {
    const { paintNote, stderr } = this.#output;
    const bar = new SingleBar({
      // At SIGINT, the command finishes the requests in flight, and then removes the bar.
      gracefulExit: false,
      stream: stderr,
      clearOnComplete: true,
      hideCursor: true,
      barsize: 30,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      // The bar is drawn when the work goes on, and ten times a second.
      synchronousUpdate: true,
      format: `${paintNote.cyan('{bar}')} {text}`,
    });
    bar.start(PARTS, 0, { text: '' });
    return bar;
  }

  #updateLine() {
    const now = Date.now();
    if (now - this.#lastLine < PAUSE) return;
    this.#lastLine = now;
    this.#output.note(this.#text());
  }

  #text() {
    const elapsed = Date.now() - this.#begin;
    const share = this.#share > 0 ? ` (${Math.floor(100 * this.#share)} %)` : '';
    const isTold = this.#share > 0 && this.#share < 1 && elapsed > PAUSE;
    const left = isTold ? `, ${duration((elapsed * (1 - this.#share)) / this.#share)} left` : '';
    return `${this.#title}: ${count(this.#value)}${share}${left}`;
  }
}

module.exports = { Progress };
