'use strict';

/** Work that the user may stop. */

const { once } = require('node:events');

/**
 * Waits for `work`, at most until `signal` is aborted.
 *
 * @template T
 * @param {Promise<T>} work
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 * @throws the reason of the signal
 */
async function abortable(work, signal) {
  if (!signal) return work;
  // The signal tells the waiting caller.
  work.catch(() => {});
  signal.throwIfAborted();
  const over = new AbortController();
  const aborted = once(signal, 'abort', { signal: over.signal }).then(
    () => signal.throwIfAborted(),
    () => {},
  );
  try {
    return /** @type {T} */ (await Promise.race([work, aborted]));
  } finally {
    over.abort();
  }
}

module.exports = { abortable };
