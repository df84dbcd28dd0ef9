'use strict';

/** Outages, as a store's listeners see them. */

const { toError } = require('./errors');
const { nextTick } = require('./timers');

/** @import { Failure } from '../native/binding' */

/**
 * Emits `unavailable`, with the error that calls fail with, when an outage has begun, and `available`
 * when it is over; where `disconnectEvents` says so, also `disconnect` and `connect`, by which
 * express-session and koa-generic-session pass requests on without a session meanwhile.
 *
 * @param {import('node:events').EventEmitter} store
 * @param {boolean} disconnectEvents
 * @returns {(outages: (Failure | null)[]) => void} takes the reasons of outages that have begun, and
 *   `null` for one that has ended
 */
function outageEvents(store, disconnectEvents) {
  // On a tick of its own: what a listener throws must not keep others from being told.
  const emit = (/** @type {string} */ event, /** @type {Error[]} */ ...error) => {
    nextTick(() => store.emit(event, ...error));
  };
  return (outages) => {
    for (const reason of outages) {
      if (reason) {
        const error = toError(reason);
        emit('unavailable', error);
        if (disconnectEvents) emit('disconnect', error);
      } else {
        emit('available');
        if (disconnectEvents) emit('connect');
      }
    }
  };
}

module.exports = { outageEvents };
