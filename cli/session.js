'use strict';

/** The parts of a session that the command shows. */

const { duration, iso, jsonOf, moment, size } = require('./text');

/** @import { Opened } from '../lib/command' */
/** @import { Entry } from './scan' */

/**
 * Returns a session as an object, with its end.
 *
 * @param {Opened} opened
 * @param {{ data: string, end?: number }} entry
 * @returns {Record<string, any>}
 */
function sessionOf(opened, { data, end }) {
  const session = JSON.parse(data);
  if (end !== undefined) opened.setEnd(session, end);
  return session;
}

/**
 * Returns the user of a session: the value of the first index, or the first of the keys that name its user.
 *
 * @param {Opened} opened
 * @param {any} session
 * @returns {{ name: string, value: string } | undefined}
 */
function userOf({ identityKeys, indexes }, session) {
  for (const { name, value } of indexes) {
    const found = textOf(attempt(() => value(session)));
    if (found !== undefined) return { name, value: found };
  }
  for (const path of identityKeys) {
    const found = textOf(path.split('.').reduce((part, key) => part?.[key], session));
    if (found !== undefined) return { name: path, value: found };
  }
  return undefined;
}

/** @param {() => unknown} work */
function attempt(work) {
  try {
    return work();
  } catch {
    // A function of the application. The session is shown without a user.
    return undefined;
  }
}

/**
 * @param {any} value the value of a key that names the user: Passport keeps an object, and some applications do too
 * @returns {string | undefined}
 */
function textOf(value) {
  if (typeof value === 'string' || typeof value === 'number') return String(value) || undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const key of ['user', 'id', '_id', 'userId', 'username', 'email', 'name']) {
    const found = textOf(value[key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The row of a session in a list.
 *
 * @param {Opened} opened
 * @param {Entry} entry
 * @param {boolean} withId
 */
function summaryOf(opened, entry, withId) {
  const user = userOf(opened, sessionOf(opened, entry));
  return {
    handle: entry.handle,
    ...(withId && { id: entry.sid ?? entry.id }),
    user: user?.value,
    expires: iso(entry.end ?? entry.expires),
    createdAt: iso(entry.created),
    lastSeen: iso(entry.seen),
    bytes: Buffer.byteLength(entry.data),
    ...(entry.isEnded && { ended: true }),
  };
}

/**
 * Everything about a session but its data.
 *
 * @param {Opened} opened
 * @param {Entry} entry
 * @param {{ withData: boolean, withId: boolean }} options
 */
function detailsOf(opened, entry, { withData, withId }) {
  const session = sessionOf(opened, entry);
  return {
    ...summaryOf(opened, entry, withId),
    userKey: userOf(opened, session)?.name,
    cookie: cookieOf(session),
    keys: Object.keys(session),
    ...(withData && { session }),
  };
}

/**
 * The cookie of express-session, or the fields of koa-session.
 *
 * @param {any} session
 */
function cookieOf(session) {
  if (typeof session.cookie === 'object' && session.cookie !== null) return session.cookie;
  const { _expire, _maxAge, _session } = session;
  const fields = { _expire, _maxAge, _session };
  return Object.values(fields).some((value) => value !== undefined) ? fields : undefined;
}

/**
 * The lines about a session for people.
 *
 * @param {import('./output').Output} output
 * @param {ReturnType<typeof detailsOf>} details
 */
function textOfDetails(output, details) {
  const { bytes, cookie, createdAt, expires, handle, keys, lastSeen, user, userKey } = details;
  const time = (/** @type {string | undefined} */ text) => text && moment(Date.parse(text));
  const fields = output.fields([
    ['handle', handle],
    ['id', 'id' in details ? String(details.id) : undefined],
    ['user', user && `${user} (${userKey})`],
    ['ends', time(expires) ?? 'never'],
    ['created', time(createdAt)],
    ['last seen', time(lastSeen)],
    ['cookie', cookie && textOfCookie(cookie)],
    ['size', size(bytes)],
    ['keys', keys.join(', ')],
  ]);
  return 'session' in details ? `${fields}\n\n${jsonOf(details.session, 2)}` : fields;
}

/** @param {Record<string, any>} cookie */
function textOfCookie(cookie) {
  return Object.entries(cookie)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => {
      const isLifetime = /maxAge$/i.test(name) && Number.isFinite(value);
      return `${name}=${isLifetime ? duration(value) : name === '_expire' ? iso(value) : value}`;
    })
    .join('; ');
}

module.exports = { detailsOf, sessionOf, summaryOf, textOfDetails, userOf };
