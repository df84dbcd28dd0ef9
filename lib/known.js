'use strict';

/**
 * What a request knows of its session: what it has read, and what it has written since. With that,
 * a write that would change nothing is left out, and one that would undo another is not made.
 */

const { randomBytes } = require('node:crypto');

/** @import { FailedSave, KnownSession } from '../native/binding' */
/** @import { Save } from './calls' */
/** @typedef {'merge' | 'overwrite' | 'error'} Conflict */

/** The end and the lifetime in a cookie; `originalExpires` is in that of @fastify/session. */
const CLOCK =
  /"(?:(?:expires|originalExpires)":(?:"[^"]*"|null)|originalMaxAge":(?:-?[0-9.e+]+|null)),?/g;

/** So that no two processes give the same. @type {string | undefined} */
let prefix;
let writes = 0;

/** The part of a version that no other write has. */
function newWrite() {
  writes += 1;
  // Not before: the first random bytes of a process take as long as loading a file.
  prefix ??= randomBytes(6).toString('base64url');
  return prefix + writes.toString(36);
}

let requests = 0;

/** A number for a request, which no other has while it lasts. */
function nextRequest() {
  requests = (requests + 1) % 2 ** 32;
  return requests;
}

/** A session in the table, as far as a request knows. */
class Known {
  /** The session's id. */
  sid;
  /** When it ends, in seconds since the Unix epoch; `undefined` for one that never does. */
  expires;
  /**
   * The version that is in the table, `<birth>.<write>`; `undefined` where a replaced package has written
   * it. See `src/core/store/known.rs`.
   */
  version;
  /** The session as JSON that the changes of the request count from; `undefined` for a new one. */
  base;
  /** The session as JSON that is in the table, where that is another. @type {string | undefined} */
  stored;
  /** `cookie.originalMaxAge` in `base`. @type {any} */
  maxAge;
  /** Saves that have failed, and may have been carried out. @type {FailedSave[] | undefined} */
  failed;
  /** How many saves of the request have no outcome yet. */
  saving = 0;
  /** How many saves the request has made. */
  saves = 0;
  /** Which of them was the last to succeed. */
  lastSaved = 0;
  /** The number of the request. */
  #request = nextRequest();
  /** What the versions of a new session begin with. @type {string | undefined} */
  #birth;

  /**
   * @param {string} sid
   * @param {string} [base]
   * @param {number} [expires]
   * @param {string} [version]
   */
  constructor(sid, base, expires, version) {
    this.sid = sid;
    this.base = base;
    this.expires = expires;
    this.version = version;
  }

  /** A version for the next write of the session. */
  newVersion() {
    const end = this.version?.indexOf('.') ?? -1;
    if (end >= 0) return this.version?.slice(0, end + 1) + newWrite();
    this.#birth ??= newWrite();
    return `${this.#birth}.${newWrite()}`;
  }

  /**
   * What a write of the request counts on, for the addon.
   *
   * @param {Conflict} conflict
   * @param {boolean} isSave
   * @returns {KnownSession}
   */
  expected(conflict, isSave) {
    const { version, base, stored, failed } = this;
    // Only where the addon may know more of the request than this does, or is about to.
    const request = isSave || this.saving > 0 ? this.#request : undefined;
    return { version, base, stored, failed, conflict, request };
  }

  /**
   * Whether a session is the one that is in the table, but for the end of its cookie. While the request
   * saves it, that is not known.
   *
   * @param {string} data JSON
   * @param {any} maxAge the cookie's `originalMaxAge`
   */
  isSame(data, maxAge) {
    const base = this.inTable;
    if (base === undefined || !isSameLifetime(maxAge, this.maxAge)) return false;
    return withoutClock(data) === withoutClock(base);
  }

  /**
   * The session as JSON that the request has read or written last; `undefined` where it has not, or is
   * writing, or a save has failed.
   */
  get inTable() {
    return this.saving === 0 && this.failed === undefined ? this.base : undefined;
  }

  /**
   * Whether a touch is to be written: the end moves by at least the interval, or to an earlier
   * second.
   *
   * @param {number | undefined} expires seconds since the Unix epoch
   * @param {number | 'auto'} interval milliseconds; `'auto'` is a twentieth of the lifetime
   */
  isDue(expires, interval) {
    if (this.expires === undefined || expires === undefined) return true;
    const moved = (expires - this.expires) * 1000;
    const lifetime = expires * 1000 - Date.now();
    // Half of the lifetime at most: else a session ends although it is used all the time.
    const least = interval === 'auto' ? lifetime / 20 : Math.min(interval, lifetime / 2);
    return moved < 0 || moved >= least;
  }

  /**
   * Notes what has come of a touch. The end of the session then is `expires`.
   *
   * @param {boolean | string} touched see `NativeStore.touch`
   * @param {number | undefined} expires what the touch was to write, in seconds
   */
  hasTouched(touched, expires) {
    if (touched === false) return;
    if (typeof touched !== 'string') this.expires = expires;
    else if (touched !== '') this.expires = Number(touched);
  }
}

/**
 * A save of a session, by the request that has it. Its outcome is noted in `settle`, which `lib/calls.js`
 * calls when it takes the outcome from the addon: until then the addon knows what later saves of the
 * request count on, and from then on `Known` does. A promise would tell later than that.
 */
class Saving {
  /** The version that it gives the session. @type {string | undefined} */
  version;
  #known;
  #conflict;
  #given;
  /** Which of the request's saves it is. */
  #number;

  /**
   * @param {Known} known
   * @param {Conflict} conflict
   * @param {{ data: string, expires: number | undefined, maxAge?: any }} given
   */
  constructor(known, conflict, given) {
    this.#known = known;
    this.#conflict = conflict;
    this.#given = given;
    known.saves += 1;
    this.#number = known.saves;
  }

  /** What the write is conditional on, for the addon. The write is made now. */
  begin() {
    this.version = this.#known.newVersion();
    return this.#known.expected(this.#conflict, true);
  }

  /**
   * @param {boolean} isSuccess
   * @param {string | false | null} [saved] see `NativeStore.save`
   */
  settle(isSuccess, saved) {
    const known = this.#known;
    const { data, expires, maxAge } = this.#given;
    if (!isSuccess) {
      // Failures are taken after successes. A later save may have been one.
      if (this.#number < known.lastSaved) return;
      known.failed ??= [];
      known.failed.push({ version: /** @type {string} */ (this.version), data });
      return;
    }
    if (saved === false) return;
    known.lastSaved = this.#number;
    const written = typeof saved === 'string' ? new Loaded(known.sid, saved).known : undefined;
    known.version = written?.version ?? this.version;
    known.base = data;
    known.stored = written?.base === data ? undefined : written?.base;
    known.maxAge = maxAge;
    known.expires = written?.expires ?? expires;
    known.failed = undefined;
  }

  /**
   * Makes the save.
   *
   * @template T
   * @param {() => Promise<T>} call
   * @returns {Promise<T>} its outcome, whether it reaches the addon or not
   */
  during(call) {
    const known = this.#known;
    known.saving += 1;
    return call().finally(() => {
      known.saving -= 1;
    });
  }
}

/**
 * A save that counts on nothing: it is written whatever is there.
 *
 * @param {Known | undefined} read what was known when the session was read: it stays that session. It is a
 *   new one without
 * @returns {Save}
 */
function unconditional(read) {
  return { version: read?.newVersion(), begin: () => undefined, settle() {} };
}

/**
 * A session that was read, as the addon gives it: its exact end in milliseconds where a touch has moved
 * it, its end in seconds, and the length of its version, each with `;` behind it and empty where there is
 * none, then the version and the session as JSON. Little of that is looked at before the request needs it.
 */
class Loaded {
  #sid;
  #text;
  #version;
  #data;

  /**
   * @param {string} sid
   * @param {string} text
   */
  constructor(sid, text) {
    this.#sid = sid;
    this.#text = text;
    const afterEnd = text.indexOf(';') + 1;
    const afterExpires = text.indexOf(';', afterEnd) + 1;
    this.#version = text.indexOf(';', afterExpires) + 1;
    this.#data = this.#version + Number(text.slice(afterExpires, this.#version - 1));
  }

  /** The session as JSON. */
  get data() {
    return this.#text.slice(this.#data);
  }

  /** The exact end in milliseconds, where a touch has moved it. */
  get end() {
    return this.#text.startsWith(';') ? undefined : Number.parseInt(this.#text, 10);
  }

  /** What a request that has read it knows. */
  get known() {
    const [, expires, length] = this.#text.slice(0, this.#version).split(';');
    const end = expires === '' ? undefined : Number(expires);
    // One of somebody else's making may be empty.
    const version = length === '' ? undefined : this.#text.slice(this.#version, this.#data);
    return new Known(this.#sid, this.data, end, version);
  }
}

/**
 * Whether two lifetimes of a cookie are one. express-session looks at the clock twice when it moves the
 * end of a cookie, and the lifetime then differs by the time in between. `src/core/merge.rs` has the same
 * rule.
 *
 * @param {any} one milliseconds, or nothing
 * @param {any} other
 */
function isSameLifetime(one, other) {
  if (typeof one !== 'number' || typeof other !== 'number')
    return (one ?? null) === (other ?? null);
  const tolerance = Math.min(Math.max(Math.abs(one), Math.abs(other)) / 20, 1000);
  return one === other || Math.abs(one - other) < tolerance;
}

/**
 * A session as JSON without the end and the lifetime of its cookie, of which the first moves with every
 * request. Two sessions that are the same without them may be told apart here, never the other way
 * round.
 *
 * @param {string} json
 */
function withoutClock(json) {
  const start = '{"cookie":{';
  // Where express-session writes it: first, and with nothing nested in it.
  if (!json.startsWith(start)) return slowlyWithoutClock(json);
  const end = json.indexOf('}', start.length);
  const cookie = json.slice(0, end).replace(CLOCK, '');
  return cookie + json.slice(end);
}

/** @param {string} json */
function slowlyWithoutClock(json) {
  const session = JSON.parse(json);
  for (const key of ['expires', 'originalExpires', 'originalMaxAge']) delete session.cookie?.[key];
  return JSON.stringify(session);
}

module.exports = { Known, Loaded, Saving, isSameLifetime, unconditional };
