'use strict';

/**
 * Checks that an item ends a lifetime after it was written, give or take a second. However slow the machine
 * is, it was written between `since` and now.
 *
 * @param {{ expires: { N: string } }} item
 * @param {number} since milliseconds since the Unix epoch, before the session was saved
 * @param {number} lifetime seconds
 */
function expectEnd({ expires }, since, lifetime) {
  const end = Number(expires.N);
  expect(end).toBeGreaterThan(since / 1000 + lifetime - 1);
  expect(end).toBeLessThan(Date.now() / 1000 + lifetime + 1);
}

module.exports = { expectEnd };
