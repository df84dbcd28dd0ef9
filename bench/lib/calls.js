'use strict';

/** Calls of stores, as functions of a number that return a promise, and how calls are made. */

const { performance } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const { openStore, subjectOf } = require('../subjects');
const { shopifySession, webSession } = require('./sessions');

/** @import { Calls, Failures, Framework, Operation, Outcome, Target } from '../types' */

/** @type {Record<Framework, (store: any, sid: (index: number) => string, bytes: number) => Calls>} */
const CALLS = {
  /** With callbacks, as express-session makes them. */
  express(store, sid, bytes) {
    const session = webSession(bytes);
    return {
      get: (index) => promised((done) => store.get(sid(index), done)),
      set: (index) => promised((done) => store.set(sid(index), session, done)),
      touch: (index) => promised((done) => store.touch(sid(index), session, done)),
      destroy: (index) => promised((done) => store.destroy(sid(index), done)),
    };
  },
  koa(store, sid, bytes) {
    const session = webSession(bytes);
    return {
      get: (index) => store.get(sid(index)),
      set: (index) => store.set(sid(index), session, session.cookie.maxAge),
      destroy: (index) => store.destroy(sid(index)),
    };
  },
  shopify(storage, sid, bytes) {
    /** @type {Map<string, any>} */
    const sessions = new Map();
    const session = (/** @type {string} */ id) => {
      if (!sessions.has(id)) {
        // Not before a session is written: an app that reads one has not loaded the class for it.
        const { Session } = require('@shopify/shopify-api');
        sessions.set(id, new Session(shopifySession(id, bytes)));
      }
      return sessions.get(id);
    };
    return {
      get: (index) => storage.loadSession(sid(index)),
      set: (index) => storage.storeSession(session(sid(index))),
      destroy: (index) => storage.deleteSession(sid(index)),
    };
  },
};

/**
 * Opens the store of a subject.
 *
 * @param {string} name of the subject
 * @param {Target} target
 * @param {object} [options] further options of the store
 * @returns a function that makes a call, and one that closes the store
 */
async function openCalls(name, target, options) {
  const subject = subjectOf(name);
  if (!subject) throw new Error(`there is no subject ${name}`);
  const { store, close } = await openStore(subject, target, options);
  const ids = Array.from({ length: target.ids }, (_, index) => `session-${index}`);
  const sid = (/** @type {number} */ index) => ids[index % ids.length];
  const calls = CALLS[subject.framework](store, sid, target.sessionBytes);
  /** @param {Operation} operation */
  const callOf = (operation) => {
    const call = calls[operation];
    if (!call) throw new Error(`the store has no ${operation}`);
    return call;
  };
  return { close, callOf };
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
 * A store that finds nothing would be measured as a fast one.
 *
 * @param {Pick<Awaited<ReturnType<typeof openCalls>>, 'callOf'>} opened
 */
async function checkGet({ callOf }) {
  const session = await callOf('get')(0);
  if (typeof session !== 'object' || session === null) throw new Error('get gave no session');
}

/**
 * Makes a call and waits for its end.
 *
 * @param {() => Promise<unknown>} call
 * @returns {Promise<Outcome>}
 */
async function timed(call) {
  const began = performance.now();
  let code;
  try {
    await call();
  } catch (caught) {
    const error = /** @type {any} */ (caught);
    code = String(error?.code ?? error?.name ?? error);
  }
  return { time: performance.now() - began, code };
}

/** @param {readonly Outcome[]} outcomes */
function countFailures(outcomes) {
  /** @type {Failures} */
  const counts = {};
  for (const { code } of outcomes) {
    if (code !== undefined) counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}

/**
 * Makes calls with the numbers from 0, so many at a time.
 *
 * @param {number} count
 * @param {number} inFlight
 * @param {(index: number) => unknown} call
 */
async function repeat(count, inFlight, call) {
  let next = 0;
  const loop = async () => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

/**
 * Makes each call when it is due, however many are still in flight. The timer has a resolution of 1 ms:
 * calls that became due meanwhile are made together.
 *
 * @template {{ at: number }} A
 * @template R
 * @param {readonly A[]} arrivals in the order of `at`, milliseconds after the start
 * @param {(arrival: A, late: number) => Promise<R>} make `late`: milliseconds after the call was due
 * @returns {Promise<R[]>} when the last call has ended
 */
async function play(arrivals, make) {
  const pending = [];
  const started = performance.now();
  const past = () => performance.now() - started;
  for (let next = 0; next < arrivals.length; ) {
    const now = past();
    for (; next < arrivals.length && arrivals[next].at <= now; next += 1) {
      pending.push(make(arrivals[next], past() - arrivals[next].at));
    }
    if (next < arrivals.length) await sleep(1);
  }
  return Promise.all(pending);
}

module.exports = { checkGet, countFailures, openCalls, play, repeat, timed };
