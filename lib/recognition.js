'use strict';

/**
 * Which request a session belongs to that a framework hands back.
 *
 * express-session gives the plain object of `get` to `createSession`, and hands back the `Session` that
 * is made of it. Applications wrap sessions: in a `Proxy`, or as a copy. All of these have the cookie of
 * the `Session`, so that is what carries the knowledge of the request.
 *
 * @fastify/session makes a `Session` of its own. It copies each key of the object that `get` gave, and
 * hands the `Session` back. A function among the keys is left out of JSON: that carries the knowledge.
 */

const { isProxy } = require('node:util/types');
const { storeError } = require('./errors');
const { Known } = require('./known');
const { newNotes } = require('./notes');
const { warn } = require('./warning');

/** @import { Loaded } from './known' */
/** @import { Notes } from './notes' */

/** The key of the function that a session of @fastify/session carries. */
const CARRIED = '__dynamoSessionStore';

/** How many sessions are remembered for the warning about copies. */
const REMEMBERED = 64;

class Recognition {
  #store;
  /** @type {Notes<Loaded | Known>} */
  #notes = newNotes();
  /** Whether `get` gives sessions that carry their knowledge, for @fastify/session. */
  #isCarried;
  /** The ids of the sessions that were made last. @type {string[]} */
  #made = [];
  #next = 0;
  #hasWarned = false;

  /**
   * @param {import('node:events').EventEmitter} store emits the warning about copies
   * @param {boolean} hasRequests whether the framework makes sessions by `createSession`
   */
  constructor(store, hasRequests) {
    this.#store = store;
    this.#isCarried = !hasRequests;
  }

  /**
   * `get` gives a session.
   *
   * @param {any} session
   * @param {Loaded} loaded
   */
  give(session, loaded) {
    const cookie = holder(session);
    this.#notes.put(cookie, loaded);
    // A session of @fastify/session has a cookie.
    if (!this.#isCarried || cookie === session) return;
    const carried = () => {};
    this.#notes.put(carried, loaded);
    session[CARRIED] = carried;
  }

  /**
   * What `get` has read, where `createSession` is called with the session that it gave.
   *
   * @param {any} read
   * @returns {Loaded | undefined}
   */
  readOf(read) {
    const note = this.#notes.of(holder(read));
    return note instanceof Known ? undefined : note;
  }

  /**
   * A request has got a session that is made of what was read.
   *
   * @param {any} session
   * @param {Known | undefined} known
   */
  make(session, known) {
    if (known) {
      this.#note(session, known);
      this.#made[this.#next] = known.sid;
      this.#next = (this.#next + 1) % REMEMBERED;
    } else {
      this.#warn('createSession() got a copy of the session from get(), with a copied cookie');
    }
  }

  /**
   * What the request knows that a session belongs to; `undefined` for one that belongs to none, because
   * it is saved by hand, or by a framework that keeps its sessions elsewhere.
   *
   * @param {string} sid
   * @param {any} session
   * @returns {Known | undefined}
   */
  knownOf(sid, session) {
    // A touch needs no session.
    if (typeof session !== 'object' || session === null) return undefined;
    const note = this.#notes.of(holder(session)) ?? this.#notes.of(session);
    if (note instanceof Known && note.sid === sid && !isDestroyed(session)) return note;
    const isOfFastify = isSessionOfFastify(sid, session);
    // An application may have passed the class that is made on express-session's Store.
    if (isOfFastify) this.#isCarried = true;
    const isOfExpress = session.req?.sessionStore === this.#store && session.id === sid;
    if (!isOfFastify && !isOfExpress) {
      if (note === undefined && this.#made.includes(sid)) {
        this.#warn('a call got a copy of the session of a request, with a copied cookie');
      }
      return undefined;
    }
    if (isProxy(session.cookie)) this.#warn('the cookie of a session is in a Proxy');
    const known = this.#carriedBy(sid, session) ?? new Known(sid);
    this.#note(session, known);
    return known;
  }

  /**
   * A session is destroyed. One that is saved by hand under its id is a new one, and no copy.
   *
   * @param {string} sid
   */
  forget(sid) {
    const index = this.#made.indexOf(sid);
    if (index >= 0) this.#made[index] = '';
  }

  /**
   * What was read where a session is saved by hand that `get` has given.
   *
   * @param {string} sid
   * @param {any} session
   * @returns {Known | undefined}
   */
  readByHand(sid, session) {
    const note = this.#notes.of(holder(session));
    const known = note instanceof Known ? note : note?.known;
    return known?.sid === sid ? known : undefined;
  }

  /**
   * @param {any} session
   * @param {Known} known
   */
  #note(session, known) {
    // A copy has the cookie, and an application may give the session another one.
    this.#notes.put(holder(session), known);
    this.#notes.put(session, known);
  }

  /**
   * @param {string} sid
   * @param {any} session of @fastify/session
   * @returns {Known | undefined}
   */
  #carriedBy(sid, session) {
    const carried = session[CARRIED];
    const loaded = typeof carried === 'function' ? this.#notes.of(carried) : undefined;
    const known = loaded instanceof Known ? undefined : loaded?.known;
    if (known) known.maxAge = JSON.parse(known.base ?? '{}').cookie?.originalMaxAge;
    return known?.sid === sid ? known : undefined;
  }

  /** @param {string} what is wrong */
  #warn(what) {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const message =
      `${what}: the store cannot tell which request the session belongs to. So it writes the session ` +
      'even if another request has changed or destroyed it (a logout). Keep the "cookie" object of the ' +
      'session from get() or from the request';
    warn(this.#store, storeError('ERR_SESSION_COPY', message));
  }
}

/**
 * The object that carries the knowledge of a session.
 *
 * @param {any} session
 * @returns {object}
 */
function holder(session) {
  const { cookie } = session;
  return typeof cookie === 'object' && cookie !== null ? cookie : session;
}

/**
 * @param {string} sid
 * @param {any} session
 */
function isSessionOfFastify(sid, session) {
  const { req, sessionId, isModified } = session;
  return req === undefined && sessionId === sid && typeof isModified === 'function';
}

/**
 * Whether the request has destroyed the session: `session.destroy()` takes it from the request.
 *
 * @param {any} session
 */
function isDestroyed({ req }) {
  return req !== undefined && req !== null && req.session === undefined;
}

module.exports = { Recognition };
