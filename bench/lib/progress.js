'use strict';

/**
 * Says on the standard error what is measured next.
 *
 * @param {string} what
 * @param {string} name of the subject
 */
function progress(what, name) {
  process.stderr.write(`${what}: ${name}\n`);
}

module.exports = { progress };
