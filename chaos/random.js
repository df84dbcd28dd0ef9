'use strict';

/**
 * Decisions that a seed repeats. Each part of a run has a source of its own, named by what it decides
 * for, so that the decisions of one part do not depend on how fast another one is.
 */
class Random {
  #state;

  /** @param {string} seed */
  constructor(seed) {
    // FNV-1a: 32 bits of state for mulberry32 below, of a text of any length.
    let hash = 2166136261;
    for (const character of seed) {
      hash = Math.imul(hash ^ /** @type {number} */ (character.codePointAt(0)), 16777619);
    }
    this.#state = hash >>> 0;
  }

  /** A number from 0 to 1, without 1: the generator mulberry32. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `limit`, without `limit`. @param {number} limit */
  below(limit) {
    return Math.floor(this.next() * limit);
  }

  /** A whole number from `least` to `most`. @param {number} least @param {number} most */
  between(least, most) {
    return least + this.below(most - least + 1);
  }

  /** @param {number} probability */
  chance(probability) {
    return this.next() < probability;
  }

  /** @template T @param {readonly T[]} values @returns {T} */
  pick(values) {
    return values[this.below(values.length)];
  }

  /** One of the names, each as often as its number says. @param {Record<string, number>} weights */
  weighed(weights) {
    const entries = Object.entries(weights);
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return entries[entries.length - 1][0];
  }
}

module.exports = { Random };
