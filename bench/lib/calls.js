'use strict';

/** The calls of each kind of store, as functions of a number that give a promise. */

const { performance } = require('node:perf_hooks');
const { shopifySession, webSession } = require('./sessions');

/**
 * Where a store has its sessions.
 *
 * @typedef {object} Place
 * @property {string} endpoint
 * @property {string} table
 *
 * What the calls of a store are made for.
 *
 * @typedef {Place & { ids: number, sessionBytes: number }} Target `ids`: how many sessions the calls
 *   go round; `sessionBytes`: the length of a session as JSON
 *
 * @typedef {object} Opened
 * @property {any} store `undefined` for an app without sessions
 * @property {() => void | Promise<void>} close
 *
 * @typedef {'express' | 'koa'} Framework
 *
 * @typedef {'get' | 'set' | 'touch' | 'destroy'} Operation
 *
 * @typedef {object} Calls
 * @property {(index: number) => Promise<any>} get gives the session
 * @property {(index: number) => Promise<any>} set
 * @property {(index: number) => Promise<any>} [touch]
 * @property {(index: number) => Promise<any>} [destroy]
 * @property {() => void | Promise<void>} close
 *
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} label for the tables and the chart
 * @property {boolean} ours
 * @property {boolean} chart whether it is drawn
 * @property {import('./formats').Format | 'none'} format
 * @property {readonly ('get' | 'set' | 'touch')[]} operations
 * @property {readonly string[]} modes those that it takes part in
 * @property {Framework} [framework] of its app; the subjects of `cost` and `app` have it
 * @property {(place: Place) => Opened | Promise<Opened>} [open] the store alone, for an app; the
 *   same have it
 * @property {Make} [make] all have it but those that are only in `app`
 *
 * @typedef {(target: Target, storeOptions?: object) => Promise<Calls>} Make `storeOptions`: further
 *   options of the store; only the subjects of `flood` take them
 *
 * @typedef {Subject & { make: Make }} CallSubject
 *
 * @typedef {object} Outcome what became of a call
 * @property {number} time milliseconds from the call to its callback
 * @property {string} [code] of its failure; missing if the call succeeded
 *
 * @typedef {Record<string, number>} Failures how many calls failed with each code
 */

/**
 * The calls of a store for express-session, with callbacks, as express-session makes them.
 *
 * @param {Opened} opened
 * @param {Target} target
 * @returns {Calls}
 */
function expressCalls({ store, close }, target) {
  const sid = ids(target.ids);
  const session = webSession(target.sessionBytes);
  return {
    get: (index) => promised((done) => store.get(sid(index), done)),
    set: (index) => promised((done) => store.set(sid(index), session, done)),
    touch: (index) => promised((done) => store.touch(sid(index), session, done)),
    destroy: (index) => promised((done) => store.destroy(sid(index), done)),
    close,
  };
}

/**
 * @param {Opened} opened
 * @param {Target} target
 * @returns {Calls}
 */
function koaCalls({ store, close }, target) {
  const sid = ids(target.ids);
  const session = webSession(target.sessionBytes);
  return {
    get: (index) => store.get(sid(index)),
    set: (index) => store.set(sid(index), session, session.cookie.maxAge),
    destroy: (index) => store.destroy(sid(index)),
    close,
  };
}

/**
 * @param {any} storage
 * @param {Target} target
 * @param {() => void | Promise<void>} close
 * @returns {Calls}
 */
function shopifyCalls(storage, target, close) {
  const sid = ids(target.ids);
  /** @type {any[]} */
  const sessions = [];
  // Only when a session is written: an app that reads one has not loaded the class for it.
  const session = (/** @type {number} */ index) => {
    const { Session } = require('@shopify/shopify-api');
    const id = sid(index);
    sessions[index % target.ids] ??= new Session(shopifySession(id, target.sessionBytes));
    return sessions[index % target.ids];
  };
  return {
    get: (index) => storage.loadSession(sid(index)),
    set: (index) => storage.storeSession(session(index)),
    destroy: (index) => storage.deleteSession(sid(index)),
    close,
  };
}

/** @param {number} count */
function ids(count) {
  const all = Array.from({ length: count }, (_, index) => `session-${index}`);
  return (/** @type {number} */ index) => all[index % count];
}

/**
 * @param {(done: (error: unknown, result?: any) => void) => void} call
 * @returns {Promise<any>}
 */
function promised(call) {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)));
  });
}

/**
 * Makes one call and waits for its callback.
 *
 * @param {Calls} calls
 * @param {Operation} operation
 * @param {number} index
 * @returns {Promise<Outcome>}
 */
async function timed(calls, operation, index) {
  const call = calls[operation];
  if (!call) throw new Error(`the store has no ${operation}`);
  const began = performance.now();
  let code;
  try {
    await call(index);
  } catch (error) {
    code = codeOf(error);
  }
  return { time: performance.now() - began, code };
}

/** @param {any} error */
function codeOf(error) {
  return String(error?.code ?? error?.name ?? error);
}

/**
 * @param {readonly Outcome[]} outcomes
 * @returns {Failures}
 */
function countFailures(outcomes) {
  /** @type {Failures} */
  const counts = {};
  for (const { code } of outcomes) {
    if (code !== undefined) counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}

/**
 * A store that finds nothing would be measured as a fast one.
 *
 * @param {Calls} calls
 */
async function checkGet(calls) {
  const session = await calls.get(0);
  if (typeof session !== 'object' || session === null) throw new Error('get gave no session');
}

module.exports = { checkGet, countFailures, expressCalls, koaCalls, shopifyCalls, timed };
