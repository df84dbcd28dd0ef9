'use strict';

/**
 * Live figures of a store, from the diagnostics channels of the package. The figures are those of this process. The
 * channels are followed only while somebody watches, so that they cost nothing otherwise.
 */

const { subscribe, tracingChannel, unsubscribe } = require('node:diagnostics_channel');
const { createHistogram } = require('node:perf_hooks');
const { CHANNELS } = require('dynamo-session-store');

const SECOND = 1000;

/** The seconds of the chart. */
const HISTORY = 60;

/** The seconds of the percentiles: one second has too few calls. */
const WINDOW = 10;

/** The time for which the channels are followed after the last watcher has left: a browser comes back soon. */
const GRACE = 10 * SECOND;

/** Requests that take read units. All others take write units. */
const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan']);

/** Durations in microseconds, up to a minute. */
const newDurations = () => createHistogram({ lowest: 1, highest: 60_000_000, figures: 2 });

/** The counts of a second. */
function newSecond() {
  return {
    operations: 0,
    errors: 0,
    retries: 0,
    throttles: 0,
    /** Not known as long as no answer has them: see the option `returnConsumedCapacity`. */
    units: undefined,
    durations: newDurations(),
  };
}

class Figures {
  #store;
  /** @type {Set<(figures: object, isSecond: boolean) => void>} */
  #watchers = new Set();
  #second = newSecond();
  /** The last seconds. @type {ReturnType<typeof newSecond>[]} */
  #window = [];
  /** The last figures, for the chart. @type {object[]} */
  #history = [];
  /** Ends each second. @type {NodeJS.Timeout | undefined} */
  #timer;
  /** @type {NodeJS.Timeout | undefined} */
  #leaving;
  #traced;
  #points;

  /** @param {import('dynamo-session-store').DynamoDBStore} store */
  constructor(store) {
    this.#store = store;
    // The store may have the ARN of its table. Other stores of the process may have other tables.
    const table = store.table.slice(store.table.lastIndexOf('/') + 1);
    const own = (count) => (message) => {
      if (message['db.collection.name'] === table) count(this.#second, message);
    };
    this.#traced = [
      [CHANNELS.OPERATION, { asyncEnd: own(countOperation) }],
      [CHANNELS.REQUEST, { asyncEnd: own(countUnits) }],
    ];
    this.#points = [
      [CHANNELS.RETRY, own(countRetry)],
      [CHANNELS.THROTTLE, own(countThrottle)],
      // An outage is shown at once, not with the next second.
      [CHANNELS.BREAKER, own(() => setImmediate(() => this.#tell(this.now, false)))],
    ];
  }

  /**
   * Calls a listener each second, and when an outage begins or ends.
   *
   * @param {(figures: any, isSecond: boolean) => void} listener
   * @returns {() => void} ends it
   */
  watch(listener) {
    clearTimeout(this.#leaving);
    if (!this.#timer) this.#start();
    this.#watchers.add(listener);
    return () => {
      this.#watchers.delete(listener);
      if (this.#watchers.size > 0) return;
      this.#leaving = setTimeout(() => this.#stop(), GRACE).unref();
    };
  }

  /** The figures of the last minute, as far as somebody has watched. */
  get history() {
    return [...this.#history];
  }

  /** The figures of now: those of the last seconds, and the totals of the store. */
  get now() {
    const durations = newDurations();
    for (const second of this.#window) durations.add(second.durations);
    const last = this.#window.at(-1) ?? newSecond();
    const { operations, errors, retries, throttles, units } = last;
    const at = (percent) => (durations.count ? durations.percentile(percent) / 1000 : null);
    return {
      at: Date.now(),
      perSecond: { operations, errors, retries, throttles, units: units ?? null },
      milliseconds: { p50: at(50), p99: at(99) },
      stats: this.#store.stats(),
    };
  }

  #start() {
    for (const [name, handlers] of this.#traced) tracingChannel(name).subscribe(handlers);
    for (const [name, listener] of this.#points) subscribe(name, listener);
    this.#second = newSecond();
    this.#timer = setInterval(() => this.#endSecond(), SECOND).unref();
  }

  #stop() {
    for (const [name, handlers] of this.#traced) tracingChannel(name).unsubscribe(handlers);
    for (const [name, listener] of this.#points) unsubscribe(name, listener);
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#window = [];
    this.#history = [];
  }

  #endSecond() {
    this.#window = [...this.#window, this.#second].slice(-WINDOW);
    this.#second = newSecond();
    const figures = this.now;
    this.#history = [...this.#history, figures].slice(-HISTORY);
    this.#tell(figures, true);
  }

  /** @param {object} figures @param {boolean} isSecond */
  #tell(figures, isSecond) {
    for (const listener of this.#watchers) listener(figures, isSecond);
  }
}

function countOperation(second, { duration, 'error.type': error }) {
  second.operations += 1;
  if (error) second.errors += 1;
  second.durations.record(Math.min(Math.max(1, Math.round(duration * 1000)), 60_000_000));
}

function countUnits(second, { 'db.operation.name': operation, capacityUnits }) {
  if (capacityUnits === undefined) return;
  second.units ??= { read: 0, write: 0 };
  second.units[READS.has(operation) ? 'read' : 'write'] += capacityUnits;
}

function countRetry(second) {
  second.retries += 1;
}

function countThrottle(second) {
  second.throttles += 1;
}

module.exports = { Figures };
