'use strict';

/** Finds sessions: by id or handle, and by user. */

const { entries } = require('./scan');
const { sessionOf, userOf } = require('./session');
const { sweepOptions } = require('./sweep');
const { handleOf } = require('../lib/handle');

/** @import { Opened } from '../lib/command' */
/** @import { Context } from './context' */
/** @import { Entry } from './scan' */

/** See lib/handle.js. */
const HANDLE = /^[\w-]{22}$/;

/**
 * Finds a session by its id or handle. A session that cannot be read by its id is looked for by its handle, in the
 * whole table.
 *
 * @param {Context} context
 * @param {Opened} opened
 * @param {string} name an id or a handle
 * @returns {Promise<Entry | undefined>}
 */
async function findOne(context, opened, name) {
  return (
    (await load(opened, name)) ?? (HANDLE.test(name) ? byHandle(context, opened, name) : undefined)
  );
}

/**
 * @param {Opened} opened
 * @param {string} sid
 * @returns {Promise<Entry | undefined>}
 */
async function load(opened, sid) {
  const loaded = await opened.sessions.load(sid);
  if (!loaded) return undefined;
  const { data, end, known, tracked } = loaded;
  const [key = opened.prefix + sid] = opened.sessions.keysOf(sid);
  return {
    id: sid,
    sid,
    handle: handleOf(key),
    data,
    expires: known.expires === undefined ? undefined : known.expires * 1000,
    end,
    created: tracked?.created,
    seen: tracked?.seen ?? undefined,
    isEnded: false,
  };
}

/**
 * @param {Context} context
 * @param {Opened} opened
 * @param {string} handle
 */
async function byHandle(context, opened, handle) {
  if (opened.kind === 'shopify' && !context.flags.shop) return undefined;
  for await (const entry of entries(opened, { ...sweepOptions(context), ended: true })) {
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
 * @param {Opened} plain the same table, as a store without hashed ids sees it
 * @param {Entry} entry
 */
async function destroy(opened, plain, { id, sid }) {
  if (sid === undefined) await plain.sessions.destroy(id);
  else await opened.sessions.destroy(sid);
}

module.exports = { destroy, findOne, ofUser, userIndexOf };
