'use strict';

/** Moves one session after another from a store to another. */

const { isDeepStrictEqual } = require('node:util');
const { create, existing, put, recordOf, versioned } = require('./write');
const { sessionOf } = require('./session');
const { handleOf } = require('../lib/handle');

/** @import { Opened } from '../lib/command' */
/** @import { Entry } from './scan' */

/** The attempts for a session that changes meanwhile. */
const ATTEMPTS = 5;

/** @typedef {'moved' | 'same' | 'existing' | 'changed' | 'gone' | 'hashed' | 'different' | 'again'} Result
 *   `again`: the scan has met a session that has moved to its hashed id meanwhile */

class Move {
  #source;
  #target;
  #flags;
  /** The handles of the sessions that move to their hashed ids: the scan may meet them again. @type {Set<string>} */
  #hashed = new Set();
  /** Whether items are changed, and not copied. */
  isInPlace;

  /**
   * @param {Opened} source
   * @param {Opened} target
   * @param {{ overwrite?: boolean, dryRun?: boolean, isInPlace: boolean }} flags `isInPlace`: source and target are the
   *   same keys of the same table
   */
  constructor(source, target, flags) {
    this.#source = source;
    this.#target = target;
    this.#flags = flags;
    this.isInPlace = flags.isInPlace;
  }

  /**
   * The capacity units that a session takes, about: it is read from the source, looked for in the target, written and
   * read back.
   *
   * @param {Entry} entry
   */
  unitsOf({ data }) {
    const bytes = Buffer.byteLength(data) + 200;
    const read = Math.ceil(bytes / 4096);
    if (this.#flags.dryRun) return 2 * read;
    // A move to a hashed id is a transaction, with two writes that count double, before the session is written.
    const writes = this.isInPlace && this.#target.isHashed ? 5 : 1;
    return 3 * read + writes * Math.ceil(bytes / 1024);
  }

  /**
   * @param {Entry} entry
   * @returns {Promise<Result>}
   */
  run(entry) {
    if (entry.sid === undefined) {
      return Promise.resolve(this.#hashed.has(entry.handle) ? 'again' : 'hashed');
    }
    const found = { ...entry, sid: entry.sid };
    return this.isInPlace ? this.#rewrite(found) : this.#copy(found);
  }

  /**
   * Writes a session to another key or table.
   *
   * @param {Entry & { sid: string }} entry
   * @returns {Promise<Result>}
   */
  async #copy(entry) {
    const { dryRun, overwrite } = this.#flags;
    const found = await this.#find(entry);
    if (found === 'same' || (found && !overwrite)) return found;
    if (dryRun) return 'moved';
    const written = { ...entry, data: this.#dataOf(entry) };
    const { known, version } = versioned(this.#target, written);
    if (overwrite) await put(this.#target, written, known);
    // An application has created a session under this id meanwhile, or another command has copied this one.
    else if (!(await create(this.#target, written, known))) {
      return (await this.#find(entry)) ?? (await this.#missing(entry));
    }
    return this.#verify(written, version);
  }

  /**
   * Looks for a session in the target.
   *
   * @param {Entry & { sid: string }} entry
   * @returns {Promise<'same' | 'existing' | undefined>}
   */
  async #find(entry) {
    const found = await existing(this.#target, entry.sid);
    if (found === undefined) return undefined;
    return found && isSame(this.#target, partsOf(found), entry) ? 'same' : 'existing';
  }

  /**
   * Writes a session in place, unless it has changed since it was read.
   *
   * @param {Entry & { sid: string }} entry
   * @returns {Promise<Result>}
   */
  async #rewrite(entry) {
    if (this.#flags.dryRun) return 'moved';
    const { sid } = entry;
    // Noted before the move: the scan reads on meanwhile.
    if (this.#target.isHashed) this.#hashed.add(hashedHandleOf(this.#target, sid));
    const reader = this.#target.isHashed ? this.#target : this.#source;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      // With hashed ids, this moves the session.
      const loaded = await reader.sessions.load(sid);
      if (!loaded) return this.#missing(entry);
      const { expires, ...parts } = partsOf(loaded);
      const read = { ...entry, ...parts, expires };
      const data = this.#dataOf(read);
      const written = { ...read, data };
      try {
        // `false`: the session was made anew under this id, or it is gone, as the next read tells.
        const record = recordOf(this.#target, written);
        const { known } = loaded;
        if (await this.#target.sessions.save(record, known)) {
          return await this.#verify(written, known.version);
        }
      } catch (error) {
        const { code } = /** @type {NodeJS.ErrnoException} */ (error);
        if (code !== 'ERR_SESSION_CONFLICT') throw error;
      }
    }
    return 'changed';
  }

  /**
   * The session as JSON, with the end that a touch has moved.
   *
   * @param {{ data: string, end?: number }} entry
   */
  #dataOf({ data, end }) {
    return end === undefined ? data : JSON.stringify(sessionOf(this.#source, { data, end }));
  }

  /**
   * Reads a session back. An application may have changed it since it was written.
   *
   * @param {Entry & { sid: string }} written
   * @param {string | undefined} version that was written
   * @returns {Promise<Result>}
   */
  async #verify(written, version) {
    const loaded = await this.#target.sessions.load(written.sid);
    if (!loaded) return this.#missing(written);
    if (isSame(this.#target, partsOf(loaded), written)) return 'moved';
    // Sessions of Shopify have no versions.
    const isChanged = this.#target.kind !== 'shopify' && loaded.known.version !== version;
    return isChanged ? 'moved' : 'different';
  }

  /**
   * The result for a session that the target does not have, although it was written there or read from there.
   *
   * @param {Entry & { sid: string }} entry
   * @returns {Promise<Result>}
   */
  async #missing({ sid }) {
    return (await existing(this.#source.plain ?? this.#source, sid)) === undefined
      ? 'gone'
      : 'different';
  }
}

/**
 * The handle of a session under its hashed id.
 *
 * @param {Opened} opened
 * @param {string} sid
 */
function hashedHandleOf({ prefix, sessions }, sid) {
  const [key = prefix + sid] = sessions.connection.native.keysOf(sid);
  return handleOf(key);
}

/**
 * The parts of a session that was loaded. `expires` is in milliseconds.
 *
 * @param {import('../lib/known').Loaded} loaded
 */
function partsOf({ data, end, known: { expires } }) {
  return { data, end, expires: expires === undefined ? undefined : expires * 1000 };
}

/**
 * Whether two sessions are the same. The option `absoluteTtl` may let one end earlier.
 *
 * @param {Opened} opened
 * @param {{ data: string, end: number | undefined, expires: number | undefined }} found
 * @param {{ data: string, end?: number | undefined, expires: number | undefined }} wanted
 */
function isSame(opened, found, wanted) {
  const [end, wantedEnd] = [found, wanted].map(({ expires }) =>
    expires === undefined ? Number.POSITIVE_INFINITY : Math.floor(expires / 1000),
  );
  // The end of Shopify's sessions is inside them.
  const isEnd =
    opened.kind === 'shopify' ||
    end === wantedEnd ||
    (opened.options.absoluteTtl !== undefined && end < wantedEnd);
  return isEnd && isDeepStrictEqual(sessionOf(opened, found), sessionOf(opened, wanted));
}

module.exports = { Move };
