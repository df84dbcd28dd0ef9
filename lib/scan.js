'use strict';

/**
 * Scans: the operations on all sessions of a table. The addon reads a page of the table at a time, and does with its
 * sessions what the operation says. This file decides which page comes next: by segments, by the limit in capacity
 * units, and from the position of an earlier scan.
 */

const { closedError, invalidArgument, resultOf, toError } = require('./errors');
const { methodOptions } = require('./fields');
const { option } = require('./options');
const { Pace } = require('./pace');
const { MOST_SEGMENTS, Position } = require('./position');
const { ignore, listen, readSignal } = require('./signals');
const { monotonicNow, nextTick } = require('./timers');

/** @import { SweepPage, SweepRequest } from '../native/binding' */
/** @import { Host } from './host' */
/** @import { Clock } from './pace' */

/**
 * The largest number of pages in flight, so that memory stays bounded: a page has up to 1 MB. With more segments,
 * the next one begins when one is done.
 */
const PAGES_AT_ONCE = 32;

/** `clear` reads the table at most this number of times while sessions may move, until it finds none. */
const CLEAR_PASSES = 5;

/**
 * An operation on all sessions.
 *
 * @typedef {object} Operation
 * @property {string} name the method of the store
 * @property {SweepRequest['sweep']} sweep
 * @property {boolean} [isIterated] whether the application asks for each page. Then a scan that ends early leaves out
 *   pages in flight; otherwise it waits for them, because they may delete sessions
 * @property {boolean} [keepsUnreadable] whether sessions that cannot be decoded are a part of the pages, and not the end
 *   of the scan
 * @property {boolean} [isSilent] whether the operation emits no progress
 */

/** The state of a scan, for the event `progress`. */
class Progress {
  #token;

  /**
   * @param {object} state
   * @param {string} state.operation
   * @param {number} state.segments
   * @param {number} state.segmentsDone
   * @param {number} state.read
   * @param {number} state.sessions
   * @param {number} state.deleted
   * @param {number | undefined} state.capacity
   * @param {number} state.elapsed milliseconds
   * @param {() => string} token
   */
  constructor(state, token) {
    this.operation = state.operation;
    this.segments = state.segments;
    this.segmentsDone = state.segmentsDone;
    this.read = state.read;
    this.sessions = state.sessions;
    this.deleted = state.deleted;
    this.capacity = state.capacity;
    this.elapsed = state.elapsed;
    this.#token = token;
  }

  /** The token. It is no property of the object itself: it has ids of sessions, which no log may show. */
  get resume() {
    return this.#token();
  }
}

class Scan {
  #host;
  #operation;
  #signal;
  #position;
  /** @type {Pace | undefined} */
  #pace;
  #countsUnits;
  #start = monotonicNow();
  #now = Date.now();
  #read = 0;
  #sessions = 0;
  #deleted = 0;
  /** The capacity units so far; `undefined` if they are not known. @type {number | undefined} */
  #capacity;
  /** The reason to read no further page. @type {{ error: unknown } | undefined} */
  #end;
  /** Is aborted once no further page is read. */
  #stopping = new AbortController();
  /** The first failure of a deletion. @type {import('../native/binding').Failure | undefined} */
  #failure;
  /** Whether the table was ready for a page of this scan. */
  #hasBegun = false;

  /**
   * @param {Host} host
   * @param {Operation} operation
   * @param {unknown} given the options of the method
   * @param {Clock} [clock]
   * @throws {TypeError} if an option is wrong
   */
  constructor(host, operation, given, clock) {
    this.#host = host;
    this.#operation = operation;
    const { segments, resume, signal, capacityPerSecond } = readScanOptions(given, operation.name);
    const subject = { operation: operation.name, table: host.table, prefix: host.prefix };
    this.#signal = signal;
    this.#position =
      resume === undefined
        ? new Position(subject, segments ?? 1)
        : Position.of(subject, resume, segments);
    if (capacityPerSecond !== undefined) {
      this.#pace = new Pace(capacityPerSecond, this.#deletes, clock);
    }
    this.#countsUnits = this.#pace !== undefined || this.#isHeard;
    this.#capacity = this.#countsUnits ? 0 : undefined;
  }

  /**
   * Scans the table to its end.
   *
   * @param {(page: SweepPage) => void} take
   * @returns {Promise<void>}
   * @throws the reason of the signal; the error of a page; or, in the end, the first error of a deletion
   */
  async run(take) {
    for await (const page of this.pages()) take(page);
    if (this.#failure) throw toError(this.#failure);
  }

  /** @throws the reason for which the scan has ended early */
  throwIfStopped() {
    if (this.#end) throw this.#end.error;
  }

  /**
   * The pages. A page counts as done when the next one is asked for.
   *
   * @returns {AsyncGenerator<SweepPage, void, undefined>}
   */
  async *pages() {
    const abort = () => this.#stop(this.#signal?.reason);
    const close = () => this.#stop(closedError());
    const { closing } = this.#host;
    if (this.#signal) listen(this.#signal, abort);
    // A scan with a limit may take hours, which a server does not have when it ends.
    if (this.#pace) listen(closing, close);
    try {
      do yield* this.#pass();
      while (this.#needsAnotherPass());
    } finally {
      this.#stop(undefined);
      if (this.#signal) ignore(this.#signal, abort);
      ignore(closing, close);
    }
  }

  /**
   * The pages of one pass through the table.
   *
   * @returns {AsyncGenerator<SweepPage, void, undefined>}
   */
  async *#pass() {
    const waiting = this.#position.open;
    /** @type {Map<number, ReturnType<Scan['readPage']>>} */
    const reading = new Map();
    for (;;) {
      while (!this.#end && reading.size < PAGES_AT_ONCE) {
        const segment = waiting.shift();
        if (segment === undefined) break;
        reading.set(segment, this.readPage(segment));
      }
      if (reading.size === 0 || (this.#end && this.#operation.isIterated)) break;
      const { segment, page, error } = await Promise.race(reading.values());
      reading.delete(segment);
      if (error !== undefined) this.#stop(error);
      if (!page || (this.#end && this.#operation.isIterated)) continue;
      yield page;
      this.#note(segment, page);
      // This segment goes on before a new one begins.
      if (page.next !== undefined) waiting.unshift(segment);
    }
    this.throwIfStopped();
  }

  /**
   * Reads a page. Never rejects, because nobody may wait for the page any more.
   *
   * @param {number} segment
   * @returns {Promise<{ segment: number, page?: SweepPage, error?: unknown }>} without a page, the scan is to stop
   */
  async readPage(segment) {
    try {
      // Without a limit, no `await`: the call must count as pending at once.
      const begun = this.#pace && (await this.#pace.begin(this.#stopping.signal));
      if (this.#end) return { segment };
      const page = await this.#ask({
        sweep: this.#operation.sweep,
        segment,
        segments: this.#position.segments,
        start: this.#position.startOf(segment),
        most: begun?.most,
        countsUnits: this.#countsUnits,
        keepsUnreadable: this.#operation.keepsUnreadable ?? false,
        withKeys: this.#isEventHeard,
      });
      if (begun) this.#pace?.end(begun, page);
      return { segment, page };
    } catch (error) {
      return { segment, error };
    }
  }

  /**
   * Asks for a page.
   *
   * @param {SweepRequest} request
   * @returns {Promise<SweepPage>}
   */
  async #ask(request) {
    const { native, call, goOn, run } = this.#host;
    // An iteration may take long, so each page has its own time. The other operations have the time at which they
    // were called.
    const now = this.#operation.isIterated ? Date.now() : this.#now;
    const ask = (/** @type {number} */ limit) => native().sweepPage(request, now, limit);
    // A call that has begun goes on after `close()`. An iteration consists of calls.
    const { isIterated, name } = this.#operation;
    const asked = async () =>
      resultOf(await (isIterated || !this.#hasBegun ? call(ask) : goOn(ask)));
    const page = await (isIterated ? run(name, asked) : asked());
    this.#hasBegun = true;
    return page;
  }

  /**
   * Notes a page that is done.
   *
   * @param {number} segment
   * @param {SweepPage} page
   */
  #note(segment, page) {
    const { read, sessions, deleted, readUnits, writeUnits, failure, next } = page;
    this.#read += read;
    this.#sessions += sessions;
    this.#deleted += deleted;
    const units = this.#deletes ? sum(readUnits, writeUnits) : readUnits;
    this.#capacity = sum(this.#capacity, units);
    this.#failure ??= failure;
    this.#position.deleted += deleted;
    this.#position.advance(segment, next, failure === undefined);
    if (this.#isHeard) this.#emit();
  }

  #emit() {
    const { events } = this.#host;
    const progress = new Progress(
      {
        operation: this.#operation.name,
        segments: this.#position.segments,
        segmentsDone: this.#position.segmentsDone,
        read: this.#read,
        sessions: this.#sessions,
        deleted: this.#deleted,
        capacity: this.#capacity,
        elapsed: monotonicNow() - this.#start,
      },
      this.#position.snapshot(),
    );
    try {
      // Now, and not on the next tick: the last event must come before the end of the call.
      events.emit('progress', progress);
    } catch (error) {
      // An error of a listener must not end the scan.
      nextTick(() => {
        throw error;
      });
    }
  }

  /** @param {unknown} error the reason to read no further page */
  #stop(error) {
    this.#end ??= { error };
    this.#stopping.abort();
  }

  /** Whether the table has to be read once more: a session that has moved meanwhile may have been missed. */
  #needsAnotherPass() {
    const { pass, deleted } = this.#position;
    const most = this.#operation.sweep === 'clear' && this.#host.moves ? CLEAR_PASSES : 1;
    if (pass >= most || (pass > 1 && deleted === 0)) return false;
    this.#position.restart();
    return true;
  }

  get #deletes() {
    return this.#operation.sweep === 'clear' || this.#operation.sweep === 'reap';
  }

  /** Whether the application listens to progress. */
  get #isHeard() {
    return !this.#operation.isSilent && this.#host.events.listenerCount('progress') > 0;
  }

  /** Whether the application listens to the events of deleted sessions. */
  get #isEventHeard() {
    const { lifecycle } = this.#host;
    const { sweep } = this.#operation;
    return this.#deletes && lifecycle.isHeard(sweep === 'reap' ? 'expire' : 'destroy');
  }
}

/**
 * @param {number | undefined} one
 * @param {number | undefined} other
 */
function sum(one, other) {
  return one === undefined || other === undefined ? undefined : one + other;
}

/**
 * @param {unknown} given
 * @param {string} method
 */
function readScanOptions(given, method) {
  const known = ['segments', 'capacityPerSecond', 'resume', 'signal'];
  const options = methodOptions(given, method, known);
  const segments = option(options, 'segments', 'number');
  if (
    segments !== undefined &&
    !(Number.isInteger(segments) && segments >= 1 && segments <= MOST_SEGMENTS)
  ) {
    throw invalidArgument(
      `option "segments" must be a whole number from 1 to ${MOST_SEGMENTS}, but is ${segments}`,
    );
  }
  const capacityPerSecond = option(options, 'capacityPerSecond', 'number');
  if (capacityPerSecond !== undefined && capacityPerSecond <= 0) {
    throw invalidArgument(
      `option "capacityPerSecond" must be a number of capacity units above 0, but is ${capacityPerSecond}`,
    );
  }
  return {
    /** @type {number | undefined} */
    segments,
    /** @type {number | undefined} */
    capacityPerSecond,
    /** @type {string | undefined} */
    resume: readResume(options),
    signal: readSignal(options),
  };
}

/** @param {Record<string, any>} options */
function readResume({ resume }) {
  if (resume === undefined || resume === null) return undefined;
  if (typeof resume === 'string') return resume;
  // The value is not shown: a token has ids of sessions.
  throw invalidArgument('option "resume" must be a token of the event "progress"');
}

module.exports = { Scan };
