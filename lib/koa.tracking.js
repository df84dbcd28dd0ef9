'use strict';

/**
 * The beginning of sessions in koa-session: a regenerated session keeps the beginning of the old one, and neither
 * the end inside the session nor the end in the cookie is later than the absolute end of the session. This file is
 * loaded only with the options `absoluteTtl` or `indexes`.
 */

const { newNotes } = require('./notes');

/** @import { Known } from './known' */
/** @import { Notes } from './notes' */
/** @import { Tracking } from './tracking' */

class KoaTracking {
  #tracking;
  /** The beginning of a destroyed session, on its `ctx`. @type {Notes<number | undefined>} */
  #begun = newNotes();
  /** The lifetime that was shortened for the cookie, on its `ctx`. @type {Notes<{ given: number, set: number }>} */
  #lifetimes = newNotes();

  /** @param {Tracking} tracking */
  constructor(tracking) {
    this.#tracking = tracking;
  }

  /**
   * Keeps the beginning of a destroyed session, for the session that the same request saves afterwards.
   *
   * @param {object} ctx
   * @param {Known | undefined} known
   */
  keepBeginning(ctx, known) {
    const created = known?.tracked?.created;
    if (this.#tracking.isContinued && created !== undefined) this.#begun.put(ctx, created);
  }

  /**
   * Limits the end inside a session that was read.
   *
   * @param {any} session
   * @param {Known} known
   */
  limitRead(session, known) {
    const end = known.tracked?.created === undefined ? undefined : this.#tracking.endOf(known);
    if (end !== undefined && session._expire > end) session._expire = end;
  }

  /**
   * Returns a session as it has to be saved: a copy with an earlier end, if the absolute end requires one. Shortens
   * the cookie, which koa-session makes after the save.
   *
   * @param {any} session
   * @param {any} ctx
   * @param {() => Known} knownOf returns what the request of `ctx` knows of the session
   */
  beforeSave(session, ctx, knownOf) {
    if (this.#tracking.absoluteTtl === undefined || !ctx || typeof session !== 'object')
      return session;
    const known = knownOf();
    this.#tracking.begin(known, this.#begun.of(ctx));
    const given = this.#withGivenLifetime(session, ctx);
    const end = /** @type {number} */ (this.#tracking.endOf(known));
    if (!(given?._expire > end)) return given;
    this.#shortenCookie(ctx, end - Date.now(), given._maxAge);
    return { ...given, _expire: end };
  }

  /**
   * Undoes the effect of an earlier shortened cookie of the same request on the lifetime of the session.
   *
   * @param {any} session
   * @param {any} ctx
   */
  #withGivenLifetime(session, ctx) {
    const lifetime = this.#lifetimes.of(ctx);
    const options = ctx.sessionOptions;
    if (!lifetime || !options || options.maxAge !== lifetime.set) return session;
    this.#lifetimes.remove(ctx);
    options.maxAge = lifetime.given;
    const { given } = lifetime;
    return { ...session, _maxAge: given, _expire: Date.now() + given };
  }

  /**
   * @param {any} ctx
   * @param {number} left milliseconds
   * @param {number} given milliseconds
   */
  #shortenCookie(ctx, left, given) {
    const options = ctx.sessionOptions;
    if (!options || typeof options.maxAge !== 'number') return;
    // A cookie with 0 would never end.
    options.maxAge = Math.max(left, 1);
    this.#lifetimes.put(ctx, { given, set: options.maxAge });
  }
}

module.exports = { KoaTracking };
