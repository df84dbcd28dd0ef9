'use strict';

/** Session ids and sessions on their way between an application and the addon. */

const { invalidArgument, storeError } = require('./errors');
const { typeName } = require('./options');

/** @import { SpecialArgument } from '../native/binding' */

/**
 * @param {unknown} sid
 * @returns {string}
 */
function sessionId(sid) {
  // The replaced packages made a string of a number, by putting the prefix before it or otherwise.
  if (typeof sid === 'number') return String(sid);
  if (typeof sid === 'string' && sid !== '') {
    // As UTF-8, all halves of surrogate pairs are the same: one session would open another.
    if (!/\p{Surrogate}/u.test(sid)) return sid;
    throw invalidArgument('the session id has half a surrogate pair in it');
  }
  const got = sid === '' ? 'empty' : typeName(sid);
  throw invalidArgument(`the session id must be a string, but is ${got}`);
}

/**
 * @param {unknown} session
 * @param {(this: any, key: string, value: any) => any} [replacer]
 * @returns {string} JSON
 */
function stringify(session, replacer) {
  if (typeof session !== 'object' || session === null) {
    throw invalidArgument(`the session must be an object, but is ${typeName(session)}`);
  }
  let data;
  try {
    data = JSON.stringify(session, replacer);
  } catch (cause) {
    throw storeError('ERR_SESSION_SERIALIZE', 'the session cannot be written as JSON', { cause });
  }
  // A `toJSON` of its own may give nothing, or what is no object.
  if (data?.startsWith('{')) return data;
  throw storeError('ERR_SESSION_SERIALIZE', 'the session cannot be written as JSON');
}

/**
 * `null` for what is no session: connect-dynamodb 3.x takes a row that cannot be read for none.
 *
 * @param {string} data JSON
 * @param {(this: any, key: string, value: any) => any} [reviver]
 */
function parse(data, reviver) {
  try {
    const session = JSON.parse(data, reviver);
    return typeof session === 'object' ? session : null;
  } catch {
    return null;
  }
}

/**
 * The value of a special key as the addon takes it; bytes are copied, as they are read on another
 * thread.
 *
 * @param {any} value
 * @returns {SpecialArgument | undefined}
 */
function specialValue(value) {
  if (value === undefined || typeof value === 'string' || typeof value === 'number') return value;
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  // What JSON makes of a Buffer: that is how it comes back from the table.
  if (value?.type === 'Buffer' && Array.isArray(value.data)) return Buffer.from(value.data);
  return { typeName: typeName(value) };
}

module.exports = { parse, sessionId, specialValue, stringify };
