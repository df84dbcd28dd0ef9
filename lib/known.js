'use strict';

/**
 * The knowledge of a request: the session that it has read, and what it has written since. With this knowledge,
 * the store skips a write that would change nothing, and makes writes conditional, so that they cannot undo a
 * write of another request.
 */

const { randomBytes } = require('node:crypto');

/** @import { FailedSave, KnownSession } from '../native/binding' */
/** @import { Save } from './calls' */
/** @import { Tracked } from './tracking' */
/** @typedef {'merge' | 'overwrite' | 'error'} Conflict */

/** The end and the lifetime in a cookie as JSON. Only @fastify/session writes `originalExpires`. */
const COOKIE_END =
  /"(?:(?:expires|originalExpires)":(?:"[^"]*"|null)|originalMaxAge":(?:-?[0-9.e+]+|null)),?/g;

/** Distinguishes the write ids of this process from those of others. @type {string | undefined} */
let processPrefix;
let writes = 0;

/** Makes an id for a write, unique among all processes: a part of a version. */
function newWriteId() {
  writes += 1;
  // Made on first use: the first random bytes of a process take as long as loading a file.
  processPrefix ??= randomBytes(6).toString('base64url');
  return processPrefix + writes.toString(36);
}

let requests = 0;

/** Makes a number for a request, unique among the current requests. */
function nextRequest() {
  requests = (requests + 1) % 2 ** 32;
  return requests;
}

/** What a request knows of its session in the table. */
class Known {
  sid;
  /** The end of the session, in seconds since the Unix epoch; `undefined`: the session never ends. */
  expires;
  /**
   * The version in the table, `<birth>.<write>`; `undefined` if a replaced package has written the session. See
   * `src/core/store/known.rs`.
   */
  version;
  /** The session as JSON that the request has changed since; `undefined` for a new session. */
  base;
  /** The session in the table as JSON, if it differs from `base` after a merge. @type {string | undefined} */
  stored;
  /** `cookie.originalMaxAge` in `base`. @type {any} */
  maxAge;
  /** Failed saves, which DynamoDB may have carried out. @type {FailedSave[] | undefined} */
  failed;
  /** The number of the request's saves that are pending. */
  pendingSaves = 0;
  /** The number of saves that the request has made. */
  saveCount = 0;
  /** The number of the last save that has succeeded: the first save is number 1. */
  lastSuccess = 0;
  /** The marks in the table, if the store has the options for them. @type {Tracked | undefined} */
  tracked;
  /** The number of the request. */
  #request = nextRequest();
  /** The birth in the versions of a new session. @type {string | undefined} */
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

  /** Makes the version of the session's next write. */
  newVersion() {
    const end = this.version?.indexOf('.') ?? -1;
    if (end >= 0) return this.version?.slice(0, end + 1) + newWriteId();
    this.#birth ??= newWriteId();
    return `${this.#birth}.${newWriteId()}`;
  }

  /**
   * Returns the expected state of the session: the condition of the request's next write.
   *
   * @param {Conflict} conflict
   * @param {boolean} isSave
   * @returns {KnownSession}
   */
  expected(conflict, isSave) {
    const { version, base, stored, failed } = this;
    // The addon needs the number to find the request's pending saves, or to remember this save.
    const request = isSave || this.pendingSaves > 0 ? this.#request : undefined;
    return { version, base, stored, failed, conflict, request };
  }

  /**
   * Whether a session equals the session in the table, except for the end of its cookie. While a save of the
   * request is pending, the answer is `false`.
   *
   * @param {string} data JSON
   * @param {any} maxAge the cookie's `originalMaxAge`
   */
  isUnchanged(data, maxAge) {
    const base = this.settledJson;
    if (base === undefined || !isSameLifetime(maxAge, this.maxAge)) return false;
    return withoutCookieEnd(data) === withoutCookieEnd(base);
  }

  /**
   * The session as JSON that the request has last read or written; `undefined` if it has done neither, if a save is
   * pending, or if a save has failed.
   */
  get settledJson() {
    return this.pendingSaves === 0 && this.failed === undefined ? this.base : undefined;
  }

  /**
   * Whether a touch must be written: the end moves by at least the interval, or to an earlier second.
   *
   * @param {number | undefined} expires seconds since the Unix epoch
   * @param {number | 'auto'} interval milliseconds; `'auto'`: a twentieth of the lifetime
   */
  isTouchDue(expires, interval) {
    if (this.expires === undefined || expires === undefined) return true;
    const moved = (expires - this.expires) * 1000;
    const lifetime = expires * 1000 - Date.now();
    // At most half of the lifetime: with a longer interval, a session in use could end.
    const minimum = interval === 'auto' ? lifetime / 20 : Math.min(interval, lifetime / 2);
    return moved < 0 || moved >= minimum;
  }

  /**
   * Updates `expires` after a touch.
   *
   * @param {boolean | string} touched the result of `NativeStore.touch`
   * @param {number | undefined} expires the end that the touch was asked to write, in seconds
   */
  noteTouch(touched, expires) {
    if (touched === false) return;
    if (typeof touched !== 'string') this.expires = expires;
    else if (touched !== '') this.expires = Number(touched);
  }
}

/**
 * A save of a session by its request. While the save is pending, the addon knows the state that later saves of the
 * request expect. `lib/calls.js` calls `settle` when it takes the outcome from the addon, and from then on `Known`
 * has this state. A promise would report the outcome too late.
 */
class Saving {
  /** The version of this write. @type {string | undefined} */
  version;
  #known;
  #conflict;
  #session;
  /** The number of this save in its request: the first save is number 1. */
  #number;

  /**
   * @param {Known} known
   * @param {Conflict} conflict
   * @param {{ data: string, expires: number | undefined, maxAge?: any, values?: Tracked['values'] }} session
   */
  constructor(known, conflict, session) {
    this.#known = known;
    this.#conflict = conflict;
    this.#session = session;
    known.saveCount += 1;
    this.#number = known.saveCount;
  }

  /** Makes the version, and returns the condition of the write. */
  begin() {
    this.version = this.#known.newVersion();
    return this.#known.expected(this.#conflict, true);
  }

  /**
   * @param {boolean} isSuccess
   * @param {string | false | null} [saved] the result of `NativeStore.save`
   */
  settle(isSuccess, saved) {
    const known = this.#known;
    const { data, expires, maxAge, values } = this.#session;
    if (!isSuccess) {
      // `Calls` takes failures after successes, so a later save may have succeeded already.
      if (this.#number < known.lastSuccess) return;
      known.failed ??= [];
      known.failed.push({ version: /** @type {string} */ (this.version), data });
      return;
    }
    if (saved === false) return;
    known.lastSuccess = this.#number;
    const written = typeof saved === 'string' ? new Loaded(known.sid, saved).known : undefined;
    known.version = written?.version ?? this.version;
    known.base = data;
    known.stored = written?.base === data ? undefined : written?.base;
    known.maxAge = maxAge;
    known.expires = written?.expires ?? expires;
    known.failed = undefined;
    if (values && known.tracked) {
      known.tracked.isStored = true;
      known.tracked.seen = Date.now();
      known.tracked.values = written?.tracked?.values ?? values;
    }
  }

  /**
   * Makes the call of this save, and counts the save as pending until the call has ended, also if the call fails
   * before it reaches the addon.
   *
   * @template T
   * @param {() => Promise<T>} call
   * @returns {Promise<T>}
   */
  run(call) {
    const known = this.#known;
    known.pendingSaves += 1;
    return call().finally(() => {
      known.pendingSaves -= 1;
    });
  }
}

/**
 * Makes a save without a condition.
 *
 * @param {Known | undefined} read the result of an earlier read: the write keeps the birth of this session.
 *   Without it, the write makes a new session
 * @returns {Save}
 */
function unconditionalSave(read) {
  return { version: read?.newVersion(), begin: () => undefined, settle() {} };
}

/**
 * Makes a save that writes nothing if there is a session.
 *
 * @param {Known | undefined} read as for `unconditionalSave`
 * @returns {Save}
 */
function creation(read) {
  return { ...unconditionalSave(read), isCreation: true };
}

/**
 * A session that was read. The addon returns it as one text:
 *
 *     <exact end in milliseconds>;<end in seconds>;<length of the version>;<version><session as JSON>
 *
 * The exact end is set only if a touch has moved the end. Numbers that are not set are empty. The parts are parsed
 * on access, because most requests need few of them.
 *
 * If the store has the options `absoluteTtl` or `indexes`, a line of JSON comes first: `[created,[value, …],seen]`.
 */
class Loaded {
  #sid;
  #text;
  /** The length of the first line, if there is one. */
  #start;
  #version;
  #data;

  /**
   * @param {string} sid
   * @param {string} text
   */
  constructor(sid, text) {
    this.#sid = sid;
    this.#text = text;
    this.#start = text.startsWith('[') ? text.indexOf('\n') + 1 : 0;
    const afterEnd = text.indexOf(';', this.#start) + 1;
    const afterExpires = text.indexOf(';', afterEnd) + 1;
    this.#version = text.indexOf(';', afterExpires) + 1;
    this.#data = this.#version + Number(text.slice(afterExpires, this.#version - 1));
  }

  /** The session as JSON. */
  get data() {
    return this.#text.slice(this.#data);
  }

  /** The exact end in milliseconds, if a touch has moved it. */
  get end() {
    if (this.#text.startsWith(';', this.#start)) return undefined;
    return Number.parseInt(this.#text.slice(this.#start, this.#version), 10);
  }

  /** The marks of the session. @returns {Tracked | undefined} */
  get tracked() {
    if (this.#start === 0) return undefined;
    const [created, values, seen] = JSON.parse(this.#text.slice(0, this.#start));
    return { created: created ?? undefined, isStored: created !== null, values, seen };
  }

  /** The knowledge of the request that has read this session. */
  get known() {
    const [, expires, length] = this.#text.slice(this.#start, this.#version).split(';');
    const end = expires === '' ? undefined : Number(expires);
    // An empty version is a version too: another program may have written it.
    const version = length === '' ? undefined : this.#text.slice(this.#version, this.#data);
    const known = new Known(this.#sid, this.data, end, version);
    if (this.#start > 0) known.tracked = this.tracked;
    return known;
  }
}

/**
 * Whether two lifetimes of a cookie count as equal. express-session reads the clock twice when it moves the end of a
 * cookie, so the lifetime may differ by the time between both readings. `src/core/merge.rs` has the same rule.
 *
 * @param {any} one milliseconds; `null` or `undefined`: none
 * @param {any} other
 */
function isSameLifetime(one, other) {
  if (typeof one !== 'number' || typeof other !== 'number')
    return (one ?? null) === (other ?? null);
  const tolerance = Math.min(Math.max(Math.abs(one), Math.abs(other)) / 20, 1000);
  return one === other || Math.abs(one - other) < tolerance;
}

/**
 * Returns a session as JSON without the end and the lifetime of its cookie, because the end moves with every
 * request. If two results are equal, the sessions are equal. Equal sessions may give different results.
 *
 * @param {string} json
 */
function withoutCookieEnd(json) {
  const start = '{"cookie":{';
  // express-session writes the cookie as the first key, without nested objects. Only that is quick to find.
  if (!json.startsWith(start)) return withoutCookieEndByParsing(json);
  const end = json.indexOf('}', start.length);
  const cookie = json.slice(0, end).replace(COOKIE_END, '');
  return cookie + json.slice(end);
}

/** @param {string} json */
function withoutCookieEndByParsing(json) {
  const session = JSON.parse(json);
  for (const key of ['expires', 'originalExpires', 'originalMaxAge']) delete session.cookie?.[key];
  return JSON.stringify(session);
}

module.exports = { Known, Loaded, Saving, creation, isSameLifetime, unconditionalSave };
