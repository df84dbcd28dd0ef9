'use strict';

/** The events of outages. */

const { publish } = require('./channels');
const { toError } = require('./errors');
const { nextTick } = require('./timers');

/** @import { Failure } from '../native/binding' */
/** @import { Telemetry } from './telemetry' */

/**
 * Returns a function that emits `unavailable` when an outage begins, with the error of calls during the outage,
 * and `available` when it ends, and publishes both on the channel `BREAKER`. If `disconnectEvents` is `true`, the
 * function also emits `disconnect` and `connect`: between these, express-session and koa-generic-session handle requests
 * without a session.
 *
 * @param {import('node:events').EventEmitter} store
 * @param {string} table the name of the store's table
 * @param {Telemetry} telemetry notes whether DynamoDB can be used
 * @param {boolean} [disconnectEvents]
 * @returns {(outages: (Failure | null)[]) => void} takes the reason of each outage that has begun, and `null`
 *   for each outage that has ended
 */
function outageEvents(store, table, telemetry, disconnectEvents = false) {
  const of = { 'db.collection.name': table };
  // Each event on its own tick: if a listener throws, the other events are still emitted.
  const emit = (/** @type {string} */ event, /** @type {Error[]} */ ...error) => {
    nextTick(() => store.emit(event, ...error));
  };
  return (outages) => {
    telemetry.noteOutages(outages);
    for (const reason of outages) {
      if (reason) {
        const error = toError(reason);
        publish('breaker', () => ({
          ...of,
          state: 'open',
          'error.type': reason.code,
          error,
        }));
        emit('unavailable', error);
        if (disconnectEvents) emit('disconnect', error);
      } else {
        publish('breaker', () => ({ ...of, state: 'closed' }));
        emit('available');
        if (disconnectEvents) emit('connect');
      }
    }
  };
}

module.exports = { outageEvents };
