'use strict';

/**
 * A real app that is measured, in a process of its own. It sends its endpoint to the process that
 * started it, obeys the commands of that process, and ends with it.
 */

/** @type {AppTask} */
const task = JSON.parse(process.argv[2]);
// First: it replaces the clock.
const moveClock = task.hasOwnClock ? require('./clock').moveClock : undefined;
const { subjects } = require('../subjects');
const { CLOCK_HEADER } = require('./browser');
const { startOwnServer } = require('./servers');
const { filler, webSession } = require('./sessions');
const { startMeasuring } = require('./use');

/**
 * @typedef {object} AppTask
 * @property {string} subject its name
 * @property {import('./calls').Place} place
 * @property {object} setting further options of express-session or koa-session
 * @property {number} cookie the lifetime of the session's cookie, in milliseconds
 * @property {number} sessionBytes how long a session is as JSON, at its login
 * @property {boolean} hasOwnClock whether each request says what time it is; the real clock is slower
 *   then
 *
 * @typedef {'begin' | 'end' | 'stop'} Command begins measuring; answers with an `AppUse`; ends
 *
 * @typedef {{ requests: number, loop: number, cpu: number }} AppUse what the requests took since
 *   `begin`: `loop` and `cpu` in microseconds, see `startMeasuring`
 */

/**
 * What a login puts into the session.
 *
 * @param {string} id of the user
 * @param {object} own what the framework itself keeps in the session
 */
function loginData(id, own) {
  const { user, cart } = webSession(task.sessionBytes);
  const data = { user: { ...user, id: Number(id) }, visits: 0, cart, note: '' };
  return { ...data, note: filler({ ...own, ...data }, task.sessionBytes) };
}

/**
 * What every page tells of its session.
 *
 * @param {any} session
 * @returns {import('./browser').Answer}
 */
function answerOf(session) {
  return { user: session?.user?.id ?? null, visits: session?.visits ?? null };
}

/**
 * Changes the session as a POST asks for: by a login or a visit. A logout differs between frameworks.
 *
 * @param {string} path
 * @param {any} session
 * @param {() => object} own what the framework itself keeps in the session
 */
function change(path, session, own) {
  const [, page, user] = path.split('/');
  if (page === 'login') Object.assign(session, loginData(user, own()));
  else session.visits += 1;
  return answerOf(session);
}

/**
 * The apps, each with a store or, without one, without sessions.
 *
 * @type {Record<'express' | 'koa', (store: any) => import('node:http').RequestListener>}
 */
const APPS = {
  express(store) {
    const app = require('express')();
    if (moveClock) {
      app.use((request, _response, next) => {
        moveClock(Number(request.get(CLOCK_HEADER)));
        next();
      });
    }
    if (store) {
      const options = { secret: 'keyboard cat', saveUninitialized: false, ...task.setting };
      const cookie = { maxAge: task.cookie };
      app.use(require('express-session')({ store, ...options, cookie }));
    }
    app.get('/', ({ session }, response) => {
      response.json(answerOf(session));
    });
    app.post('/logout', ({ session }, response) => {
      session.destroy((error) => response.status(error ? 500 : 200).json(answerOf(undefined)));
    });
    app.post('/{*page}', ({ path, session }, response) => {
      response.json(change(path, session, () => ({ cookie: session.cookie })));
    });
    return app;
  },
  koa(store) {
    const app = new (require('koa'))();
    app.keys = ['keyboard cat'];
    if (moveClock) {
      app.use((ctx, next) => {
        moveClock(Number(ctx.get(CLOCK_HEADER)));
        return next();
      });
    }
    if (store) {
      const { createSession } = /** @type {any} */ (require('koa-session'));
      app.use(createSession({ store, maxAge: task.cookie, ...task.setting }, app));
    }
    app.use((ctx) => {
      const own = () => ({ _expire: Date.now(), _maxAge: task.cookie });
      if (ctx.path === '/logout') ctx.session = null;
      else if (ctx.method === 'POST') change(ctx.path, ctx.session, own);
      ctx.body = answerOf(ctx.session);
    });
    return app.callback();
  },
};

async function start() {
  const subject = subjects.find(({ name }) => name === task.subject);
  if (subject?.framework !== 'express' && subject?.framework !== 'koa') {
    throw new Error(`${task.subject} is no store of an app`);
  }
  const { store, close } = await subject.open(task.place);
  const listener = APPS[subject.framework](store);
  let requests = 0;
  let use = startMeasuring();
  const server = await startOwnServer((request, response) => {
    requests += 1;
    listener(request, response);
  });
  process.on('message', async (/** @type {Command} */ command) => {
    if (command === 'begin') {
      requests = 0;
      use = startMeasuring();
    }
    if (command === 'end') process.send?.({ requests, ...use() });
    if (command !== 'stop') return;
    await server.stop();
    await close();
    // A store may leave something open that would keep the process.
    process.exit();
  });
  process.send?.({ endpoint: server.endpoint });
}

process.once('disconnect', () => process.exit());
start().catch((error) => {
  process.send?.({ failed: String(error?.stack) }, () => process.exit(1));
});
