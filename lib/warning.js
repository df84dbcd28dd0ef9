'use strict';

const { SessionStoreError, toError } = require('./errors');
const { nextTick } = require('./timers');

/** @import { Failure } from '../native/binding' */

/**
 * Reports an error that belongs to no call: emits `warning` or, without a listener, a warning of the process.
 *
 * @param {import('node:events').EventEmitter} store
 * @param {Error & { code?: string }} warning
 */
function warn(store, warning) {
  // On its own tick: an error that a listener throws must not reach the code that calls `warn`.
  nextTick(() => {
    if (store.emit('warning', warning)) return;
    const { message, code } = warning;
    process.emitWarning(message, { type: 'DynamoDBStoreWarning', code });
  });
}

/**
 * Reports that a table lacks a setting that the store does not depend on.
 *
 * @param {import('node:events').EventEmitter} store
 * @param {string} table the name of the table
 * @param {string} lack the predicate of the message, after the table's name
 * @param {unknown} cause
 */
function warnOfTable(store, table, lack, cause) {
  const failure = /** @type {SessionStoreError} */ (cause);
  const message = `table "${table}" ${lack}: ${failure.message}`;
  const { name, $metadata } = failure;
  const statusCode = $metadata?.httpStatusCode;
  warn(store, new SessionStoreError({ ...failure, name, message, statusCode }, { cause }));
}

/** The codes of the addon's warnings that were reported. @type {Set<string>} */
const warnedCodes = new Set();

/**
 * Returns a function that reports the addon's warnings: each code once in a process, because the warnings are
 * about the environment, which all stores share.
 *
 * @param {import('node:events').EventEmitter} store
 * @returns {(warnings: Failure[]) => void}
 */
function warnOnce(store) {
  return (warnings) => {
    for (const warning of warnings) {
      if (warnedCodes.has(warning.code)) continue;
      warnedCodes.add(warning.code);
      warn(store, toError(warning));
    }
  };
}

module.exports = { warnOnce, warn, warnOfTable };
