'use strict';

const Koa = require('koa');
const { createSession } = require('koa-session');
const { CLOCK_HEADER, answerOf, loginData } = require('./pages');

/** @import { AppOptions } from './pages' */

/**
 * The app on Koa, with koa-session.
 *
 * @param {AppOptions} options
 * @returns {import('node:http').RequestListener}
 */
function koaApp({ store, setting, cookie, sessionBytes, moveClock }) {
  const app = new Koa();
  app.keys = ['keyboard cat'];
  if (moveClock) {
    app.use((/** @type {any} */ ctx, /** @type {() => Promise<void>} */ next) => {
      moveClock(Number(ctx.get(CLOCK_HEADER)));
      return next();
    });
  }
  if (store) app.use(createSession({ store, maxAge: cookie, ...setting }, app));
  app.use((/** @type {any} */ ctx) => {
    const [, page, user] = ctx.path.split('/');
    if (page === 'login') {
      const own = { _expire: Date.now(), _maxAge: cookie };
      Object.assign(ctx.session, loginData(Number(user), sessionBytes, own));
    } else if (page === 'logout') {
      ctx.session = null;
    } else if (ctx.method === 'POST') {
      ctx.session.visits += 1;
    }
    ctx.body = answerOf(ctx.session);
  });
  return app.callback();
}

module.exports = { koaApp };
