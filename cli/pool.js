'use strict';

/** Runs a task for each of many items, with a limit on the tasks in flight. */

/** The largest number of tasks in flight. */
const AT_ONCE = 32;

/**
 * Runs `work` for each item. After a failure, or once `signal` is aborted, it starts no further task, and waits for those
 * in flight.
 *
 * @template T
 * @param {AsyncIterable<T>} items
 * @param {AbortSignal} signal
 * @param {(item: T) => Promise<unknown>} work
 * @param {number} [atOnce]
 */
async function each(items, signal, work, atOnce = AT_ONCE) {
  /** @type {Set<Promise<void>>} */
  const running = new Set();
  /** @type {{ error: unknown } | undefined} */
  let failure;
  try {
    for await (const item of items) {
      const one = work(item).catch((error) => {
        failure ??= { error };
      });
      const tracked = one.then(() => {
        running.delete(tracked);
      });
      running.add(tracked);
      if (running.size >= atOnce) await Promise.race(running);
      if (failure || signal.aborted) break;
    }
  } finally {
    await Promise.all(running);
  }
  if (failure) throw failure.error;
}

module.exports = { each };
