'use strict';

/** The position of a scan in its table, and the token from which a later call goes on. */

const { invalidArgument } = require('./errors');

/** The version of the form of tokens. */
const FORM = 1;

/** The operations of which tokens exist. */
const OPERATIONS = new Set(['reap', 'clear', 'length', 'ids', 'sessions']);

/** The largest number of segments. */
const MOST_SEGMENTS = 1000;

/** Entries of a token for a segment without a key. */
const NOT_BEGUN = 0;
const DONE = 1;

/** @typedef {string | typeof NOT_BEGUN | typeof DONE} Place where a segment goes on: the key after which it begins */

/**
 * What a scan is about. A token is only good for the same.
 *
 * @typedef {{ operation: string, table: string, prefix: string }} Subject
 */

class Position {
  /** The number of the pass: `clear` may read the table several times. */
  pass = 1;
  /** The number of items that this pass has deleted. */
  deleted = 0;
  #subject;
  /** Where each segment goes on. @type {Place[]} */
  #places;
  /** Where a later call begins each segment, if not there: a deletion has failed on a page. @type {Map<number, Place>} */
  #kept = new Map();

  /**
   * @param {Subject} subject
   * @param {number} segments
   */
  constructor(subject, segments) {
    this.#subject = subject;
    this.#places = Array(segments).fill(NOT_BEGUN);
  }

  /**
   * The position of a token.
   *
   * @param {Subject} subject
   * @param {string} token
   * @param {number | undefined} segments the option `segments`
   * @throws {TypeError}
   */
  static of(subject, token, segments) {
    const { pass, deleted, places } = read(subject, token);
    if (segments !== undefined && segments !== places.length) {
      throw invalidArgument(
        `option "segments" must be ${places.length}, as in the token of the option "resume", or not set, but is ${segments}`,
      );
    }
    const position = new Position(subject, places.length);
    position.pass = pass;
    position.deleted = deleted;
    position.#places = places;
    return position;
  }

  get segments() {
    return this.#places.length;
  }

  /** The number of segments that were read to their end. */
  get segmentsDone() {
    return this.#places.filter((place) => place === DONE).length;
  }

  /** The segments that are not done. */
  get open() {
    return [...this.#places.keys()].filter((segment) => this.#places[segment] !== DONE);
  }

  /**
   * The key after which a segment goes on.
   *
   * @param {number} segment
   */
  startOf(segment) {
    const place = this.#places[segment];
    return typeof place === 'string' ? place : undefined;
  }

  /**
   * Notes a page that is done.
   *
   * @param {number} segment
   * @param {string | undefined} next where the next page begins; `undefined` after the last
   * @param {boolean} isComplete `false` if a deletion has failed: a later call reads the page again
   */
  advance(segment, next, isComplete) {
    if (!isComplete && !this.#kept.has(segment)) this.#kept.set(segment, this.#places[segment]);
    this.#places[segment] = next ?? DONE;
  }

  /** Begins another pass. */
  restart() {
    this.pass += 1;
    this.deleted = 0;
    this.#places.fill(NOT_BEGUN);
    this.#kept.clear();
  }

  /** Returns a function that makes the token of this moment: the text is long if there are many segments. */
  snapshot() {
    const { operation, table, prefix } = this.#subject;
    const places = this.#places.map((place, segment) => this.#kept.get(segment) ?? place);
    const parts = [FORM, operation, table, prefix, this.pass, this.deleted, places];
    return () => Buffer.from(JSON.stringify(parts)).toString('base64url');
  }
}

/**
 * Reads a token. No error shows a part of it, because it has the ids of sessions.
 *
 * @param {Subject} subject
 * @param {string} token
 * @returns {{ pass: number, deleted: number, places: Place[] }}
 */
function read(subject, token) {
  const [form, operation, table, prefix, pass, deleted, places] = partsOf(token);
  const isToken =
    form === FORM &&
    OPERATIONS.has(operation) &&
    isCount(pass) &&
    pass > 0 &&
    isCount(deleted) &&
    Array.isArray(places) &&
    places.length >= 1 &&
    places.length <= MOST_SEGMENTS &&
    places.every(isPlace);
  if (!isToken) throw invalidArgument('option "resume" must be a token of the event "progress"');
  if (operation !== subject.operation) {
    throw invalidArgument(
      `option "resume" is a token of "${operation}", but the call is "${subject.operation}"`,
    );
  }
  if (table !== subject.table || prefix !== subject.prefix) {
    throw invalidArgument(
      'option "resume" is a token of a store with another table or another prefix',
    );
  }
  return { pass, deleted, places };
}

/**
 * @param {string} token
 * @returns {any[]} empty if the text is no token
 */
function partsOf(token) {
  try {
    const parts = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

/** @param {unknown} number */
function isCount(number) {
  return Number.isSafeInteger(number) && Number(number) >= 0;
}

/** @param {unknown} place */
function isPlace(place) {
  return place === NOT_BEGUN || place === DONE || (typeof place === 'string' && place !== '');
}

module.exports = { MOST_SEGMENTS, Position };
