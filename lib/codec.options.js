'use strict';

/** The options `compress` and `encryption`. Loaded only if one of them is set. */

const { invalidArgument } = require('./errors');
const { readFields } = require('./fields');
const { option, readTime, typeName } = require('./options');

/** @import { CodecOptions, EncryptionOptions } from '../native/binding' */
/** @import { Kind } from './options' */

const DEFAULTS = Object.freeze(
  /** @type {const} */ ({
    /** Bytes of JSON. The item of a smaller session fits into one write unit (1 KB) anyway. */
    threshold: 900,
    /** Milliseconds: an hour. */
    refresh: 3_600_000,
  }),
);

/** The bytes of an encryption key. */
const KEY_LENGTH = 32;

/** @type {Record<string, Kind | Kind[]>} */
const COMPRESS = { threshold: 'number' };

/** @type {Record<string, Kind | Kind[]>} */
const ENCRYPTION = {
  keys: ['array', 'function'],
  plaintext: 'string',
  refresh: 'milliseconds',
  write: 'boolean',
};

/**
 * The function that gives the encryption keys, and the milliseconds after which it is called again.
 *
 * @typedef {{ ask: () => unknown, refresh: number }} KeySource
 *
 * `native`: for the addon. `source` is set if a function gives the keys.
 *
 * @typedef {{ native: CodecOptions, source?: KeySource }} Codecs
 */

/**
 * Reads the options of the form in which sessions are stored.
 *
 * @param {Record<string, any>} options
 * @returns {Codecs | undefined} `undefined`: sessions are stored as the replaced packages do
 */
function readCodecs(options) {
  const compressThreshold = readCompress(options);
  const encryption = readEncryption(options);
  if (compressThreshold === undefined && !encryption) return undefined;
  return {
    native: { compressThreshold, encryption: encryption?.native },
    source: encryption?.source,
  };
}

/**
 * @param {Record<string, any>} options
 * @returns {number | undefined} the bytes of JSON from which on a session is compressed; `undefined`: never
 */
function readCompress(options) {
  const compress = option(options, 'compress', ['boolean', 'object']);
  if (!compress) return undefined;
  if (compress === true) return DEFAULTS.threshold;
  return readFields(compress, COMPRESS, 'compress').threshold ?? DEFAULTS.threshold;
}

/**
 * @param {Record<string, any>} options
 * @returns {{ native: EncryptionOptions, source?: KeySource } | undefined}
 */
function readEncryption(options) {
  const given = option(options, 'encryption', 'object');
  if (!given) return undefined;
  const read = readFields(given, ENCRYPTION, 'encryption');
  const { keys, plaintext = 'read', write = true, ...rest } = read;
  if (keys === undefined) throw invalidArgument('option "encryption.keys" is missing');
  if (plaintext !== 'read' && plaintext !== 'refuse') {
    throw invalidArgument('option "encryption.plaintext" must be "read" or "refuse"');
  }
  if (!write && plaintext === 'refuse') {
    throw invalidArgument(
      'option "encryption.write" cannot be false while "encryption.plaintext" is "refuse": the store would refuse ' +
        'what it has written',
    );
  }
  const refresh = readTime(rest, 'refresh', 1, 'encryption') ?? DEFAULTS.refresh;
  const refusePlaintext = plaintext === 'refuse';
  if (typeof keys === 'function') {
    return { native: { refusePlaintext, readOnly: !write }, source: { ask: keys, refresh } };
  }
  const native = { refusePlaintext, readOnly: !write };
  return { native: { ...native, keys: readKeys(keys, 'option "encryption.keys') } };
}

/**
 * Copies the bytes of encryption keys.
 *
 * @param {unknown} keys
 * @param {string} name begins an error: `option "encryption.keys`
 * @returns {Buffer[]}
 * @throws {TypeError} which never shows a key
 */
function readKeys(keys, name) {
  if (!Array.isArray(keys) || keys.length === 0) {
    const is = Array.isArray(keys) ? 'is empty' : `is ${typeName(keys)}`;
    throw invalidArgument(`${name}" must be an array of at least one key, but ${is}`);
  }
  return keys.map((key, index) => {
    const bytes = bytesOf(key);
    if (bytes?.length === KEY_LENGTH) return bytes;
    const takes = `${KEY_LENGTH} bytes: a Buffer or Uint8Array, or a text in base64 or hex`;
    const is = bytes ? `has ${bytes.length} bytes` : `is ${whyNoBytes(key)}`;
    throw invalidArgument(`${name}[${index}]" must be ${takes}, but ${is}`);
  });
}

/**
 * Returns a copy of bytes that are given as such, in base64, in base64url or in hex.
 *
 * @param {unknown} value
 * @returns {Buffer | undefined}
 */
function bytesOf(value) {
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (typeof value !== 'string') return undefined;
  if (value.length === 2 * KEY_LENGTH && /^[\da-f]+$/i.test(value))
    return Buffer.from(value, 'hex');
  return /^[\w+/-]+={0,2}$/.test(value) ? Buffer.from(value, 'base64') : undefined;
}

/** @param {unknown} key */
function whyNoBytes(key) {
  return typeof key === 'string' ? 'a text in neither' : typeName(key);
}

module.exports = { readCodecs, readKeys };
