'use strict';

/** Opens compressed and encrypted sessions without the store, as docs/ENCRYPTION.md describes them. */

const { createDecipheriv, hkdfSync } = require('node:crypto');
const { inflateSync } = require('node:zlib');

/** The key of all sessions of a run. */
const KEY = Buffer.alloc(32, 7);

const NAME = 'dynamo-session-store';

/** The first bytes of the formats, and where their content begins. */
const JSON_TEXT = 0;
const COMPRESSED = 1;
const ENCRYPTED = 2;
const COMPRESSED_HEADER = 5;
const ENCRYPTED_HEADER = 9;
const NONCE = 12;
const TAG = 16;

/**
 * @param {Buffer} bytes
 * @param {string} layout the name of the item format
 * @param {string} table
 * @param {string} key the key of the item
 * @returns {any} the session
 */
function openCoded(bytes, layout, table, key) {
  if (bytes[0] === JSON_TEXT) return JSON.parse(bytes.subarray(1).toString());
  if (bytes[0] === COMPRESSED) {
    return JSON.parse(inflateSync(bytes.subarray(COMPRESSED_HEADER)).toString());
  }
  if (bytes[0] !== ENCRYPTED) throw new Error(`the format ${bytes[0]} is unknown`);
  const place = Buffer.from([NAME, layout, table, key].join('\0'));
  const info = Buffer.concat([Buffer.from('session\0'), place]);
  const secret = Buffer.from(hkdfSync('sha256', KEY, NAME, info, 32));
  const header = bytes.subarray(0, ENCRYPTED_HEADER);
  const nonce = bytes.subarray(ENCRYPTED_HEADER, ENCRYPTED_HEADER + NONCE);
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce);
  decipher.setAAD(Buffer.concat([header, place]));
  decipher.setAuthTag(bytes.subarray(-TAG));
  const sealed = bytes.subarray(ENCRYPTED_HEADER + NONCE, -TAG);
  const content = Buffer.concat([decipher.update(sealed), decipher.final()]);
  return openCoded(content, layout, table, key);
}

module.exports = { KEY, openCoded };
