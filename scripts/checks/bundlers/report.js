'use strict';

/**
 * Loaded before a bundle: prints the error that ends it. Node would print the line that it came from as
 * well, which in a bundle may be all of it, and more than a pipe takes before the process is gone.
 */
process.on('uncaughtException', ({ code, message }) => {
  console.log(JSON.stringify({ code, message }));
  process.exitCode = 1;
});
