'use strict';

/**
 * Apps for `browser.js`, one for each framework. What a request can do with its session is the same. Each framework is
 * loaded by its first app, because a test file uses one or two of them.
 */

/**
 * @typedef {object} Visit a request that has read its session
 * @property {any} session
 * @property {string} sid
 * @property {any} store
 * @property {() => Promise<void>} logOut
 * @property {() => Promise<void>} regenerate
 * @property {() => Promise<void>} save
 * @property {() => Promise<void>} reload of Express and Fastify
 */

/**
 * @param {any} store
 * @param {object} [options] of express-session
 * @returns {(steps: import('./browser').Steps) => import('node:http').RequestListener}
 */
const expressApp = (store, options) => (steps) => {
  const express = require('express');
  const expressSession = require('express-session');
  const app = express();
  app.use(
    expressSession({
      store,
      secret: 'keyboard cat',
      resave: false,
      saveUninitialized: false,
      ...options,
    }),
  );
  app.get('/:step', async (incoming, response) => {
    const said = await steps.pass(incoming.path, expressVisit(incoming, store));
    response.json({ sid: incoming.sessionID, session: incoming.session ?? null, said });
  });
  // Four parameters: by their number Express knows an error handler.
  app.use((error, _incoming, response, _next) => {
    steps.fail(error);
    // express-session has a save that fails end in an answer all the same.
    if (!response.headersSent) response.status(500).json({ code: error.code });
  });
  return app;
};

/** @returns {Visit} */
function expressVisit(incoming, store) {
  const call = (method) =>
    new Promise((resolve, reject) => {
      incoming.session[method]((error) => (error ? reject(error) : resolve(undefined)));
    });
  return {
    store,
    get session() {
      return incoming.session;
    },
    set session(session) {
      incoming.session = session;
    },
    get sid() {
      return incoming.sessionID;
    },
    logOut: () => call('destroy'),
    regenerate: () => call('regenerate'),
    reload: () => call('reload'),
    save: () => call('save'),
  };
}

/**
 * @param {new () => any} Koa
 * @param {(options: object, app: any) => any} koaSession of koa-session
 * @param {any} store
 * @param {object} [options] of koa-session
 * @returns {(steps: import('./browser').Steps) => import('node:http').RequestListener}
 */
const koaApp = (Koa, koaSession, store, options) => (steps) => {
  const app = new Koa();
  app.keys = ['keyboard cat'];
  app.silent = true;
  app.on('error', steps.fail);
  app.use(koaSession({ store, ...options }, app));
  app.use(async (ctx) => {
    const visit = {
      store,
      get session() {
        return ctx.session;
      },
      set session(session) {
        ctx.session = session;
      },
      get sid() {
        return ctx.session?.externalKey;
      },
      async logOut() {
        ctx.session = null;
      },
      regenerate: () => ctx.session.regenerate(),
      save: () => ctx.session.save(),
    };
    const said = await steps.pass(ctx.path, visit);
    ctx.body = { sid: visit.sid, session: ctx.session, said };
  });
  return app.callback();
};

/**
 * @param {any} store
 * @param {object} [options] of @fastify/session
 * @returns {(steps: import('./browser').Steps) => import('node:http').RequestListener}
 */
const fastifyApp =
  (store, { cookie, ...options } = {}) =>
  (steps) => {
    const app = require('fastify')();
    app.register(require('@fastify/cookie'));
    app.register(require('@fastify/session'), {
      store,
      secret: 'keyboard cat, keyboard cat, keyboard cat',
      saveUninitialized: false,
      cookie: { secure: false, ...cookie },
      ...options,
    });
    app.get('/:step', async (incoming) => {
      const visit = fastifyVisit(incoming, store);
      const said = await steps.pass(incoming.url, visit);
      return { sid: visit.sid, session: incoming.session ?? null, said };
    });
    app.setErrorHandler((error, _incoming, reply) => {
      steps.fail(error);
      return reply.status(500).send({ code: error.code });
    });
    const ready = app.ready();
    return async (incoming, response) => {
      await ready;
      app.routing(incoming, response);
    };
  };

/** @returns {Visit} */
function fastifyVisit(incoming, store) {
  return {
    store,
    get session() {
      return incoming.session;
    },
    get sid() {
      return incoming.session?.sessionId;
    },
    logOut: () => incoming.session.destroy(),
    regenerate: () => incoming.session.regenerate(),
    reload: () => incoming.session.reload(),
    save: () => incoming.session.save(),
  };
}

module.exports = { expressApp, fastifyApp, koaApp };
