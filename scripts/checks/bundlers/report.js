'use strict';

/**
 * Loaded before a bundle: prints its uncaught error. Node itself would also print the source line, which may be the
 * whole bundle, and more than a pipe takes before the process ends.
 */
process.on('uncaughtException', ({ code, message }) => {
  console.log(JSON.stringify({ code, message }));
  process.exitCode = 1;
});
