'use strict';

/** The events `create`, `destroy` and `expire` of sessions, and the warning about ids that can be guessed. */

const { storeError } = require('./errors');
const { nextTick } = require('./timers');
const { warn } = require('./warning');

/** @import { EventEmitter } from 'node:events' */
/** @import { Known } from './known' */
/** @typedef {'create' | 'destroy' | 'expire'} LifecycleEvent */

/** The bits that an id must have at least, by OWASP's ASVS 5.0, 7.2.3. */
const LEAST_BITS = 128;

/** An id of this length has enough bits, even if it consists of digits only. */
const LONG_ENOUGH = 39;

/** The alphabets of ids, and the bits of a character. */
const ALPHABETS = /** @type {[RegExp, number][]} */ ([
  [/^\d*$/, Math.log2(10)],
  [/^[\da-f]*$/i, 4],
]);

/** The bits of a character of another alphabet, such as base64url. */
const BITS = 6;

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether a short id was reported in this process. */
let hasWarned = false;

class Lifecycle {
  #events;
  #keysOf;
  /** What requests know of the new sessions that were reported. @type {WeakSet<Known>} */
  #reported = new WeakSet();

  /**
   * @param {EventEmitter} events
   * @param {(sid: string) => string[]} keysOf returns the keys of a session's item, the present one first
   */
  constructor(events, keysOf) {
    this.#events = events;
    this.#keysOf = keysOf;
  }

  /** @param {LifecycleEvent} event */
  isHeard(event) {
    return this.#events.listenerCount(event) > 0;
  }

  /**
   * Reports an event of a session.
   *
   * @param {LifecycleEvent} event
   * @param {string} sid
   */
  report(event, sid) {
    if (!this.isHeard(event)) return;
    this.reportKeys(event, this.#keysOf(sid).slice(0, 1));
  }

  /**
   * Reports an event of sessions, by the keys of their items.
   *
   * @param {LifecycleEvent} event
   * @param {string[]} keys
   */
  reportKeys(event, keys) {
    if (!this.isHeard(event)) return;
    // Loaded where it is needed: only few applications listen.
    const { handleOf } = require('./handle');
    // Each on its own tick: an error that a listener throws must not reach a call, nor keep other events back.
    for (const key of keys) {
      nextTick(() => this.#events.emit(event, { handle: handleOf(key) }));
    }
  }

  /**
   * Reports a new session, once the first save of its request has succeeded.
   *
   * @param {string} sid
   * @param {Known} known what the request knows of the session
   * @param {Promise<boolean>} saved whether the session exists after the save
   * @returns {Promise<boolean>} as `saved`
   */
  async reportNew(sid, known, saved) {
    this.#checkId(sid);
    const exists = await saved;
    if (exists && !this.#reported.has(known)) {
      this.#reported.add(known);
      this.report('create', sid);
    }
    return exists;
  }

  /**
   * Warns once in a process if the id of a new session can be guessed.
   *
   * @param {string} sid
   */
  #checkId(sid) {
    if (sid.length >= LONG_ENOUGH || hasWarned) return;
    const bits = bitsOf(sid);
    if (bits >= LEAST_BITS) return;
    hasWarned = true;
    const message =
      `a session id has at most ${Math.floor(bits)} bits, so it may be guessed: let the framework make ids, or ` +
      `make them of at least ${LEAST_BITS} random bits`;
    warn(this.#events, storeError('ERR_SESSION_SHORT_ID', message));
  }
}

/**
 * The most bits that an id can have by its length and its alphabet.
 *
 * @param {string} sid
 */
function bitsOf(sid) {
  if (UUID.test(sid)) return LEAST_BITS;
  const [, bits] = ALPHABETS.find(([pattern]) => pattern.test(sid)) ?? [undefined, BITS];
  return sid.length * bits;
}

module.exports = { Lifecycle };
