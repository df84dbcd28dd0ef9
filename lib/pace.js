'use strict';

/** The pace of a scan: how many items a page reads, and when it begins, by a limit in capacity units a second. */

const { clearTimeout, monotonicNow, setTimeout } = require('./timers');

/** @import { SweepPage } from '../native/binding' */

/** The longest time that a timer of Node can wait, in milliseconds. */
const LONGEST_TIMER = 2_147_483_647;

/** The largest number of items of a first page, when it is not known yet what an item costs. */
const FIRST_ITEMS = 25;

/** The largest number of items of any page. DynamoDB ends a page after 1 MB. */
const MOST_ITEMS = 100_000;

/** The units that the first page is expected to cost. */
const FIRST_UNITS = 1;

/**
 * A deletion costs a unit for each KB, and an eventually consistent read half a unit for 4 KB. So a deletion costs
 * at most this many times as much as the read of the item, and at least one unit.
 */
const DELETION_PER_READ = 8;

/**
 * The clock of a pace. `sleep` resolves after some milliseconds, or once the signal is aborted.
 *
 * @typedef {{ now: () => number, sleep: (time: number, stopping: AbortSignal) => Promise<void> }} Clock
 *
 * @type {Clock}
 */
const REAL = {
  now: monotonicNow,
  sleep: (time, stopping) =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stopping.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(Math.ceil(time), LONGEST_TIMER));
      stopping.addEventListener('abort', done);
    }),
};

/**
 * A bucket of capacity units with debt: a page costs what DynamoDB reports, and the next page begins once this is
 * paid. The pages of all segments share the bucket. Nothing is saved up: a scan that was slow is not fast later.
 */
class Pace {
  #rate;
  #deletes;
  #clock;
  /** The time at which all pages are paid, in milliseconds. */
  #paid = 0;
  /** The units that a page probably costs. A page pays them when it begins. */
  #expected = FIRST_UNITS;
  #mostItems;
  /** The units of a deletion, as far as known. With indexes, a deletion costs more than its item. */
  #deletionUnits = 1;
  /** Resolves once the last page in the queue has begun. @type {Promise<unknown>} */
  #queue = Promise.resolve();

  /**
   * @param {number} rate capacity units a second
   * @param {boolean} deletes whether the scan deletes sessions
   * @param {Clock} [clock]
   */
  constructor(rate, deletes, clock = REAL) {
    this.#rate = rate;
    this.#deletes = deletes;
    this.#clock = clock;
    this.#mostItems = Math.min(FIRST_ITEMS, Math.max(1, Math.floor(rate / 10)));
  }

  /**
   * Waits until a page may begin.
   *
   * @param {AbortSignal} stopping
   * @returns {Promise<{ most: number, units: number } | undefined>} the largest number of items, and the units that
   *   were paid for the page; `undefined` if the scan is to stop
   */
  begin(stopping) {
    // One after the other, so that each knows the costs of all pages that are done.
    const begun = this.#queue.then(() => this.#begin(stopping));
    this.#queue = begun;
    return begun;
  }

  /** @param {AbortSignal} stopping */
  async #begin(stopping) {
    while (!stopping.aborted) {
      const now = this.#clock.now();
      if (this.#paid <= now) {
        this.#paid = now;
        this.#pay(this.#expected);
        return { most: this.#mostItems, units: this.#expected };
      }
      await this.#clock.sleep(this.#paid - now, stopping);
    }
    return undefined;
  }

  /**
   * Pays a page that is done, and chooses the size of the next.
   *
   * @param {{ most: number, units: number }} begun what `begin` has returned
   * @param {Pick<SweepPage, 'read' | 'deleted' | 'readUnits' | 'writeUnits'>} page
   */
  end({ most, units }, { read, deleted, readUnits, writeUnits }) {
    // A client may leave the units out: then each item counts for one, and each deletion for one.
    const reads = readUnits ?? read;
    const writes = writeUnits ?? deleted;
    this.#pay(reads + writes - units);
    // At least the smallest price of a page.
    this.#expected = Math.max(reads + writes, 0.5);
    if (deleted > 0) this.#deletionUnits = Math.max(this.#deletionUnits, writes / deleted);
    if (read === 0) return;
    const readPrice = reads / read;
    const deletionPrice = Math.max(this.#deletionUnits, readPrice * DELETION_PER_READ);
    // The price of an item if the page has to delete all its items. A page should cost a second's units at most.
    const price = readPrice + (this.#deletes ? deletionPrice : 0);
    const fitting = Math.floor(this.#rate / price);
    this.#mostItems = Math.max(1, Math.min(fitting, most * 2, MOST_ITEMS));
  }

  /** @param {number} units */
  #pay(units) {
    this.#paid += (units / this.#rate) * 1000;
  }
}

module.exports = { Pace };
