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

/** So that no two processes give the same version. @type {string | undefined} */
let prefix;
let versions = 0;

/** A version that no other write has. */
function newVersion() {
  versions += 1;
  // Not before: the first random bytes of a process take as long as loading a file.
  prefix ??= randomBytes(6).toString('base64url');
  return prefix + versions.toString(36);
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
  /** The version that is in the table; `undefined` where a replaced package has written it. */
  version;
  /** The session as JSON that the changes of the request count from; `undefined` for a new one. */
  base;
  /** The session as JSON that is in the table, where that is another. @type {string | undefined} */
  stored;
  /** `cookie.originalMaxAge` as it is in the table. @type {any} */
  maxAge;
  /** How many saves of the request are not answered yet. */
  saving = 0;
  /** The number of the request. */
  request = nextRequest();

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

  /**
   * Whether a session is the one that is in the table, but for the end of its cookie. While the request
   * saves it, that is not known.
   *
   * @param {string} data JSON
   * @param {any} maxAge the cookie's `originalMaxAge`
   */
  isSame(data, maxAge) {
    if (this.saving > 0 || this.base === undefined) return false;
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

/** A save of a session, by the request that has it. */
class Saving {
  /** What the write is conditional on, for the addon. @type {KnownSession} */
  expected;
  /** The version that it gives the session. */
  version = newVersion();
  #known;

  /**
   * @param {Known} known
   * @param {Conflict} conflict
   */
  constructor(known, conflict) {
    this.#known = known;
    const { version, base, stored, request } = known;
    this.expected = { version, base, stored, conflict, request };
  }

  /**
   * Waits for the save, and has known what it has changed. Until then the addon knows what later saves
   * of the request count on.
   *
   * @param {Promise<string | false | null>} saving
   * @param {{ data: string, expires: number | undefined, maxAge?: any }} given
   * @returns {Promise<boolean>} whether the session is there
   */
  async outcome(saving, given) {
    const known = this.#known;
    known.saving += 1;
    try {
      const saved = await saving;
      if (saved === false) return false;
      // One with changes of others is in a version of the addon's own: the next save finds that out,
      // with a write that is refused, and goes on from there.
      known.version = this.version;
      known.base = given.data;
      known.stored = saved ?? undefined;
      known.expires = given.expires;
      known.maxAge = given.maxAge;
      return true;
    } finally {
      known.saving -= 1;
    }
  }
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
    const [, expires] = this.#text.slice(0, this.#version).split(';');
    const end = expires === '' ? undefined : Number(expires);
    const version = this.#text.slice(this.#version, this.#data);
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
