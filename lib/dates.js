'use strict';

/** Times in milliseconds since the Unix epoch as `Date`. */

/** The latest time of a `Date`, in milliseconds. */
const LATEST = 8.64e15;

/**
 * @param {number | null | undefined} time milliseconds; 0 or less, or more than a date can be: not known
 * @returns {Date | undefined}
 */
function dateOf(time) {
  return typeof time === 'number' && time > 0 && time <= LATEST ? new Date(time) : undefined;
}

module.exports = { dateOf };
