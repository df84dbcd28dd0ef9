'use strict';

/** The end of a session of Shopify. */

const { expiresAt } = require('./native');

/**
 * Returns the value of a session's time-to-live attribute, in seconds: the later end of access token and refresh
 * token, because a session can be renewed as long as its refresh token is valid.
 *
 * @param {any} session
 * @returns {number | undefined} `undefined` for a session that never ends
 */
function endOf({ expires, refreshToken, refreshTokenExpires }) {
  if (refreshToken && !refreshTokenExpires) return undefined;
  const ends = [expires, refreshTokenExpires].filter(Boolean).map(Number);
  return ends.length > 0 ? expiresAt(Math.max(...ends)) : undefined;
}

module.exports = { endOf };
