'use strict';

/**
 * The marks that a store keeps of its sessions: their beginning, for the option `absoluteTtl`, and their values in
 * the indexes of the option `indexes`. This file is loaded only if one of the two is set.
 */

const { storeError } = require('./errors');
const { isWellFormed, typeName } = require('./options');
const { readAbsoluteTtl, readIndexes } = require('./tracking.options');

/** @import { SessionMarks, TrackingOptions } from '../native/binding' */
/** @import { Known } from './known' */
/** @import { NewEnd, SessionRecord } from './store' */
/** @import { SessionIndex } from './tracking.options' */

/** DynamoDB's limit for a key of an index, in bytes. */
const LONGEST_VALUE = 2048;

/** The longest label that is stored, in characters. */
const LONGEST_LABEL = 256;

/**
 * The marks of a write.
 *
 * @typedef {SessionMarks} Marks
 *
 * The marks of a session in the table, as a request knows them.
 *
 * @typedef {object} Tracked
 * @property {number | undefined} created milliseconds since the Unix epoch
 * @property {boolean} isStored whether the table has the beginning
 * @property {(string | null | undefined)[]} values its values in the indexes
 * @property {number | null | undefined} seen the time of its last write in milliseconds, with indexes
 */

class Tracking {
  /** Milliseconds after which a session ends; `undefined`: no such end. @type {number | undefined} */
  absoluteTtl;
  /** Whether a regenerated session keeps the beginning of the old one. */
  isContinued;
  /** @type {SessionIndex[]} */
  indexes;
  #parse = JSON.parse;

  /** @param {Record<string, any>} options */
  constructor(options) {
    const { ttl, regenerate } = readAbsoluteTtl(options);
    this.absoluteTtl = ttl;
    this.isContinued = ttl !== undefined && regenerate !== 'restart';
    this.indexes = readIndexes(options);
  }

  /** The options of the addon. @returns {TrackingOptions} */
  get native() {
    const indexes = this.indexes.map(({ name, attribute, index }) => ({ name, attribute, index }));
    return { absoluteTtl: this.absoluteTtl, indexes };
  }

  /**
   * Notes the beginning of a session that has none yet.
   *
   * @param {Known} known
   * @param {number} [created] milliseconds since the Unix epoch; default: now
   * @returns {Tracked}
   */
  begin(known, created) {
    known.tracked ??= { created: undefined, isStored: false, values: [], seen: undefined };
    known.tracked.created ??= created ?? Date.now();
    return known.tracked;
  }

  /**
   * Returns the marks of a write.
   *
   * @param {any} session
   * @param {any} request for the label; `undefined` if the application passes the session itself
   * @param {Known | undefined} known
   * @returns {Marks}
   */
  #marksOf(session, request, known) {
    const now = Date.now();
    const { created = now, values = [] } = (known && this.begin(known)) ?? {};
    const indexed = this.indexes.map((index, at) => {
      const value = valueIn(index, session);
      const isNew = value !== undefined && value !== values[at];
      const label = isNew ? labelIn(index, session, request) : undefined;
      const isLogin = isNew && !this.#hadValue(index, value, known);
      return { value, label, isNew, isLogin };
    });
    return { created, seen: now, indexed };
  }

  /**
   * Whether the request has read the session with this value, which a writer without the option has not put into the
   * index.
   *
   * @param {SessionIndex} index
   * @param {string | undefined} value
   * @param {Known | undefined} known
   */
  #hadValue(index, value, known) {
    if (known?.base === undefined) return false;
    try {
      return valueIn(index, this.#parse(known.base)) === value;
    } catch {
      // The session was read with a value that no index can have, so it gets another one now.
      return false;
    }
  }

  /**
   * Whether the values of a session in the indexes differ from those in the table.
   *
   * @param {any} session
   * @param {Known} known
   */
  hasNewValues(session, { tracked }) {
    return this.indexes.some(
      (index, at) => valueIn(index, session) !== (tracked?.values[at] ?? undefined),
    );
  }

  /**
   * Returns the values of a session in the indexes.
   *
   * @param {string} data the session as JSON
   */
  valuesOf(data) {
    const session = this.#parse(data);
    return this.indexes.map((index) => valueIn(index, session));
  }

  /**
   * Sets the function that parses sessions.
   *
   * @param {(data: string) => any} parse
   */
  parseBy(parse) {
    this.#parse = parse;
  }

  /**
   * Returns the absolute end of a session in milliseconds; `undefined` if it has none.
   *
   * @param {Known | undefined} known without it, the session counts as new
   */
  endOf(known) {
    if (this.absoluteTtl === undefined) return undefined;
    return (known?.tracked?.created ?? Date.now()) + this.absoluteTtl;
  }

  /**
   * Returns the record and the marks of a save, with the end that the beginning of the session allows.
   *
   * @param {SessionRecord} record
   * @param {Known | undefined} known
   * @param {number} [end] the end by the framework's own clock, in seconds
   */
  mark({ session, request, ...record }, known, end) {
    const marks = this.#marksOf(session, request, known);
    return {
      record: { ...record, expires: this.#limit(record.expires, known) },
      marks,
      values: marks.indexed.map(({ value }) => value),
      expires: this.#limit(end, known),
    };
  }

  /**
   * Returns the end of a touch, as the beginning of the session allows it. `isDue`: the touch has to be written,
   * because the table does not have the beginning of the session yet, or because the end moves no more, and an index
   * needs the time of the touch.
   *
   * @param {NewEnd} end
   * @param {Known | undefined} known
   * @param {number | 'auto'} interval the option `touchInterval`
   */
  limitTouch({ expires, exact, lifetime, known: to = expires }, known, interval) {
    const end = this.endOf(known);
    const now = Date.now();
    const { isStored = false, seen } = known?.tracked ?? {};
    // The end tells the lifetime no more, so the cookie does, if it can.
    const lasts = lifetime || known?.maxAge || to * 1000 - now;
    const least = interval === 'auto' ? lasts / 20 : interval;
    const isLimited = this.indexes.length > 0 && end !== undefined && to >= Math.floor(end / 1000);
    return {
      expires: /** @type {number} */ (this.#limit(expires, known)),
      exact: exact !== undefined && end !== undefined ? Math.min(exact, end) : exact,
      lifetime,
      known: this.#limit(to, known),
      isDue: !isStored || (isLimited && now - (seen ?? 0) >= least),
      seen: now,
    };
  }

  /**
   * Notes that a touch has written the beginning of a session.
   *
   * @param {Known | undefined} known
   * @param {number} seen milliseconds since the Unix epoch
   */
  noteTouch(known, seen) {
    if (known) Object.assign(this.begin(known, seen), { isStored: true, seen });
  }

  /**
   * Returns the earlier one of an end and the absolute end of a session, in seconds.
   *
   * @template {number | undefined} T
   * @param {T} expires
   * @param {Known | undefined} known
   * @returns {number | T}
   */
  #limit(expires, known) {
    const end = this.endOf(known);
    if (end === undefined) return expires;
    const seconds = Math.floor(end / 1000);
    return expires === undefined || expires > seconds ? seconds : expires;
  }
}

/**
 * Returns the value of a session in an index, as text; `undefined` if the session is not in the index.
 *
 * @param {SessionIndex} index
 * @param {any} session
 * @returns {string | undefined}
 */
function valueIn(index, session) {
  const { name } = index;
  let value;
  try {
    value = index.valueOf(session);
  } catch (cause) {
    throw indexError(`the function "value" of the index "${name}" has failed`, { cause });
  }
  return keyOf(value, `the value of the session in the index "${name}"`);
}

/**
 * Converts a value to the text of an index's key. `null`, `false` and an empty text count as no value, because an
 * application may log its users out by one of them.
 *
 * @param {any} given
 * @param {string} what the subject of an error
 * @returns {string | undefined}
 */
function keyOf(given, what) {
  const value = plain(given, what);
  if (value === undefined || value === null || value === false || value === '') return undefined;
  const isNumber = typeof value === 'bigint' || Number.isFinite(value);
  if (typeof value !== 'string' && !isNumber) {
    throw indexError(`${what} must be a string, a number or undefined, but is ${typeName(value)}`);
  }
  const text = String(value);
  if (!isWellFormed(text)) {
    throw indexError(`${what} is not well-formed Unicode: it has half a surrogate pair`);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes <= LONGEST_VALUE) return text;
  throw indexError(`${what} must have at most ${LONGEST_VALUE} bytes, but has ${bytes}`);
}

/**
 * Converts a value as JSON does: the id of a document in MongoDB becomes its text.
 *
 * @param {any} given
 * @param {string} what the subject of an error
 */
function plain(given, what) {
  try {
    return typeof given?.toJSON === 'function' ? given.toJSON() : given;
  } catch (cause) {
    throw indexError(`${what} has a "toJSON" that has failed`, { cause });
  }
}

/**
 * @param {SessionIndex} index
 * @param {any} session
 * @param {any} request
 * @returns {string | undefined}
 */
function labelIn({ name, label }, session, request) {
  let given;
  try {
    given = label?.(session, request);
  } catch (cause) {
    throw indexError(`the function "label" of the index "${name}" has failed`, { cause });
  }
  if (given === undefined || given === null) return undefined;
  if (typeof given === 'string') {
    return /** @type {any} */ (given.slice(0, LONGEST_LABEL)).toWellFormed();
  }
  throw indexError(
    `the function "label" of the index "${name}" must return a string or undefined, but returned ${typeName(given)}`,
  );
}

/**
 * @param {string} message
 * @param {{ cause?: unknown }} [options]
 */
function indexError(message, options) {
  return storeError('ERR_SESSION_INDEX_VALUE', message, options);
}

module.exports = { Tracking, keyOf };
