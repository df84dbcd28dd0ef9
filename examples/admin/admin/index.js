'use strict';

/** A router with the admin pages of a store. README.md explains how to mount it, and what it costs. */

const { join } = require('node:path');
const express = require('express');
const { Figures } = require('./figures');
const { Login } = require('./login');
const { Listings, MeteredScan } = require('./scan');
const { sample, sizeOf } = require('./sizes');
const views = require('./views');

/** No code and no style from another place or from the page itself, and no other site around the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'X-Robots-Tag': 'noindex',
  // The back button must not show a page after the logout.
  'Cache-Control': 'no-store',
};

/** A stream of figures ends after this time. The browser then asks again, and so shows that it is still logged in. */
const STREAM_TIME = 60_000;

/** The bounds of a sample, in capacity units. */
const BOUNDS = [10, 50, 250];

/**
 * @param {object} options
 * @param {import('dynamo-session-store').DynamoDBStore} options.store with an index of sessions by their user
 * @param {string} options.index the name of this index in the option `indexes` of the store
 * @param {string} options.secret signs the tokens of forms
 * @param {string} options.passwordHash of `hashPassword`
 * @param {number} [options.unitsPerSecond] the largest number of capacity units a second for a list of sessions
 * @param {(event: object) => void} [options.audit] is called for each login, logout and ended session
 */
function adminRouter({
  store,
  index,
  secret,
  passwordHash,
  unitsPerSecond = 50,
  audit = () => {},
}) {
  const login = new Login({ secret, passwordHash, audit });
  const figures = new Figures(store);
  const listings = new Listings();
  const form = express.urlencoded({ extended: false, limit: '4kb' });
  let isSampling = false;

  const router = express.Router();
  router.use((request, response, next) => {
    if (!request.session) return next(new Error('mount adminRouter() after express-session'));
    response.set(HEADERS);
    return next();
  });
  router.use('/assets', express.static(join(__dirname, 'public'), { index: false }));
  router.use(login.routes);
  router.use(login.requireAdmin);

  /** Sends a page with the frame for admins. */
  const send = (request, response, view) =>
    response.send(view({ base: request.baseUrl, token: login.tokenOf(request) }));

  router.get('/', (request, response) => {
    send(request, response, (frame) => views.overview(frame, figures.now));
  });

  router.get('/figures', (request, response) => {
    response.set({
      'Content-Type': 'text/event-stream',
      // No proxy may hold events back.
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    });
    const tell = (event, data) =>
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    response.write('retry: 1000\n\n');
    tell('history', figures.history);
    tell('state', figures.now);
    const stop = figures.watch((now, isSecond) => tell(isSecond ? 'second' : 'state', now));
    const timer = setInterval(() => {
      // During an outage, nobody could be let in again.
      if (store.stats().available || !login.isAdmin(request)) response.end();
    }, STREAM_TIME);
    response.once('close', () => {
      stop();
      clearInterval(timer);
    });
  });

  router.get('/sessions', async (request, response) => {
    const { list, page = '1' } = request.query;
    if (list === undefined) {
      const scan = new MeteredScan(store, unitsPerSecond);
      const { id } = listings.open(request.sessionID, scan, (session) => toRow(session, index));
      return response.redirect(303, `${request.baseUrl}/sessions?list=${id}`);
    }
    const listing = listings.find(request.sessionID, String(list));
    const shown = await listing?.page(Number(page));
    return send(request, response.status(shown ? 200 : 410), (frame) =>
      shown ? views.sessions(frame, shown) : views.endedListing(frame),
    );
  });

  router.get('/user', async (request, response) => {
    const id = String(request.query.id ?? '').trim();
    if (id === '') return response.redirect(303, `${request.baseUrl}/sessions`);
    const devices = await store.sessionsOf(index, id, { current: request.sessionID });
    const ended = Number(request.query.ended ?? Number.NaN);
    return send(request, response, (frame) => views.user(frame, { id, devices, ended }));
  });

  /** Ends sessions of a user, and shows the user again. */
  const end = async (request, response, action, options) => {
    const id = String(request.body.id ?? '');
    const count = await store.destroyOf(index, id, options);
    const { handle } = options;
    audit({ action, user: id, handle, count, address: request.ip, at: new Date() });
    const query = new URLSearchParams({ id, ended: String(count) });
    response.redirect(303, `${request.baseUrl}/user?${query}`);
  };

  router.post('/user/logout', form, login.checkToken, (request, response) =>
    end(request, response, 'logout-device', { handle: String(request.body.handle ?? '') }),
  );

  router.post('/user/logout-everywhere', form, login.checkToken, (request, response) =>
    end(request, response, 'logout-everywhere', {}),
  );

  router.get('/sizes', (request, response) => {
    send(request, response, (frame) => views.sizes(frame, { bounds: BOUNDS }));
  });

  // No GET: a sample costs, and a browser may load a link before anybody follows it.
  router.post('/sizes', form, login.checkToken, async (request, response) => {
    const units = Number(request.body.units);
    if (!BOUNDS.includes(units)) return response.sendStatus(400);
    if (isSampling) {
      return send(request, response.status(409), (frame) =>
        views.sizes(frame, { bounds: BOUNDS, isBusy: true }),
      );
    }
    const leaving = new AbortController();
    response.once('close', () => leaving.abort());
    isSampling = true;
    try {
      const taken = await sample(store, units, leaving.signal);
      return send(request, response, (frame) => views.sizes(frame, { bounds: BOUNDS, taken }));
    } finally {
      isSampling = false;
    }
  });

  router.post('/logout', form, login.checkToken, login.logOut);

  router.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    // The code only. The page does not show what an error quotes.
    console.error('admin page:', error.code ?? error.name, error.requestId ?? '');
    const status = error.status ?? (error.retryable ? 503 : 500);
    return response.status(status).send(views.failed(request.baseUrl, error.code ?? error.name));
  });
  return router;
}

/**
 * The part of a session that a page shows: neither its id nor its content.
 *
 * @param {any} session of `sessions()`
 * @param {string} index
 */
function toRow(session, index) {
  const { handle, createdAt, lastSeen, expires, indexed } = session;
  const { value: user, label } = indexed[index] ?? {};
  return { handle, user, label, createdAt, lastSeen, expires, size: sizeOf(session) };
}

module.exports = { adminRouter };
