'use strict';

/** Reads the sessions of a table, one after another. */

const { HASHED_ID, handleOf } = require('../lib/handle');
const { UsageError } = require('./failure');

/** @import { Opened } from '../lib/command' */

/**
 * A session as it stands in the table. Times are in milliseconds since the Unix epoch.
 *
 * @typedef {object} Entry
 * @property {string} id the id as it stands in the table: with hashed ids, it is none that a visitor has
 * @property {string | undefined} sid the session's id, if the table has it
 * @property {string} handle
 * @property {string} data the session as JSON
 * @property {number | undefined} expires
 * @property {number | undefined} end the exact end, if a touch has moved it
 * @property {number | undefined} created
 * @property {number | undefined} seen
 * @property {boolean} isEnded
 */

/** The segments of a scan, unless the user names a number. They tell how much of the table is read. */
const SEGMENTS = 8;

/**
 * The position in a table up to which all sessions are done. Sessions are worked on some at a time, so the position
 * lags behind the scan.
 */
class Position {
  /** The token from which the scan begins. @type {string | undefined} */
  resume;
  /** The share of the table that is read. */
  share = 0;
  #given = 0;
  /** The progress up to which all entries are done. @type {any} */
  #progress;
  /** The entries that are not done, with the number of each. @type {Map<Entry, number>} */
  #open = new Map();
  /** The tokens that wait for entries: each is good once all entries up to a number are done. */
  #waiting = /** @type {{ upTo: number, progress: any }[]} */ ([]);

  /** @param {string} [resume] the token to go on from */
  constructor(resume) {
    this.resume = resume;
  }

  /** @param {Entry} entry */
  begin(entry) {
    this.#given += 1;
    this.#open.set(entry, this.#given);
  }

  /** @param {Entry} entry */
  done(entry) {
    this.#open.delete(entry);
    this.#advance();
  }

  /** @param {any} progress of the event `progress`, once all entries of a page were given */
  note(progress) {
    this.share = progress.segmentsDone / progress.segments;
    this.#waiting.push({ upTo: this.#given, progress });
    this.#advance();
  }

  #advance() {
    // Entries are in the order in which they were given.
    const [first = Number.POSITIVE_INFINITY] = this.#open.values();
    while (this.#waiting.length > 0 && this.#waiting[0].upTo < first) {
      const { progress } = /** @type {any} */ (this.#waiting.shift());
      // A long text if there are many segments, so it is made when it is kept.
      this.#progress = progress;
    }
  }

  /** The token from which a later scan goes on: up to it, all entries are done. */
  get token() {
    return this.#progress?.resume ?? this.resume;
  }
}

/**
 * A session that cannot be decoded.
 *
 * @typedef {Pick<Entry, 'id' | 'sid' | 'handle'>} UnreadableEntry
 */

/**
 * @param {Opened} opened
 * @param {{ ended?: boolean, segments?: number, capacityPerSecond?: number, signal: AbortSignal, position?: Position,
 *   shops?: string[], onUnreadable?: (entry: UnreadableEntry, error: Error) => void }} options `onUnreadable`: is called
 *   with each session that cannot be decoded. Without it, such a session is the end of the scan
 * @returns {AsyncGenerator<Entry>} ends early if the signal is aborted
 */
async function* entries(opened, { onUnreadable, position, shops, ...options }) {
  if (shops) {
    if (opened.kind !== 'shopify') throw new UsageError('--shop is for the store for shopify.');
    yield* ofShops(opened, position, shops);
    return;
  }
  const { events, sessions } = opened;
  // Without a listener, no progress is computed.
  const note = (/** @type {any} */ progress) => position?.note(progress);
  if (position) events.on('progress', note);
  const resume = position?.resume;
  const { segments = resume === undefined ? SEGMENTS : undefined, ...rest } = options;
  const keepsUnreadable = onUnreadable !== undefined;
  const scan = {
    ...rest,
    keepsUnreadable,
    ...(segments && { segments }),
    ...(resume && { resume }),
  };
  try {
    for await (const found of sessions.all.entries(scan)) {
      if ('failure' in found) {
        onUnreadable?.(namesOf(opened, found.sid), found.failure);
        continue;
      }
      const entry = entryOf(opened, found);
      position?.begin(entry);
      yield entry;
    }
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    events.off('progress', note);
  }
}

/**
 * @param {Opened} opened
 * @param {{ sid: string, data: string, expires?: number, end?: number, created?: number, seen?: number }} found
 * @returns {Entry}
 */
function entryOf(opened, { sid: id, data, expires: stored, end, created, seen }) {
  const expires = stored ?? opened.endOf(data);
  return {
    ...namesOf(opened, id),
    data,
    expires: expires ?? undefined,
    end: end ?? undefined,
    created: created ?? undefined,
    seen: seen ?? undefined,
    isEnded: typeof expires === 'number' && expires <= Date.now(),
  };
}

/**
 * @param {Opened} opened
 * @param {string} id as it stands in the table
 */
function namesOf({ prefix }, id) {
  return { id, sid: HASHED_ID.test(id) ? undefined : id, handle: handleOf(prefix + id) };
}

/**
 * The sessions of shops, which the index finds.
 *
 * @param {Opened} opened
 * @param {Position | undefined} position
 * @param {string[]} shops
 * @returns {AsyncGenerator<Entry>}
 */
async function* ofShops(opened, position, shops) {
  for (const shop of shops) {
    for (const { sid, data } of await opened.sessions.all.find(shop)) {
      const entry = entryOf(opened, { sid, data });
      position?.begin(entry);
      yield entry;
    }
  }
}

module.exports = { Position, SEGMENTS, entries };
