'use strict';

/**
 * What a request knows of its session: what it has read, and what it has written since. With that,
 * a write that would change nothing is left out, and one that would undo another is not made.
 */

const { randomBytes } = require('node:crypto');

/** @import { KnownSession } from '../native/binding' */
/** @typedef {'merge' | 'overwrite' | 'error'} Conflict */

/** The end and the lifetime in a cookie. */
const CLOCK = /"(?:expires":(?:"[^"]*"|null)|originalMaxAge":(?:-?[0-9.e+]+|null))/g;

/** So that no two processes give the same version. */
const prefix = randomBytes(6).toString('base64url');
let versions = 0;

/** A version that no other write has. */
function newVersion() {
  versions += 1;
  return prefix + versions.toString(36);
}

/** A session in the table, as far as a request knows. */
class Known {
  /** The session's id. */
  sid;
  /** When it ends, in seconds since the Unix epoch; `undefined` for one that never does. */
  expires;
  /** The version that is in the table; `undefined` where a replaced package has written it. */
  version;
  /** The session as JSON that the changes of the request count from. */
  base;
  /** The session as JSON that is in the table, where that is another. @type {string | undefined} */
  stored;
  /** `cookie.originalMaxAge` as it is in the table. @type {any} */
  maxAge;
  /** Settled once the save has ended that the request waits for. @type {Promise<void> | undefined} */
  saving;

  /**
   * @param {string} sid
   * @param {string} base
   * @param {number | undefined} expires
   * @param {string | undefined} version
   */
  constructor(sid, base, expires, version) {
    this.sid = sid;
    this.base = base;
    this.expires = expires;
    this.version = version;
  }

  /**
   * Whether a session is the one that is known, but for the end of its cookie.
   *
   * @param {string} data JSON
   * @param {any} maxAge the cookie's `originalMaxAge`
   */
  isSame(data, maxAge) {
    return isSameLifetime(maxAge, this.maxAge) && withoutClock(data) === withoutClock(this.base);
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
    const least = interval === 'auto' ? (expires * 1000 - Date.now()) / 20 : interval;
    return moved < 0 || moved >= least;
  }
}

/** A save of a session, by a request that may know what is in the table. */
class Saving {
  /** What the write is conditional on, for the addon. @type {KnownSession | undefined} */
  expected;
  /** The version that it gives the session. */
  version = newVersion();
  /** @type {Known | undefined} */
  #known;

  /**
   * @param {Known | undefined} known
   * @param {Conflict} conflict
   */
  constructor(known, conflict) {
    this.#known = known;
    if (!known) return;
    const { version, base, stored } = known;
    this.expected = { version, base, stored, conflict };
  }

  /**
   * Waits for the save, and has what it has changed noted before anybody else who waits for it goes
   * on.
   *
   * @param {Promise<string | false | null>} saved
   * @param {(saved: string | null) => void} note gets what was written, where that is not what was
   *   given
   * @returns {Promise<boolean>} whether the session is there
   */
  outcome(saved, note) {
    const noted = saved.then((written) => {
      if (written !== false) note(written);
      return written !== false;
    });
    const known = this.#known;
    if (known) {
      const end = () => {
        if (known.saving === saving) known.saving = undefined;
      };
      const saving = noted.then(end, end);
      known.saving = saving;
    }
    return noted;
  }

  /**
   * What is known once it is done.
   *
   * @param {string} sid
   * @param {{ data: string, expires: number | undefined, maxAge?: any }} given
   * @param {string | null} saved what was written, where that is not the data that was given
   * @returns {Known}
   */
  known(sid, { data, expires, maxAge }, saved) {
    const known = this.#known ?? new Known(sid, data, expires, this.version);
    known.version = this.version;
    known.base = data;
    known.stored = saved ?? undefined;
    known.expires = expires;
    known.maxAge = maxAge;
    return known;
  }
}

/**
 * A session that was read, as the addon gives it: its exact end in milliseconds where a touch has moved
 * it, its end in seconds, and its version, each with `;` behind it and empty where there is none, and
 * then the session as JSON. Little of that is looked at before the request needs it.
 */
class Loaded {
  #sid;
  #text;
  #data;

  /**
   * @param {string} sid
   * @param {string} text
   */
  constructor(sid, text) {
    this.#sid = sid;
    this.#text = text;
    // Nothing before a session has a brace in it.
    this.#data = text.indexOf('{');
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
    const [, expires, version] = this.#text.slice(0, this.#data).split(';');
    const end = expires === '' ? undefined : Number(expires);
    return new Known(this.#sid, this.data, end, version || undefined);
  }
}

/**
 * Whether two lifetimes of a cookie are one. express-session looks at the clock twice when it moves the
 * end of a cookie, and the lifetime then differs by what has passed in between.
 *
 * @param {any} one milliseconds, or nothing
 * @param {any} other
 */
function isSameLifetime(one, other) {
  if (typeof one !== 'number' || typeof other !== 'number')
    return (one ?? null) === (other ?? null);
  return Math.abs(one - other) < 1000;
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
  delete session.cookie?.expires;
  delete session.cookie?.originalMaxAge;
  return JSON.stringify(session);
}

/** Gives back the object that it is called with, so that a subclass can put a private field on that. */
class Given {
  /** @param {object} object */
  constructor(object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is what it is for
    return object;
  }
}

/**
 * A class of notes that only its owner can see, each on an object. A private field costs a fifth of
 * what an entry in a WeakMap does, with every request.
 *
 * @template T
 * @returns {{ of: (object: any) => T | undefined, put: (object: object, note: T) => void }}
 */
function notes() {
  return class Note extends Given {
    /** @type {T} */
    #note;

    /**
     * @param {object} object
     * @param {T} note
     */
    constructor(object, note) {
      super(object);
      this.#note = note;
    }

    /** @param {any} object */
    static of(object) {
      const isObject = typeof object === 'object' && object !== null;
      return isObject && #note in object ? object.#note : undefined;
    }

    /**
     * @param {any} object
     * @param {T} note
     */
    static put(object, note) {
      if (#note in object) object.#note = note;
      else new Note(object, note);
    }
  };
}

module.exports = { Known, Loaded, Saving, isSameLifetime, notes };
