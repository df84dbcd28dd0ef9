'use strict';

/**
 * Finds the request that a session belongs to, when a framework passes the session to `set` or `touch`.
 *
 * express-session passes the plain object from `get` to `createSession`, which makes a `Session` of it, and passes
 * this `Session` to `set` and `touch`. Applications may wrap the `Session` in a `Proxy` or copy it. All of these
 * have the same cookie object, so the knowledge of the request is noted on the cookie.
 *
 * @fastify/session makes a `Session` itself: it copies each key of the object from `get`, and passes this `Session`
 * to `set`. So `get` adds a key with a function, and the knowledge is noted on this function. JSON leaves functions
 * out.
 */

const { isProxy } = require('node:util/types');
const { storeError } = require('./errors');
const { Known } = require('./known');
const { newNotes } = require('./notes');
const { warn } = require('./warning');

/** @import { Loaded } from './known' */
/** @import { Notes } from './notes' */

/** The key of the function that `get` adds to a session for @fastify/session. */
const CARRIER_KEY = '__dynamoSessionStore';

/** The number of session ids that are kept for the warning about copies. */
const MAX_RECENT = 64;

class Recognition {
  #store;
  /** @type {Notes<Loaded | Known>} */
  #notes = newNotes();
  /** Whether `get` adds the carrier to sessions, for @fastify/session. */
  #addsCarrier;
  /** The ids of the last sessions that `createSession` made. @type {string[]} */
  #recentSids = [];
  #nextIndex = 0;
  #hasWarned = false;

  /**
   * @param {import('node:events').EventEmitter} store emits the warning about copies
   * @param {boolean} hasCreateSession whether the framework makes sessions by `createSession`
   */
  constructor(store, hasCreateSession) {
    this.#store = store;
    this.#addsCarrier = !hasCreateSession;
  }

  /**
   * Notes the session that `get` has read on the object that `get` returns.
   *
   * @param {any} session
   * @param {Loaded} loaded
   */
  noteRead(session, loaded) {
    const holder = noteHolder(session);
    this.#notes.put(holder, loaded);
    // Every session of @fastify/session has a cookie.
    if (!this.#addsCarrier || holder === session) return;
    const carrier = () => {};
    this.#notes.put(carrier, loaded);
    session[CARRIER_KEY] = carrier;
  }

  /**
   * Returns the session that `get` has read, for the object that `createSession` was called with.
   *
   * @param {any} read
   * @returns {Loaded | undefined}
   */
  loadedOf(read) {
    const note = this.#notes.of(noteHolder(read));
    return note instanceof Known ? undefined : note;
  }

  /**
   * Notes the knowledge of a request on the session that `createSession` has made.
   *
   * @param {any} session
   * @param {Known | undefined} known `undefined` if `createSession` got a copy of the object from `get`
   */
  noteCreated(session, known) {
    if (known) {
      this.#note(session, known);
      this.#recentSids[this.#nextIndex] = known.sid;
      this.#nextIndex = (this.#nextIndex + 1) % MAX_RECENT;
    } else {
      this.#warn('createSession() got a copy of the session from get(), with a copied cookie');
    }
  }

  /**
   * Returns the knowledge of the request that a session belongs to; `undefined` if the session belongs to no
   * request, because an application passes it to the store itself, or a framework does not keep it on the request.
   *
   * @param {string} sid
   * @param {any} session
   * @returns {Known | undefined}
   */
  knownOf(sid, session) {
    // `touch` accepts calls without a session.
    if (typeof session !== 'object' || session === null) return undefined;
    const note = this.#notes.of(noteHolder(session)) ?? this.#notes.of(session);
    if (note instanceof Known && note.sid === sid && !isDestroyed(session)) return note;
    const isOfFastify = isSessionOfFastify(sid, session);
    // With @fastify/session, an application may use the class on express-session's Store.
    if (isOfFastify) this.#addsCarrier = true;
    const isOfExpress = session.req?.sessionStore === this.#store && session.id === sid;
    if (!isOfFastify && !isOfExpress) {
      if (note === undefined && this.#recentSids.includes(sid)) {
        this.#warn('a call got a copy of the session of a request, with a copied cookie');
      }
      return undefined;
    }
    if (isProxy(session.cookie)) this.#warn('the cookie of a session is in a Proxy');
    const known = this.#knownByCarrier(sid, session) ?? new Known(sid);
    this.#note(session, known);
    return known;
  }

  /**
   * Notes the knowledge of a request on a session that the framework has made anew.
   *
   * @param {any} session
   * @param {Known} known
   */
  noteNew(session, known) {
    this.#note(session, known);
  }

  /**
   * Forgets the id of a destroyed session: a session that is later saved under this id is new, and causes no
   * warning about copies.
   *
   * @param {string} sid
   */
  forget(sid) {
    const index = this.#recentSids.indexOf(sid);
    if (index >= 0) this.#recentSids[index] = '';
  }

  /**
   * Returns the result of the read of a session that belongs to no request: an application has called `get` itself,
   * and now calls `set` with the same session.
   *
   * @param {string} sid
   * @param {any} session
   * @returns {Known | undefined}
   */
  knownWithoutRequest(sid, session) {
    const note = this.#notes.of(noteHolder(session));
    const known = note instanceof Known ? note : note?.known;
    return known?.sid === sid ? known : undefined;
  }

  /**
   * @param {any} session
   * @param {Known} known
   */
  #note(session, known) {
    // On both: a copy has the same cookie, but an application may assign another cookie to the session.
    this.#notes.put(noteHolder(session), known);
    this.#notes.put(session, known);
  }

  /**
   * @param {string} sid
   * @param {any} session of @fastify/session
   * @returns {Known | undefined}
   */
  #knownByCarrier(sid, session) {
    const carrier = session[CARRIER_KEY];
    const loaded = typeof carrier === 'function' ? this.#notes.of(carrier) : undefined;
    const known = loaded instanceof Known ? undefined : loaded?.known;
    if (known) known.maxAge = JSON.parse(known.base ?? '{}').cookie?.originalMaxAge;
    return known?.sid === sid ? known : undefined;
  }

  /** @param {string} problem */
  #warn(problem) {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const message =
      `${problem}: the store cannot tell which request the session belongs to. So it writes the session ` +
      'even if another request has changed or destroyed it (a logout). Keep the "cookie" object of the ' +
      'session from get() or from the request';
    warn(this.#store, storeError('ERR_SESSION_COPY', message));
  }
}

/**
 * Returns the object that a session's note is on: its cookie or, without a cookie, the session.
 *
 * @param {any} session
 * @returns {object}
 */
function noteHolder(session) {
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
 * Whether the request has destroyed the session: `session.destroy()` deletes `req.session`.
 *
 * @param {any} session
 */
function isDestroyed({ req }) {
  return req !== undefined && req !== null && req.session === undefined;
}

module.exports = { Recognition };
