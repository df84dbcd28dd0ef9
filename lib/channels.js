'use strict';

/** The diagnostics channels of the package. Monitoring tools and `NODE_DEBUG` subscribe to them. */

const { channel, tracingChannel } = require('node:diagnostics_channel');

/** The names of the channels. */
const CHANNELS = Object.freeze({
  /** A call of a store. For `tracingChannel`. */
  OPERATION: 'dynamo-session-store:operation',
  /** A request to DynamoDB. For `tracingChannel`. */
  REQUEST: 'dynamo-session-store:request',
  /** A request is sent once more. */
  RETRY: 'dynamo-session-store:retry',
  /** DynamoDB has throttled a request. */
  THROTTLE: 'dynamo-session-store:throttle',
  /** An outage has begun or has ended. */
  BREAKER: 'dynamo-session-store:breaker',
  /** A source has given credentials, or has failed. */
  CREDENTIALS: 'dynamo-session-store:credentials',
  /** A connection was opened or closed. */
  CONNECTION: 'dynamo-session-store:connection',
  /** A table was found, created or lost. */
  TABLE: 'dynamo-session-store:table',
});

const operation = tracingChannel(CHANNELS.OPERATION);
const request = tracingChannel(CHANNELS.REQUEST);

const points = {
  retry: channel(CHANNELS.RETRY),
  throttle: channel(CHANNELS.THROTTLE),
  breaker: channel(CHANNELS.BREAKER),
  credentials: channel(CHANNELS.CREDENTIALS),
  connection: channel(CHANNELS.CONNECTION),
  table: channel(CHANNELS.TABLE),
};

const traced = [operation, request].flatMap(({ start, end, asyncStart, asyncEnd, error }) => [
  start,
  end,
  asyncStart,
  asyncEnd,
  error,
]);

/** The channels whose events need the calls and the requests to be followed. */
const followed = [...traced, points.retry, points.throttle, points.credentials, points.connection];

/** Whether calls and requests have to be followed: a channel of their events has a subscriber. */
function isFollowed() {
  for (const { hasSubscribers } of followed) {
    if (hasSubscribers) return true;
  }
  return false;
}

/**
 * Publishes an event of a point channel.
 *
 * @param {keyof typeof points} name
 * @param {() => object} message makes the message; only called if somebody subscribes
 */
function publish(name, message) {
  const point = points[name];
  if (point.hasSubscribers) point.publish(message());
}

module.exports = { CHANNELS, isFollowed, operation, publish, request };
