'use strict';

const { SessionStoreError, toError } = require('./errors');
const { nextTick } = require('./timers');

/** @import { Failure } from '../native/binding' */

/**
 * Reports what failed where no call could be told: to the listeners of `warning`, else as a
 * warning of the process.
 *
 * @param {import('node:events').EventEmitter} store
 * @param {Error & { code?: string }} warning
 */
function warn(store, warning) {
  // On a tick of its own: what a listener throws must not become the failure of what warned.
  nextTick(() => {
    if (store.emit('warning', warning)) return;
    const { message, code } = warning;
    process.emitWarning(message, { type: 'DynamoDBStoreWarning', code });
  });
}

/**
 * Reports that a table is not quite as it was to be, which the store can do without.
 *
 * @param {import('node:events').EventEmitter} store
 * @param {string} table its name
 * @param {string} what follows the name in the warning
 * @param {unknown} cause
 */
function warnOfTable(store, table, what, cause) {
  const failure = /** @type {SessionStoreError} */ (cause);
  const message = `table "${table}" ${what}: ${failure.message}`;
  const { name, $metadata } = failure;
  const statusCode = $metadata?.httpStatusCode;
  warn(store, new SessionStoreError({ ...failure, name, message, statusCode }, { cause }));
}

/** The codes of warnings that the process has had. @type {Set<string>} */
const told = new Set();

/**
 * Reports what the addon warns of, each kind once in the life of the process: all stores have the same
 * environment.
 *
 * @param {import('node:events').EventEmitter} store
 * @returns {(warnings: Failure[]) => void}
 */
function tellOnce(store) {
  return (warnings) => {
    for (const warning of warnings) {
      if (told.has(warning.code)) continue;
      told.add(warning.code);
      warn(store, toError(warning));
    }
  };
}

module.exports = { tellOnce, warn, warnOfTable };
