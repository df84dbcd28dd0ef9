'use strict';

const express = require('express');
const session = require('express-session');
const { CLOCK_HEADER, answerOf, loginData } = require('./pages');

/** @import { AppOptions } from './pages' */

/**
 * The app on Express, with express-session.
 *
 * @param {AppOptions} options
 * @returns {import('node:http').RequestListener}
 */
function expressApp({ store, setting, cookie, sessionBytes, moveClock }) {
  const app = express();
  if (moveClock) {
    app.use((request, _response, next) => {
      moveClock(Number(request.get(CLOCK_HEADER)));
      next();
    });
  }
  if (store) {
    app.use(
      session({
        store,
        secret: 'keyboard cat',
        saveUninitialized: false,
        ...setting,
        cookie: { maxAge: cookie },
      }),
    );
  }
  app.post('/login/:user', (/** @type {any} */ request, response) => {
    const own = { cookie: request.session.cookie };
    Object.assign(request.session, loginData(Number(request.params.user), sessionBytes, own));
    response.json(answerOf(request.session));
  });
  app.get('/', (/** @type {any} */ request, response) => {
    response.json(answerOf(request.session));
  });
  app.post('/', (/** @type {any} */ request, response) => {
    request.session.visits += 1;
    response.json(answerOf(request.session));
  });
  app.post('/logout', (/** @type {any} */ request, response, next) => {
    request.session.destroy((/** @type {unknown} */ error) => {
      if (error) next(error);
      else response.json(answerOf(undefined));
    });
  });
  return app;
}

module.exports = { expressApp };
