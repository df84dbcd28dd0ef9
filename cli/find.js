'use strict';

/** Finds sessions: by id or handle, and by user. */

const { entries } = require('./scan');
const { sessionOf, userOf } = require('./session');
const { sweepOptions } = require('./sweep');
const { existing, find } = require('./write');
const { HANDLE, handleOf } = require('../lib/handle');

/** @import { Opened } from '../lib/command' */
/** @import { Context } from './context' */
/** @import { Entry } from './scan' */

/**
 * Finds a session by its id or handle. If there is no session with this id, it is looked for by its handle, in the
 * whole table.
 *
 * @param {Context} context
 * @param {Opened} opened
 * @param {string} name an id or a handle
 * @returns {Promise<Entry | undefined>}
 */
async function findOne(context, opened, name) {
  const found = await find(opened, name);
  if (found) {
    const { loaded, reader } = found;
    // An application gets no session for such an item.
    return isSession(reader, loaded) ? entryOf(reader, name, loaded) : undefined;
  }
  if (!HANDLE.test(name)) return undefined;
  return byHandle(context, opened, name, (_entry, error) => {
    throw error;
  });
}

/**
 * Finds a session to destroy it. Its data need not be readable, if it is found by its id.
 *
 * @param {Context} context
 * @param {Opened} opened
 * @param {string} name an id or a handle
 * @returns {Promise<Pick<Entry, 'id' | 'sid' | 'handle'> | undefined>}
 */
async function findToDestroy(context, opened, name) {
  const found = await existing(opened, name);
  const isUnreadable = found === null || (found && !isSession(opened, found));
  if (isUnreadable) return { id: name, sid: name, handle: handleOfSid(opened, name) };
  if (found || !HANDLE.test(name)) return findOne(context, opened, name);
  /** @type {import('./scan').UnreadableEntry | undefined} */
  let unreadable;
  const readable = await byHandle(context, opened, name, (entry) => {
    unreadable = entry;
  });
  return readable ?? unreadable;
}

/**
 * Whether an application gets a session for an item: the item holds an object.
 *
 * @param {Opened} opened
 * @param {import('../lib/known').Loaded} loaded
 */
function isSession(opened, { data }) {
  return opened.parse(data) !== null;
}

/**
 * @param {Opened} opened
 * @param {string} sid
 * @param {import('../lib/known').Loaded} loaded
 * @returns {Entry}
 */
function entryOf(opened, sid, { data, end, known, tracked }) {
  const expires = known.expires === undefined ? opened.endOf(data) : known.expires * 1000;
  return {
    id: sid,
    sid,
    handle: handleOfSid(opened, sid),
    data,
    expires,
    end,
    created: tracked?.created,
    seen: tracked?.seen ?? undefined,
    isEnded: expires !== undefined && expires <= Date.now(),
  };
}

/** @param {Opened} opened @param {string} sid */
function handleOfSid({ prefix, sessions }, sid) {
  const [key = prefix + sid] = sessions.connection.native.keysOf(sid);
  return handleOf(key);
}

/**
 * @param {Context} context
 * @param {Opened} opened
 * @param {string} handle
 * @param {(entry: import('./scan').UnreadableEntry, error: Error) => void} onUnreadable is called if the session cannot
 *   be decoded. Others do not matter
 */
async function byHandle(context, opened, handle, onUnreadable) {
  const options = {
    ...sweepOptions(context),
    ended: true,
    onUnreadable: (
      /** @type {import('./scan').UnreadableEntry} */ entry,
      /** @type {Error} */ error,
    ) => {
      if (entry.handle === handle) onUnreadable(entry, error);
    },
  };
  for await (const entry of entries(opened, options)) {
    if (entry.handle === handle) return entry;
  }
  return undefined;
}

/**
 * Finds the live sessions of a user, by reading the whole table.
 *
 * @param {Context} context
 * @param {Opened} opened
 * @param {string} user
 * @returns {AsyncGenerator<Entry>}
 */
async function* ofUser(context, opened, user) {
  for await (const entry of entries(opened, sweepOptions(context))) {
    if (userOf(opened, sessionOf(opened, entry))?.value === user) yield entry;
  }
}

/**
 * The index by which the sessions of a user are found: the one with the name `user`, or the first.
 *
 * @param {Opened} opened
 * @returns {string | undefined} its name
 */
function userIndexOf({ indexes }) {
  return (indexes.find(({ name }) => name === 'user') ?? indexes[0])?.name;
}

/**
 * Destroys a session. With hashed ids, the id of a session that was found by its handle is not known: it is destroyed
 * under the key that it has in the table.
 *
 * @param {Opened} opened
 * @param {Pick<Entry, 'id' | 'sid'>} entry
 */
async function destroy(opened, { id, sid }) {
  if (sid === undefined) await (opened.plain ?? opened).sessions.destroy(id);
  else await opened.sessions.destroy(sid);
}

module.exports = { destroy, findOne, findToDestroy, ofUser, userIndexOf };
