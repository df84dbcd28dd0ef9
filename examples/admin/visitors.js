'use strict';

/** The visitors' part of the app: a login without a password, as it is only a demo, and a count of visits. */

const express = require('express');

/** The form of a name. `admin` is the name under which the admin's own sessions are listed. */
const NAME = /^(?!admin$)[a-z]{1,30}$/;

function visitors() {
  const router = express.Router();

  router.get('/', (request, response) => {
    const { user = null } = request.session;
    if (user) request.session.visits += 1;
    response.json({ user, visits: request.session.visits ?? 0 });
  });

  router.post('/login', express.json(), (request, response, next) => {
    const { user, cart = [] } = request.body ?? {};
    if (!NAME.test(user)) return response.status(400).json({ error: 'this is no name' });
    return request.session.regenerate((error) => {
      if (error) return next(error);
      Object.assign(request.session, { user, visits: 0, cart });
      return request.session.save((failure) =>
        failure ? next(failure) : response.json({ user, visits: 0 }),
      );
    });
  });

  return router;
}

module.exports = { visitors };
