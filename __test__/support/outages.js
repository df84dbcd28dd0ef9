'use strict';

/** What the tests of outages share. */

const { once } = require('node:events');
const { setTimeout: wait } = require('node:timers/promises');

/** What the key of the item that a probe reads ends with. */
const PROBE = 'dynamo-session-store:probe';

const isProbe = ({ body }) => Object.values(body.Key ?? {}).some(({ S }) => S.endsWith(PROBE));

/** What a DynamoDB in trouble does, and the code that calls fail with. */
const troubles = {
  'is broken': {
    answer: { status: 500, body: { __type: 'a#InternalServerError', message: 'broken' } },
    code: 'InternalServerError',
  },
  'tears connections': { answer: 'tear', code: 'ERR_SESSION_UNREACHABLE' },
  hangs: { answer: 'hang', code: 'ERR_SESSION_TIMEOUT' },
};

/**
 * Makes calls, a few at a time, until the store says that DynamoDB is unavailable. An outage begins half a second after
 * the first failure: calls without a pause would keep both cores busy for that time.
 */
async function untilUnavailable(store) {
  let reason;
  once(store, 'unavailable').then(([error]) => {
    reason = error;
  });
  while (!reason) {
    await Promise.all(['a', 'b', 'c'].map((sid) => store.get(sid).catch(() => {})));
    await wait(20);
  }
  return reason;
}

/** The error that `promise` is rejected with. */
const failure = (promise) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

module.exports = { failure, isProbe, troubles, untilUnavailable };
