'use strict';

/** Session ids and sessions on their way between an application and the addon. */

const { invalidArgument, storeError } = require('./errors');
const { isWellFormed, typeName } = require('./options');
const { Refusal, placeOfRefused, whyNoJson } = require('./storable');

/** @import { SpecialArgument } from '../native/binding' */

/**
 * @param {unknown} sid
 * @returns {string}
 */
function sessionId(sid) {
  // The replaced packages made a string of a number, by putting the prefix before it or otherwise.
  return typeof sid === 'number' ? String(sid) : keyText(sid, 'the session id');
}

/**
 * Text that sessions are found by.
 *
 * @param {unknown} text
 * @param {string} name for the error
 * @returns {string}
 */
function keyText(text, name) {
  if (typeof text !== 'string' || text === '') {
    const got = text === '' ? 'empty' : typeName(text);
    throw invalidArgument(`${name} must be a string, but is ${got}`);
  }
  // One session would open another.
  if (!isWellFormed(text))
    throw invalidArgument(`${name} is not well-formed Unicode: it has half a surrogate pair`);
  return text;
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
    if (replacer && cause instanceof Refusal) {
      const message = `${placeOfRefused(session, replacer)} ${cause.message}`;
      throw storeError('ERR_SESSION_VALUE', message);
    }
    throw noJson(whyNoJson(session), { cause });
  }
  // A `toJSON` of its own may give nothing, or what is no object.
  if (data?.startsWith('{')) return data;
  throw noJson(
    Array.isArray(session) ? 'it is an array' : 'its "toJSON" does not return an object',
  );
}

/**
 * @param {string | undefined} reason
 * @param {{ cause?: unknown }} [options]
 */
function noJson(reason, options) {
  const message = `the session cannot be written as JSON${reason ? `: ${reason}` : ''}`;
  return storeError('ERR_SESSION_SERIALIZE', message, options);
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
    return typeof session === 'object' && !Array.isArray(session) ? session : null;
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
  if (value === undefined || typeof value === 'number') return value;
  if (typeof value === 'string') {
    return isWellFormed(value) ? value : { typeName: 'string with half a surrogate pair' };
  }
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  // What JSON makes of a Buffer: that is how it comes back from the table.
  if (value?.type === 'Buffer' && Array.isArray(value.data)) return Buffer.from(value.data);
  return { typeName: typeName(value) };
}

module.exports = { keyText, parse, sessionId, specialValue, stringify };
