'use strict';

/**
 * Throws where Node is too old for this package. The entries load it before all others, and only where
 * Node lacks what version 20 has. Its syntax is that of Node 6: an older one could not say what is wrong.
 */

if (!('isWellFormed' in String.prototype)) {
  const message = `dynamo-session-store needs Node.js 20 or later, but this is ${process.version}`;
  throw Object.assign(new Error(message), { code: 'ERR_SESSION_NODE' });
}
