'use strict';

/** The option `hashIds`. Loaded only if it is set. */

const { invalidArgument } = require('./errors');
const { readFields } = require('./fields');
const { typeName } = require('./options');

/** @import { HashIdsOptions } from '../native/binding' */
/** @import { Kind } from './options' */

/** The bytes that a secret must have at least. */
const LEAST_BYTES = 32;

/** @type {Record<string, Kind | Kind[]>} */
const HASH_IDS = {
  secret: ['string', 'bytes', 'array'],
  migrate: 'boolean',
  write: 'boolean',
};

/**
 * Reads the option.
 *
 * @param {Record<string, any>} given
 * @returns {HashIdsOptions}
 * @throws {TypeError} which never shows a secret
 */
function readHashIds(given) {
  const { secret, migrate = false, write = true } = readFields(given, HASH_IDS, 'hashIds');
  if (secret === undefined) throw invalidArgument('option "hashIds.secret" is missing');
  const secrets = readSecrets(secret);
  if (!write) return { secrets, plain: 'write' };
  return { secrets, plain: migrate ? 'find' : 'ignore' };
}

/**
 * Copies the bytes of the secrets.
 *
 * @param {unknown} secret
 */
function readSecrets(secret) {
  if (!Array.isArray(secret)) return [bytesOf(secret, 'hashIds.secret')];
  if (secret.length === 0) {
    throw invalidArgument('option "hashIds.secret" must have at least one secret, but is empty');
  }
  return secret.map((each, index) => bytesOf(each, `hashIds.secret[${index}]`));
}

/**
 * @param {unknown} secret
 * @param {string} name
 */
function bytesOf(secret, name) {
  const bytes = copyOf(secret);
  if (bytes && bytes.length >= LEAST_BYTES) return bytes;
  const takes = `a text, Buffer or Uint8Array of at least ${LEAST_BYTES} bytes`;
  const is = bytes ? `has ${bytes.length}` : `is ${typeName(secret)}`;
  throw invalidArgument(`option "${name}" must be ${takes}, but ${is}`);
}

/** @param {unknown} secret */
function copyOf(secret) {
  if (typeof secret === 'string') return Buffer.from(secret);
  if (!ArrayBuffer.isView(secret)) return undefined;
  return Buffer.from(new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength));
}

module.exports = { readHashIds };
