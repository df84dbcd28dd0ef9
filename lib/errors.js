'use strict';

/** Makes all errors of the package, also from the addon's failures, which are plain data. */

/** @import { Failure, Outcome } from '../native/binding' */

/**
 * A failure of a session store. `code` is stable. If DynamoDB has answered with an error, `name` is DynamoDB's name
 * for this error.
 */
class SessionStoreError extends Error {
  /**
   * @param {Omit<Failure, 'failed' | 'causes'>} failure
   * @param {{ cause?: unknown }} [options]
   */
  constructor(failure, options) {
    super(failure.message, options);
    Object.defineProperty(this, 'name', {
      value: failure.name,
      configurable: true,
      writable: true,
    });
    this.code = failure.code;
    this.retryable = failure.retryable;
    if (failure.keyId !== undefined) this.keyId = failure.keyId;
    if (failure.requestId !== undefined) this.requestId = failure.requestId;
    if (failure.throttlingReasons !== undefined) this.throttlingReasons = failure.throttlingReasons;
    if (failure.metadata !== undefined) {
      this.$metadata = JSON.parse(failure.metadata);
    } else if (failure.statusCode !== undefined) {
      // In `$metadata`, as in AWS SDK v3, and not as `statusCode`: Express and Koa would use `statusCode` for their
      // answer to the browser.
      const { statusCode: httpStatusCode, requestId, attempts } = failure;
      this.$metadata = { httpStatusCode, requestId, ...(attempts !== undefined && { attempts }) };
    }
  }
}

/**
 * Makes the error for a failure in JavaScript.
 *
 * @param {string} code
 * @param {string} message
 * @param {{ cause?: unknown, retryable?: boolean }} [options]
 */
function storeError(code, message, { retryable = false, ...options } = {}) {
  return new SessionStoreError({ code, name: 'SessionStoreError', message, retryable }, options);
}

/** Makes the error for a call on a closed store. */
function closedError() {
  return storeError('ERR_SESSION_CLOSED', 'the session store is closed');
}

/**
 * Makes the error for a wrong option or argument.
 *
 * @param {string} message
 */
function invalidArgument(message) {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' });
}

/**
 * Makes an error from a failure of the addon.
 *
 * @param {Failure} failure
 */
function toError(failure) {
  if (failure.code === 'ERR_INVALID_ARG_VALUE') return invalidArgument(failure.message);
  const cause = failure.causes.reduceRight(
    (/** @type {Error | undefined} */ inner, message) =>
      inner ? new Error(message, { cause: inner }) : new Error(message),
    undefined,
  );
  return new SessionStoreError(failure, cause && { cause });
}

/**
 * Makes a failure if napi refuses an argument because of its type. The failure shows napi's error code, but not
 * its message, which may quote the argument.
 *
 * @param {unknown} error the error that napi has thrown
 * @returns {Failure}
 */
function argumentFailure(error) {
  const { code } = /** @type {{ code?: unknown }} */ (error ?? {});
  const reason = typeof code === 'string' ? ` (${code})` : '';
  return {
    failed: true,
    code: 'ERR_SESSION_INTERNAL',
    name: 'SessionStoreError',
    message: `the type of an argument of this call is wrong${reason}`,
    retryable: false,
    causes: [],
  };
}

/**
 * The name of an error for counters and events: its stable code, or the name of an error that has none. An aborted call
 * fails with the reason of the user's signal, which may be anything: Node's own reasons have a number as code.
 *
 * @param {unknown} error
 * @returns {string}
 */
function codeOf(error) {
  const { code, name } = /** @type {{ code?: unknown, name?: unknown }} */ (error ?? {});
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'unknown';
}

/**
 * Returns the result of a call into the addon.
 *
 * @template T
 * @param {Outcome<T>} outcome
 * @returns {T}
 * @throws {SessionStoreError | TypeError} if the outcome is a failure
 */
function resultOf(outcome) {
  const failure = /** @type {Failure | null | undefined} */ (outcome);
  if (failure?.failed === true) throw toError(failure);
  return /** @type {T} */ (outcome);
}

module.exports = {
  SessionStoreError,
  argumentFailure,
  closedError,
  codeOf,
  invalidArgument,
  resultOf,
  storeError,
  toError,
};
