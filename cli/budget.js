'use strict';

/** Keeps work within a number of capacity units a second. */

const { setTimeout: wait } = require('node:timers/promises');

class Budget {
  #perSecond;
  /** The time at which the units that were spent are paid, in milliseconds. */
  #paid = Date.now();

  /** @param {number | undefined} perSecond not set: no limit */
  constructor(perSecond) {
    this.#perSecond = perSecond;
  }

  /**
   * Waits until the units may be spent.
   *
   * @param {number} units
   * @param {AbortSignal} signal ends the wait
   */
  async spend(units, signal) {
    if (this.#perSecond === undefined) return;
    const now = Date.now();
    const start = Math.max(now, this.#paid);
    this.#paid = start + (units / this.#perSecond) * 1000;
    if (start > now) await wait(start - now, undefined, { signal }).catch(() => {});
  }
}

module.exports = { Budget };
