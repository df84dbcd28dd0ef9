'use strict';

/**
 * Loaded before a program (`node --require trapped.js`) that runs with the library of `trap.c`. Puts a copy
 * in the place of `process.env`, has the addon loaded, and arms the trap with each turn of the event loop.
 */

const real = process.env;
process.env = { ...real };
require('../../..');

/** Asks the environment of the process, which is what the library waits for. */
function arm() {
  void real.ARM_THE_TRAP;
  setImmediate(arm).unref();
}
arm();
