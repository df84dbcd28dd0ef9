'use strict';

/** Checks session ids, and converts sessions between an application's objects and JSON. */

const { invalidArgument, storeError } = require('./errors');
const { isWellFormed, typeName } = require('./options');
const { Refusal, pathOfRefused, whyNoJson } = require('./storable');

/** @import { SpecialArgument } from '../native/binding' */

/**
 * @param {unknown} sid
 * @returns {string}
 */
function sessionId(sid) {
  // The replaced packages accept a number as id, and convert it to a string.
  return typeof sid === 'number' ? String(sid) : keyText(sid, 'the session id');
}

/**
 * Checks a text that is a key in the table.
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
  // All halves of surrogate pairs have the same UTF-8, so one id would find the session of another.
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
      const message = `${pathOfRefused(session, replacer)} ${cause.message}`;
      throw storeError('ERR_SESSION_VALUE', message);
    }
    throw noJson(whyNoJson(session), { cause });
  }
  // The session's `toJSON` may return `undefined` or another type.
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
 * Parses a session. Returns `null` if the text is no JSON object, because connect-dynamodb 3.x treats an unreadable
 * row as no session.
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
 * Converts the value of a special key for the addon. Bytes are copied, because the addon reads them on another
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
  // A Buffer after JSON: a session that was loaded has its bytes in this form.
  if (value?.type === 'Buffer' && Array.isArray(value.data)) return Buffer.from(value.data);
  return { typeName: typeName(value) };
}

module.exports = { keyText, parse, sessionId, specialValue, stringify };
