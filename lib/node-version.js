'use strict';

/**
 * Throws if Node is too old for this package. The entries load this file first, and only if Node lacks a method of
 * version 20. It uses syntax of Node 6 only, so that old versions can run it and report the error.
 */

if (!('isWellFormed' in String.prototype)) {
  const message = `dynamo-session-store needs Node.js 20 or later, but this is ${process.version}`;
  throw Object.assign(new Error(message), { code: 'ERR_SESSION_NODE' });
}
