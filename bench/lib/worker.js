'use strict';

/**
 * A process of its own, with one store or app in it: calls functions of files, as the process that has
 * started it asks, and ends with that process.
 */

process.on('message', async (/** @type {import('./processes').Call} */ { file, name, args }) => {
  try {
    process.send?.({ result: await require(file)[name](...args) });
  } catch (error) {
    process.send?.({ failed: String(/** @type {Error} */ (error)?.stack ?? error) });
  }
});
process.once('disconnect', () => process.exit());
