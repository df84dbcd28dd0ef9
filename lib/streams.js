'use strict';

/** Reads records of DynamoDB Streams. Does not load the addon. */

const { handleOf } = require('./handle');

/** Only items of locks have this attribute. */
const LOCK_TOKEN = '_token';

/** The end of the keys of locks. */
const LOCK_SUFFIX = '#lock';

/** DynamoDB's time to live deletes items under this name. */
const TIME_TO_LIVE = 'dynamodb.amazonaws.com';

/**
 * Tells the change of a session that a record is about.
 *
 * @param {any} record a record of DynamoDB Streams, as AWS Lambda or the AWS SDK gives it
 * @param {{ prefix?: string, expires?: string }} [options]
 */
function readStreamRecord(record, { prefix = '', expires = 'expires' } = {}) {
  const { eventName, dynamodb, userIdentity } = record ?? {};
  const keys = Object.values(dynamodb?.Keys ?? {});
  if (typeof eventName !== 'string' || keys.length === 0) {
    const message =
      'readStreamRecord takes a record of DynamoDB Streams, with "eventName" and "dynamodb.Keys"';
    throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' });
  }
  const { OldImage: before, NewImage: after } = dynamodb;
  const key = keys.length === 1 ? keys[0].S : undefined;
  if (typeof key !== 'string' || !key.startsWith(prefix)) return undefined;
  if (isLock(key, after ?? before)) return undefined;
  const time = timeOf(dynamodb.ApproximateCreationDateTime);
  const end = endOf((after ?? before)?.[expires]);
  const type = typeOf(eventName, isByTimeToLive(userIdentity) || hasPassed(end, time));
  return type && { type, handle: handleOf(key), time, expires: end };
}

/**
 * @param {string} eventName
 * @param {boolean} hasEnded whether the session has ended at the time of the change
 */
function typeOf(eventName, hasEnded) {
  if (eventName === 'INSERT') return 'create';
  if (eventName === 'MODIFY') return 'change';
  if (eventName !== 'REMOVE') return undefined;
  return hasEnded ? 'expire' : 'destroy';
}

/**
 * @param {string} key
 * @param {Record<string, unknown> | undefined} image the item, if the stream has it
 */
function isLock(key, image) {
  return image ? LOCK_TOKEN in image : key.endsWith(LOCK_SUFFIX);
}

/** @param {any} identity its names have another case in AWS Lambda than in the AWS SDK */
function isByTimeToLive(identity) {
  return (identity?.principalId ?? identity?.PrincipalId) === TIME_TO_LIVE;
}

/** @param {unknown} time a Date in the AWS SDK, seconds since the Unix epoch in AWS Lambda */
function timeOf(time) {
  if (typeof time === 'number') return new Date(time * 1000);
  return time instanceof Date ? time : undefined;
}

/** @param {{ N?: string } | undefined} attribute */
function endOf(attribute) {
  const seconds = Number(attribute?.N);
  return Number.isFinite(seconds) ? new Date(seconds * 1000) : undefined;
}

/** @param {Date | undefined} end @param {Date | undefined} time */
function hasPassed(end, time) {
  return end !== undefined && time !== undefined && end <= time;
}

module.exports = { readStreamRecord };
