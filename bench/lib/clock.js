'use strict';

/**
 * The clock of an app that `cost` measures: the real one, moved forward. Load this file before
 * anything that asks for the time. Timers keep the real clock.
 */

const RealDate = Date;

/** Milliseconds. */
let ahead = 0;

/** @param {number} milliseconds how far the clock is ahead of the real one from now on */
function moveClock(milliseconds) {
  ahead = milliseconds;
}

class MovedDate extends RealDate {
  /** @param {any[]} given */
  constructor(...given) {
    if (given.length === 0) super(MovedDate.now());
    else super(.../** @type {[number]} */ (given));
  }

  static now() {
    return RealDate.now() + ahead;
  }

  /**
   * A date that Node makes with its own class is one as well.
   *
   * @param {unknown} value
   */
  static [Symbol.hasInstance](value) {
    return value instanceof RealDate;
  }
}

globalThis.Date = /** @type {any} */ (MovedDate);

module.exports = { moveClock };
