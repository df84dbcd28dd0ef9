'use strict';

/** Does work on many things, some at a time. */

/** The things that are worked on at a time. */
const AT_ONCE = 32;

/**
 * Calls `work` for each thing. After a failure or `signal`, no more things are taken, and those in flight are finished.
 *
 * @template T
 * @param {AsyncIterable<T>} things
 * @param {AbortSignal} signal
 * @param {(thing: T) => Promise<unknown>} work
 * @param {number} [atOnce]
 */
async function each(things, signal, work, atOnce = AT_ONCE) {
  /** @type {Set<Promise<void>>} */
  const running = new Set();
  /** @type {{ error: unknown } | undefined} */
  let failure;
  try {
    for await (const thing of things) {
      const one = work(thing).catch((error) => {
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
