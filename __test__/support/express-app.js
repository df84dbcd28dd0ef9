'use strict';

/** An Express app as people write it, with the store under test. */

const session = require('express-session');

/**
 * @param {import('express')} express Express 4 or 5
 * @param {any} store
 * @param {object} [options] of express-session
 */
function newApp(express, store, options) {
  const app = express();
  app.use(
    session({ store, secret: 'keyboard cat', resave: false, saveUninitialized: false, ...options }),
  );
  app.post('/login/:user', (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error);
      request.session.user = request.params.user;
      return response.json({ user: request.session.user });
    });
  });
  app.get('/visit', (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.json({ user: request.session.user, visits: request.session.visits });
  });
  app.get('/look', (request, response) => {
    response.json({ user: request.session.user ?? null, visits: request.session.visits ?? null });
  });
  app.post('/save', (request, response, next) => {
    request.session.saved = true;
    request.session.save((error) => {
      if (error) return next(error);
      return request.session.reload((reloadError) =>
        reloadError ? next(reloadError) : response.json({ saved: request.session.saved }),
      );
    });
  });
  app.post('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.json({})));
  });
  // Four parameters: by their number Express knows an error handler.
  app.use((error, _request, response, _next) => {
    response.status(500).json({ code: error.code });
  });
  return app;
}

module.exports = { newApp };
