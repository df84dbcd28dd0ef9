'use strict';

/** The option `hashIds`. Loaded only if it is set. */

const { invalidArgument } = require('./errors');
const { readFields } = require('./fields');
const { typeName } = require('./options');

/** @import { HashIdsOptions } from '../native/binding' */
/** @import { Kind } from './options' */

/** The bytes that a secret must have at least. */
const LEAST_BYTES = 32;

/** Each secret is another key under which a session may be. */
const MOST_SECRETS = 10;

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
  if (migrate && !write) {
    throw invalidArgument(
      'option "hashIds.migrate" cannot be true while "hashIds.write" is false: sessions would move to plain ids',
    );
  }
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
  if (secret.length === 0 || secret.length > MOST_SECRETS) {
    throw invalidArgument(
      `option "hashIds.secret" must have 1 to ${MOST_SECRETS} secrets, but has ${secret.length}`,
    );
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

/** @param {any} secret */
function copyOf(secret) {
  if (typeof secret === 'string') return Buffer.from(secret);
  // A Buffer has this name too, also one of another realm.
  const isBytes = secret?.[Symbol.toStringTag] === 'Uint8Array';
  return isBytes ? Buffer.from(secret) : undefined;
}

module.exports = { readHashIds };
