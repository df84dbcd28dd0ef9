'use strict';

/** Hashed ids, as docs/HASHED-IDS.md describes them. */

const { createHmac } = require('node:crypto');

/** A secret of the option `hashIds`. */
const newSecret = (letter = 's') => letter.repeat(32);

/** The id that stands in the table. @param {string} sid */
const hashOf = (sid, secret = newSecret()) =>
  `h1:${createHmac('sha256', secret).update(`dynamo-session-store id\n${sid}`).digest('base64url')}`;

module.exports = { hashOf, newSecret };
