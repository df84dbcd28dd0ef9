'use strict';

/**
 * Reports what failed where no call could be told: to the listeners of `warning`, else as a
 * warning of the process.
 *
 * @param {import('node:events').EventEmitter} store
 * @param {Error & { code?: string }} warning
 */
function warn(store, warning) {
  // On a tick of its own: what a listener throws must not become the failure of what warned.
  process.nextTick(() => {
    if (store.emit('warning', warning)) return;
    const { message, code } = warning;
    process.emitWarning(message, { type: 'DynamoDBStoreWarning', code });
  });
}

module.exports = { warn };
