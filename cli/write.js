'use strict';

/** Writes sessions as they were read elsewhere. */

const { isOfUnreadable } = require('./unreadable');

/** @import { Opened } from '../lib/command' */
/** @import { Known } from '../lib/known' */

/**
 * A session to write. Times are in milliseconds since the Unix epoch.
 *
 * @typedef {object} SessionToWrite
 * @property {string} sid
 * @property {string} data JSON
 * @property {number | undefined} expires
 * @property {number} [created] the beginning of the session
 */

/** The errors that a session itself causes. */
const WRONG_SESSION = new Set([
  'ERR_INVALID_ARG_VALUE',
  'ERR_SESSION_INDEX_VALUE',
  'ERR_SESSION_SERIALIZE',
  'ERR_SESSION_SPECIAL_KEY',
  'ERR_SESSION_TOO_LARGE',
  'ERR_SESSION_VALUE',
]);

/**
 * Returns the text for an error that a session itself causes.
 *
 * @param {unknown} error
 * @throws any other error
 */
function reasonOf(error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  if (!code || !WRONG_SESSION.has(code)) throw error;
  return `${message} [${code}]`;
}

/**
 * Reads a session of the table, and moves it nowhere. A read of a store with hashed ids may move it, which is a write.
 *
 * @param {Opened} opened
 * @param {string} sid
 * @returns {Promise<{ loaded: import('../lib/known').Loaded, reader: Opened } | undefined>} `reader`: the store that has
 *   the session under its key
 */
async function find(opened, sid) {
  for (const reader of opened.readers ?? [opened]) {
    const loaded = await reader.sessions.load(sid);
    if (loaded) return { loaded, reader };
  }
  return undefined;
}

/**
 * Reads a session of the table; `undefined` if the table has none; `null` for a session that cannot be read.
 *
 * @param {Opened} opened
 * @param {string} sid
 */
async function existing(opened, sid) {
  try {
    return (await find(opened, sid))?.loaded;
  } catch (error) {
    if (isOfUnreadable(error)) return null;
    throw error;
  }
}

/**
 * Writes a session, whatever the table has.
 *
 * @param {Opened} opened
 * @param {SessionToWrite} session
 * @param {Known} [known]
 */
async function put(opened, session, known = knownOf(opened, session)) {
  await opened.sessions.saveUnconditionally(recordOf(opened, session), known);
}

/**
 * Writes a session, unless the table has a live one under this id.
 *
 * @param {Opened} opened
 * @param {SessionToWrite} session
 * @param {Known} [known]
 * @returns {Promise<boolean>} whether it was written
 */
function create(opened, session, known = knownOf(opened, session)) {
  return opened.sessions.create(recordOf(opened, session), known);
}

/**
 * @param {Opened} opened
 * @param {SessionToWrite} session
 * @returns {import('../lib/store').SessionRecord}
 */
function recordOf(opened, { sid, data, expires }) {
  const session = JSON.parse(data);
  // `load` gives no end for Shopify's sessions: it is in their data.
  const end = expires ?? opened.endOf(data);
  return {
    sid,
    data,
    // The table has whole seconds, and a session must not end before its cookie.
    expires: end === undefined ? undefined : Math.floor(end / 1000),
    special: opened.special(session),
    ...(opened.isTracked && { session: opened.parse(data) }),
  };
}

/**
 * The knowledge that a session has begun earlier.
 *
 * @param {Opened} opened
 * @param {SessionToWrite} session
 */
function knownOf(opened, { sid, created }) {
  if (created === undefined || !opened.isTracked) return undefined;
  const known = opened.newKnown(sid);
  known.tracked = { created, isStored: false, values: [], seen: undefined };
  return known;
}

/**
 * The knowledge for one write whose version is known, so that a later read tells whether it is still there.
 *
 * @param {Opened} opened
 * @param {SessionToWrite} session
 * @returns {{ known: Known, version: string }}
 */
function versioned(opened, session) {
  const known = knownOf(opened, session) ?? opened.newKnown(session.sid);
  const version = known.newVersion();
  known.newVersion = () => version;
  return { known, version };
}

module.exports = { create, existing, find, put, reasonOf, recordOf, versioned };
