'use strict';

/**
 * Errors are made here and nowhere else: what the addon reports as plain data becomes an `Error`
 * of this realm.
 */

/** @import { Failure, Outcome } from '../native/binding' */

/**
 * A failure of a session store. `code` is stable; `name` is DynamoDB's own name for the error
 * where it comes from there.
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
    if (failure.requestId !== undefined) this.requestId = failure.requestId;
    if (failure.throttlingReasons !== undefined) this.throttlingReasons = failure.throttlingReasons;
    if (failure.metadata !== undefined) {
      this.$metadata = JSON.parse(failure.metadata);
    } else if (failure.statusCode !== undefined) {
      // Here, where the AWS SDK for JavaScript v3 has it, and not as `statusCode`: Express and Koa
      // would answer a browser with that.
      const { statusCode: httpStatusCode, requestId, attempts } = failure;
      this.$metadata = { httpStatusCode, requestId, ...(attempts !== undefined && { attempts }) };
    }
  }
}

/**
 * The error for a failure that arose in JavaScript.
 *
 * @param {string} code
 * @param {string} message
 * @param {{ cause?: unknown, retryable?: boolean }} [options]
 */
function storeError(code, message, { retryable = false, ...options } = {}) {
  return new SessionStoreError({ code, name: 'SessionStoreError', message, retryable }, options);
}

/** The error for a call on a store that is closed. */
function closedError() {
  return storeError('ERR_SESSION_CLOSED', 'the session store is closed');
}

/**
 * The error for an option or argument that cannot be right.
 *
 * @param {string} message
 */
function invalidArgument(message) {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' });
}

/** @param {Failure} failure */
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
 * The failure of a call that the addon has not taken, because an argument is of a type that the
 * addon does not know. What the addon says of it may quote the argument, its own name for it does not.
 *
 * @param {unknown} error what the addon has thrown
 * @returns {Failure}
 */
function refusal(error) {
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
 * The result of a call into the addon; throws where it failed.
 *
 * @template T
 * @param {Outcome<T>} outcome
 * @returns {T}
 */
function settle(outcome) {
  const failure = /** @type {Failure | null | undefined} */ (outcome);
  if (failure?.failed === true) throw toError(failure);
  return /** @type {T} */ (outcome);
}

module.exports = {
  SessionStoreError,
  closedError,
  invalidArgument,
  refusal,
  settle,
  storeError,
  toError,
};
