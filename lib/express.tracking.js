'use strict';

/**
 * The beginning of sessions in express-session and @fastify/session: a regenerated session keeps the beginning of
 * the old one, and the end in the cookie is not later than the absolute end of the session. This file is loaded
 * only with the options `absoluteTtl` or `indexes`.
 */

const { isDate } = require('node:util').types;
const { Known } = require('./known');
const { newNotes } = require('./notes');

/** @import { Loaded } from './known' */
/** @import { Notes } from './notes' */
/** @import { Recognition } from './recognition' */
/** @import { Tracking } from './tracking' */

class ExpressTracking {
  #tracking;
  #recognition;
  /** The beginning of a destroyed session, on its request. @type {Notes<number | undefined>} */
  #begun = newNotes();

  /**
   * @param {Tracking} tracking
   * @param {Recognition} recognition
   */
  constructor(tracking, recognition) {
    this.#tracking = tracking;
    this.#recognition = recognition;
  }

  /**
   * Makes the store see the sessions that express-session makes: express-session assigns its function for this to
   * the property `generate`.
   *
   * @param {any} store
   */
  watchNewSessions(store) {
    if (this.#tracking.absoluteTtl === undefined) return;
    // A class on the store may have the method itself.
    let assigned = store.generate;
    const generate = (/** @type {any} */ request) => {
      const result = assigned.call(store, request);
      this.#beginNew(request);
      return result;
    };
    Object.defineProperty(store, 'generate', {
      configurable: true,
      enumerable: true,
      get: () => (typeof assigned === 'function' ? generate : assigned),
      set(/** @type {any} */ given) {
        assigned = given;
      },
    });
  }

  /**
   * Keeps the beginning of the session of a request, for the session that replaces it.
   *
   * @param {any} request
   */
  keepBeginning(request) {
    const { session, sessionID } = request ?? {};
    if (!this.#tracking.isContinued || !session) return;
    const known = this.#recognition.knownOf(sessionID, session);
    this.#begun.put(request, known?.tracked?.created);
  }

  /**
   * Limits the end of a session that was read.
   *
   * @param {any} session
   * @param {Loaded} loaded
   */
  limitRead(session, { tracked }) {
    const { absoluteTtl } = this.#tracking;
    if (tracked?.created === undefined || absoluteTtl === undefined) return;
    const end = tracked.created + absoluteTtl;
    if (Date.parse(session.cookie?.expires) > end) {
      session.cookie.expires = new Date(end).toISOString();
    }
  }

  /**
   * Limits the end in the cookie of a session, now and whenever express-session moves it.
   *
   * @param {any} session
   * @param {Known} known
   */
  limitCookie(session, known) {
    if (this.#tracking.absoluteTtl === undefined) return;
    this.#tracking.begin(known);
    const limit = () => this.#limitEnd(session.cookie, known);
    const { resetMaxAge } = session;
    if (typeof resetMaxAge === 'function') {
      Object.defineProperty(session, 'resetMaxAge', {
        configurable: true,
        writable: true,
        value() {
          const result = resetMaxAge.call(this);
          limit();
          return result;
        },
      });
    }
    limit();
  }

  /**
   * Notes the beginning of a session that is saved or touched, and limits the end in its cookie.
   *
   * @param {string} sid
   * @param {any} session
   */
  beforeSave(sid, session) {
    if (this.#tracking.absoluteTtl === undefined) return;
    const known = this.#recognition.knownOf(sid, session);
    if (!known) return;
    if (known.tracked?.created === undefined) {
      this.#tracking.begin(known, this.#beginningBefore(session));
    }
    this.#limitEnd(session.cookie, known);
  }

  /**
   * The request of a session.
   *
   * @param {any} session
   */
  requestOf(session) {
    return session.req ?? requestOfFastify(session);
  }

  /**
   * Begins a session that express-session has made.
   *
   * @param {any} request
   */
  #beginNew(request) {
    const { session, sessionID } = request;
    const known = new Known(sessionID);
    this.#tracking.begin(known, this.#begun.of(request));
    this.#begun.remove(request);
    this.#recognition.noteNew(session, known);
    this.limitCookie(session, known);
  }

  /**
   * The beginning of the session that this session of @fastify/session replaces. `regenerate()` saves the new
   * session while the request still has the old one.
   *
   * @param {any} session
   */
  #beginningBefore(session) {
    const before = requestOfFastify(session)?.session;
    const isReplaced = this.#tracking.isContinued && before && before !== session;
    if (!isReplaced || typeof before.sessionId !== 'string') return undefined;
    return this.#recognition.knownOf(before.sessionId, before)?.tracked?.created;
  }

  /**
   * @param {any} cookie
   * @param {Known} known
   */
  #limitEnd(cookie, known) {
    const end = this.#tracking.endOf(known);
    // The setter `expires` of express-session's cookie would also change its lifetime.
    const expires = cookie?._expires;
    if (end !== undefined && isDate(expires) && expires.getTime() > end) {
      cookie._expires = new Date(end);
    }
  }
}

/**
 * The request that @fastify/session keeps in a session under a symbol.
 *
 * @param {any} session
 */
function requestOfFastify(session) {
  if (session.req !== undefined || typeof session.isModified !== 'function') return undefined;
  const symbols = Object.getOwnPropertySymbols(session);
  const key = symbols.find(({ description }) => description === 'request');
  return key && session[key];
}

module.exports = { ExpressTracking };
