'use strict';

/** Open-loop traffic: calls are made when their time comes, however many are still in flight. */

const { performance } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const { timed } = require('./calls');

/** @import { Calls, Operation, Outcome } from './calls' */

/**
 * @typedef {Readonly<Record<Operation, number>>} Rates calls a second, of each kind
 *
 * @typedef {object} Arrival
 * @property {number} at milliseconds after the start
 * @property {Operation} operation
 * @property {number} index which session
 *
 * @typedef {Outcome & { operation: Operation, late: number }} Made
 *   `late`: milliseconds from the time when the call was due to the time when it was made
 */

/**
 * The calls of a Poisson process for each kind of operation, in the order of their times. The same
 * arguments give the same calls.
 *
 * @param {Rates} rates
 * @param {{ seconds: number, ids: number, seed: number }} how `ids`: each call is for one of so
 *   many sessions, chosen at random; `seed`: a whole number above 0
 * @returns {Arrival[]}
 */
function arrivalsOf(rates, { seconds, ids, seed }) {
  const random = randomFrom(seed);
  const all = [];
  for (const [operation, rate] of /** @type {[Operation, number][]} */ (Object.entries(rates))) {
    const gap = () => (-Math.log(1 - random()) * 1000) / rate;
    for (let at = gap(); at < seconds * 1000; at += gap()) {
      all.push({ at, operation, index: Math.floor(random() * ids) });
    }
  }
  return all.sort((a, b) => a.at - b.at);
}

/**
 * A generator of numbers from 0 to 1 (never 1), by Lehmer's method with Park and Miller's modulus.
 *
 * @param {number} seed
 */
function randomFrom(seed) {
  const modulus = 2 ** 31 - 1;
  let state = (seed * 16_807) % modulus;
  return () => {
    state = (state * 48_271) % modulus;
    return state / modulus;
  };
}

/**
 * Makes each call when it is due, and waits for the calls in flight after the last of them. The
 * timer that it waits with has a resolution of 1 ms: calls that became due meanwhile are made
 * together.
 *
 * @param {Calls} calls
 * @param {readonly Arrival[]} arrivals
 * @returns {Promise<Made[]>} what became of each call
 */
async function play(calls, arrivals) {
  const pending = [];
  const started = performance.now();
  for (let next = 0; next < arrivals.length; ) {
    const now = performance.now() - started;
    for (; next < arrivals.length && arrivals[next].at <= now; next += 1) {
      const late = performance.now() - started - arrivals[next].at;
      pending.push(make(calls, arrivals[next], late));
    }
    if (next < arrivals.length) await sleep(1);
  }
  return Promise.all(pending);
}

/**
 * @param {Calls} calls
 * @param {Arrival} arrival
 * @param {number} late
 * @returns {Promise<Made>}
 */
async function make(calls, { operation, index }, late) {
  return { operation, late, ...(await timed(calls, operation, index)) };
}

module.exports = { arrivalsOf, play };
