'use strict';

/**
 * Handles: names of sessions for pages and logs, which do not tell the id. And the form of hashed ids. The command loads
 * this file without the addon.
 */

const { createHash } = require('node:crypto');

/** The characters of a handle. 22 characters of base64url are 132 bits. */
const LENGTH = 22;

/**
 * Returns the handle of a session. It is the same in all processes.
 *
 * @param {string} key the key of the session's item
 */
function handleOf(key) {
  const hash = createHash('sha256').update(`dynamo-session-store handle\n${key}`);
  return hash.digest('base64url').slice(0, LENGTH);
}

/** The form of a handle. */
const HANDLE = new RegExp(`^[\\w-]{${LENGTH}}$`);

/** The form of an id in the table that is a hash, see docs/HASHED-IDS.md. */
const HASHED_ID = /^h1:[\w-]{43}$/;

module.exports = { HANDLE, HASHED_ID, handleOf };
