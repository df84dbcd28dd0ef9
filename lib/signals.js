'use strict';

/** Listening to a user's `AbortSignal`. */

const { invalidArgument } = require('./errors');
const { option } = require('./options');

/**
 * The functions to call when a signal is aborted. Each signal has one listener, because Node warns of a leak if a
 * signal has more than ten.
 *
 * @type {WeakMap<AbortSignal, { calls: Set<() => void>, listener: () => void }>}
 */
const listeners = new WeakMap();

/**
 * Calls `call` once the signal is aborted; at once if it is aborted already.
 *
 * @param {AbortSignal} signal
 * @param {() => void} call
 */
function listen(signal, call) {
  if (signal.aborted) {
    call();
    return;
  }
  let heard = listeners.get(signal);
  if (!heard) {
    const calls = new Set();
    const listener = () => {
      for (const each of [...calls]) each();
    };
    heard = { calls, listener };
    listeners.set(signal, heard);
    signal.addEventListener('abort', heard.listener, { once: true });
  }
  heard.calls.add(call);
}

/** @param {AbortSignal} signal @param {() => void} call */
function ignore(signal, call) {
  const heard = listeners.get(signal);
  if (!heard?.calls.delete(call) || heard.calls.size > 0) return;
  signal.removeEventListener('abort', heard.listener);
  listeners.delete(signal);
}

/**
 * Reads the option `signal` of a method.
 *
 * @param {Record<string, any>} options
 * @returns {AbortSignal | undefined}
 */
function readSignal(options) {
  const signal = option(options, 'signal', 'object');
  // No `instanceof`: a test's sandbox may have a class of its own.
  if (signal === undefined || typeof signal.addEventListener === 'function') return signal;
  throw invalidArgument('option "signal" must be an AbortSignal');
}

module.exports = { ignore, listen, readSignal };
