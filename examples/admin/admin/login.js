'use strict';

/**
 * The login of the admin: sessions of the app's own store, a limit of attempts, and a token in each form, so that no
 * other site can send one.
 */

const { createHmac, randomBytes, timingSafeEqual } = require('node:crypto');
const express = require('express');
const { rateLimit } = require('express-rate-limit');
const { isPassword, parsed } = require('./password');
const views = require('./views');

/** The cookie of a visitor who is about to log in. A session in the table for each visit of the page would cost. */
const COOKIE = 'admin-login';
const COOKIE_VALUE = /(?:^|;\s*)admin-login=([\w-]{22})(?:;|$)/;

/** The session ends this time after the last page, and in any case this time after the login. */
const IDLE = 30 * 60_000;
const LONGEST = 8 * 3_600_000;

/** Wrong passwords from one address within this time. */
const ATTEMPTS = 5;
const WINDOW = 15 * 60_000;

class Login {
  #secret;
  #passwordHash;
  #audit;
  /** Changes with the password: sessions of an old password are over. */
  #stamp;

  /** @param {{ secret: string, passwordHash: string, audit: (event: object) => void }} options */
  constructor({ secret, passwordHash, audit }) {
    // A wrong hash fails at the start.
    parsed(passwordHash);
    this.#secret = secret;
    this.#passwordHash = passwordHash;
    this.#audit = audit;
    this.#stamp = this.#sign('password', passwordHash).slice(0, 16);
  }

  /** The pages for everybody: the login. */
  get routes() {
    const router = express.Router();
    const form = express.urlencoded({ extended: false, limit: '4kb' });
    const limit = rateLimit({
      windowMs: WINDOW,
      limit: ATTEMPTS,
      // Counts before the password is checked, so that attempts at the same time count too.
      skipSuccessfulRequests: true,
      legacyHeaders: false,
      handler: (request, response) => {
        this.#note(request, 'login-limited');
        this.#showForm(request, response.status(429), 'Too many attempts. Try again later.');
      },
    });
    router.get('/login', (request, response) => {
      if (this.isAdmin(request)) return response.redirect(303, `${request.baseUrl}/`);
      return this.#showForm(request, response);
    });
    router.post('/login', limit, form, this.checkToken, (request, response) =>
      this.#logIn(request, response),
    );
    return router;
  }

  /** Lets only admins pass. */
  requireAdmin = (request, response, next) => {
    if (this.isAdmin(request)) return next();
    // An `EventSource` should end, not get a page.
    if (request.accepts(['html', 'text/event-stream']) !== 'html') return response.sendStatus(401);
    return response.redirect(303, `${request.baseUrl}/login`);
  };

  /** Refuses a form without the token of this session. */
  checkToken = (request, response, next) => {
    const given = Buffer.from(String(request.body?.token ?? ''));
    const token = this.tokenOf(request);
    const right = Buffer.from(token ?? '');
    if (token && given.length === right.length && timingSafeEqual(given, right)) return next();
    return response.status(403).send(views.refused(request.baseUrl));
  };

  /** @param {import('express').Request & { session: any }} request */
  isAdmin({ session: { admin } }) {
    return admin?.stamp === this.#stamp && Date.now() < admin.until;
  }

  /**
   * The token for the forms of this session, or of the login.
   *
   * @param {any} request
   * @returns {string | undefined}
   */
  tokenOf(request) {
    if (this.isAdmin(request)) return this.#sign('session', request.sessionID);
    const cookie = COOKIE_VALUE.exec(request.headers.cookie ?? '')?.[1];
    return cookie && this.#sign('login', cookie);
  }

  logOut = (request, response, next) => {
    this.#note(request, 'logout');
    request.session.destroy((error) =>
      error ? next(error) : response.redirect(303, `${request.baseUrl}/login`),
    );
  };

  async #logIn(request, response) {
    const password = String(request.body.password ?? '');
    if (!(await isPassword(password, this.#passwordHash))) {
      this.#note(request, 'login-refused');
      return this.#showForm(request, response.status(401), 'This is not the password.');
    }
    // A new id: an id that somebody has planted in this browser is then useless.
    await promised((done) => request.session.regenerate(done));
    request.session.admin = { stamp: this.#stamp, until: Date.now() + LONGEST };
    Object.assign(request.session.cookie, { sameSite: 'strict', httpOnly: true, maxAge: IDLE });
    await promised((done) => request.session.save(done));
    this.#note(request, 'login');
    response.clearCookie(COOKIE, { path: request.baseUrl });
    return response.redirect(303, `${request.baseUrl}/`);
  }

  #showForm(request, response, problem) {
    let cookie = COOKIE_VALUE.exec(request.headers.cookie ?? '')?.[1];
    if (!cookie) {
      cookie = randomBytes(16).toString('base64url');
      const { baseUrl: path, secure } = request;
      response.cookie(COOKIE, cookie, { path, secure, httpOnly: true, sameSite: 'strict' });
    }
    response.send(views.login(request.baseUrl, this.#sign('login', cookie), problem));
  }

  #note(request, action) {
    this.#audit({ action, address: request.ip, at: new Date() });
  }

  #sign(purpose, text) {
    return createHmac('sha256', this.#secret)
      .update(`dynamo-session-store admin ${purpose}\n${text}`)
      .digest('base64url');
  }
}

/** @param {(done: (error?: unknown) => void) => void} call */
function promised(call) {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve(undefined)));
  });
}

module.exports = { Login };
