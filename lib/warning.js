'use strict';

const { SessionStoreError } = require('./errors');
const { nextTick } = require('./timers');

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

module.exports = { warn, warnOfTable };
