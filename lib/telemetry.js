'use strict';

/** The counters of a store since it was made, and the events of its calls. */

const { debuglog } = require('node:util');
const { variable } = require('./aws/environment');
const { attempt } = require('./callback');
const { isFollowed } = require('./channels');
const { codeOf } = require('./errors');

/** @import { Failure, NativeStore, TelemetryEvent } from '../native/binding' */
/** @import { Pending } from './pending' */
/** @import { OperationContext, RunInContext, Tracing } from './tracing' */

/**
 * The outcomes of the calls of one kind.
 *
 * @typedef {object} Outcomes
 * @property {number} succeeded
 * @property {number} failed
 * @property {Record<string, number>} errors the failed calls, by the code of their error
 *
 * @typedef {{ outcomes: Outcomes, succeed: () => void, fail: (error: any) => void }} Counters
 */

let isDebugDecided = false;

/** Starts the debug output with the first store, if a variable asks for it: most applications need none. */
function startDebug() {
  if (isDebugDecided) return;
  isDebugDecided = true;
  // The variable is read first, because Node takes a tenth of a millisecond for its first `debuglog`.
  const isNamed = variable('NODE_DEBUG') && debuglog('dynamo-session-store').enabled;
  if (isNamed || variable('DYNAMODB_STORE_DEBUG')) require('./debug').start();
}

class Telemetry {
  #table;
  #pending;
  #since = new Date();
  /** @type {Map<string, Counters>} */
  #byKind = new Map();
  /** The calls that needed no write. */
  #leftOut = 0;
  #isAvailable = true;
  /** @type {Tracing | undefined} */
  #tracing;

  /**
   * @param {string} table the name of the table
   * @param {Pending} pending counts the pending calls
   */
  constructor(table, pending) {
    this.#table = table;
    this.#pending = pending;
    startDebug();
  }

  /**
   * Makes a call of the store, counts its outcome, and publishes its events if somebody subscribes to them.
   *
   * @template T
   * @param {string} kind
   * @param {(context?: OperationContext) => Promise<T>} call adds to the context of the call's events, if there is one
   * @returns {Promise<T>}
   */
  run(kind, call) {
    const outcome = attempt(() => (isFollowed() ? this.#events.operation(kind, call) : call()));
    const { succeed, fail } = this.#countersOf(kind);
    outcome.then(succeed, fail);
    return outcome;
  }

  /**
   * Notes whether DynamoDB can be used.
   *
   * @param {(Failure | null)[]} outages the reason of each outage that has begun, and `null` for each that has ended
   */
  noteOutages(outages) {
    this.#isAvailable = outages.at(-1) === null;
  }

  /** Counts a call that needs no write. */
  countLeftOut() {
    this.#leftOut += 1;
  }

  /**
   * Publishes events of the addon.
   *
   * @param {TelemetryEvent[]} events
   * @param {RunInContext} run
   */
  publish(events, run) {
    this.#events.publish(events, run);
  }

  /**
   * The counters of the store and of its requests.
   *
   * @param {NativeStore} native
   */
  read(native) {
    const { operations, sent, received, readUnits, writeUnits, ...rest } = native.counters();
    const requests = operations.map(({ name, ...counters }) => [name, counters]);
    const calls = [...this.#byKind].map(([kind, { outcomes }]) => [
      kind,
      { ...outcomes, errors: { ...outcomes.errors } },
    ]);
    return {
      since: this.#since,
      available: this.#isAvailable,
      operations: Object.fromEntries(calls),
      pending: this.#pending.count,
      leftOut: this.#leftOut,
      requests: Object.fromEntries(requests),
      ...rest,
      bytes: { sent, received },
      capacity: { read: readUnits, write: writeUnits },
    };
  }

  get #events() {
    this.#tracing ??= new (require('./tracing').Tracing)(this.#table);
    return this.#tracing;
  }

  /** @param {string} kind */
  #countersOf(kind) {
    const known = this.#byKind.get(kind);
    if (known) return known;
    /** @type {Outcomes} */
    const outcomes = { succeeded: 0, failed: 0, errors: Object.create(null) };
    const counters = {
      outcomes,
      succeed() {
        outcomes.succeeded += 1;
      },
      fail(/** @type {unknown} */ error) {
        const code = codeOf(error);
        outcomes.failed += 1;
        outcomes.errors[code] = (outcomes.errors[code] ?? 0) + 1;
      },
    };
    this.#byKind.set(kind, counters);
    return counters;
  }
}

module.exports = { Telemetry };
