'use strict';

/** A real app that is measured. `startApp` starts it, in a process of its own. */

const { startProcess } = require('./processes');
const { startMeasuring } = require('./stats');
const { startOwnServer } = require('./servers');
const { filler, webSession } = require('./sessions');
const { hasMadeEvents } = require('./watch');

/** The header that says how far the app's clock is ahead, in milliseconds. */
const CLOCK_HEADER = 'x-bench-clock';

/**
 * @typedef {object} AppTask
 * @property {string} subject its name
 * @property {import('../types').Place} place
 * @property {object} setting further options of express-session or koa-session
 * @property {number} cookie the lifetime of the session's cookie, in milliseconds
 * @property {number} sessionBytes how long a session is as JSON, at its login
 * @property {boolean} hasOwnClock whether each request says what time it is; the real clock is slower
 *   then
 *
 * @typedef {{ user: number | null, visits: number | null }} Answer what every page tells of its
 *   session; `null` without a login
 */

/**
 * What a login puts into the session.
 *
 * @param {AppTask} task
 * @param {string} id of the user
 * @param {object} own what the framework itself keeps in the session
 */
function loginData({ sessionBytes }, id, own) {
  const { user, cart } = webSession(sessionBytes);
  const data = { user: { ...user, id: Number(id) }, visits: 0, cart, note: '' };
  return { ...data, note: filler({ ...own, ...data }, sessionBytes) };
}

/** @param {any} session @returns {Answer} */
function answerOf(session) {
  return { user: session?.user?.id ?? null, visits: session?.visits ?? null };
}

/**
 * Changes the session as a POST asks for: by a login or a visit. A logout differs between frameworks.
 *
 * @param {AppTask} task
 * @param {string} path
 * @param {any} session
 * @param {() => object} own what the framework itself keeps in the session
 */
function change(task, path, session, own) {
  const [, page, user] = path.split('/');
  if (page === 'login') Object.assign(session, loginData(task, user, own()));
  else session.visits += 1;
  return answerOf(session);
}

/**
 * The apps, each with a store or, without one, without sessions.
 *
 * @type {Record<string, (task: AppTask, store: any) => import('node:http').RequestListener>}
 */
const APPS = {
  express(task, store) {
    const app = require('express')();
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
      response.json(change(task, path, session, () => ({ cookie: session.cookie })));
    });
    return app;
  },
  koa(task, store) {
    const app = new (require('koa'))();
    app.keys = ['keyboard cat'];
    if (store) {
      const { createSession } = /** @type {any} */ (require('koa-session'));
      app.use(createSession({ store, maxAge: task.cookie, ...task.setting }, app));
    }
    app.use((ctx) => {
      const own = () => ({ _expire: Date.now(), _maxAge: task.cookie });
      if (ctx.path === '/logout') ctx.session = null;
      else if (ctx.method === 'POST') change(task, ctx.path, ctx.session, own);
      ctx.body = answerOf(ctx.session);
    });
    return app.callback();
  },
};

let requests = 0;
let use = startMeasuring();
let close = async () => {};
/** @type {import('../types').Opened['countEvents']} */
let countEvents;
/** The events before the measurement. */
let eventsBefore = 0;

/**
 * What the app's process is asked to do.
 */
const commands = {
  /** Starts the app, and returns its endpoint. @param {AppTask} task */
  async start(task) {
    // First: it replaces the clock.
    const moveClock = task.hasOwnClock ? require('./clock').moveClock : undefined;
    const { openStore, subjectOf } = require('../subjects');
    const subject = subjectOf(task.subject);
    if (!subject || !APPS[subject.framework]) throw new Error(`${task.subject} has no app`);
    const opened = await openStore(subject, task.place);
    const listener = APPS[subject.framework](task, opened.store);
    const server = await startOwnServer((request, response) => {
      requests += 1;
      moveClock?.(Number(request.headers[CLOCK_HEADER]));
      listener(request, response);
    });
    countEvents = opened.countEvents;
    close = async () => {
      await server.stop();
      await opened.close();
    };
    return server.endpoint;
  },
  /** Begins measuring. */
  begin() {
    requests = 0;
    eventsBefore = countEvents?.() ?? 0;
    use = startMeasuring();
  },
  /**
   * What a request took since `begin`, in microseconds, see `startMeasuring`, and how many events of this package
   * subscribers got of it.
   *
   * @throws {Error} if events are made for nobody, or subscribers get none
   */
  end() {
    const { loop, cpu } = use();
    const events = (countEvents?.() ?? 0) - eventsBefore;
    if (countEvents && events === 0) throw new Error('subscribers get no events');
    if (!countEvents && hasMadeEvents()) throw new Error('events are made for nobody');
    return { loop: loop / requests, cpu: cpu / requests, events: events / requests };
  },
  stop: () => close(),
};

/**
 * Starts a real app in a process of its own, has visitors use it, and ends it.
 *
 * @template T
 * @param {AppTask} task
 * @param {(app: { endpoint: string, call: (name: keyof typeof commands) => Promise<any> }) => Promise<T>} visit
 * @returns {Promise<T>} what `visit` returned
 */
async function withApp(task, visit) {
  const { call, printed, stop } = startProcess();
  const tell = (/** @type {keyof typeof commands} */ name, /** @type {unknown[]} */ ...args) =>
    call({ file: __filename, name, args });
  try {
    const visited = await visit({ endpoint: await tell('start', task), call: tell });
    await tell('stop');
    return visited;
  } catch (error) {
    throw new Error(`${/** @type {Error} */ (error).message}\n${printed()}`);
  } finally {
    await stop();
  }
}

module.exports = { ...commands, CLOCK_HEADER, withApp };
