/** The declarations for the options `absoluteTtl` and `indexes`, which the stores for web frameworks share. */

import type { CallbackError } from './types';

/** A value in an index; `undefined`, `null`, `false` or `''` if the session is not in the index. */
export type IndexValue = string | number | bigint | false | null | undefined;

/** An absolute end of sessions, with its behaviour for regenerated sessions. */
export interface AbsoluteTtl {
  /** Milliseconds, at least 1. */
  ttl: number;
  /**
   * What `session.regenerate()` does. `'continue'`: the new session ends when the old one would have.
   * `'restart'`: the new session begins anew, so that a login that regenerates the session gives the
   * user the full time.
   * @default 'continue'
   */
  regenerate?: 'continue' | 'restart';
}

/** An index of sessions by a value. */
export interface SessionIndexOptions<Session> {
  /**
   * The value of a session: a key of the session, a path of keys such as `passport.user`, or a
   * function. A number is stored as its text, so `7` and `'7'` are the same value. If the function
   * throws or returns another type, the save fails with `ERR_SESSION_INDEX_VALUE`. At most 2,048
   * bytes.
   *
   * The store calls the function for each `set` and `touch`, and for the result of a merge. It must
   * return the same value for the session and for its copy from JSON.
   */
  value: string | ((session: Session) => IndexValue);
  /**
   * The attribute of type S that holds the value. `<attribute>_since` and `<attribute>_label` are
   * used too.
   * @default the name of the index in `indexes`
   */
  attribute?: string;
  /**
   * The name of the global secondary index.
   * @default '<name>-index'
   */
  index?: string;
  /**
   * The maximum number of sessions with one value, at least 1. With concurrent logins, there may be
   * more until the index has them, usually for less than a second.
   * @default no maximum
   */
  max?: number;
  /**
   * What happens with a further session. `'end-oldest'`: the session that has had the value for the
   * longest time is destroyed. `'refuse'`: the save of the further session fails with
   * `ERR_SESSION_LIMIT`, and nothing is written.
   * @default 'end-oldest'
   */
  over?: 'end-oldest' | 'refuse';
  /**
   * Returns the text by which a user recognises the session, such as a browser. The store calls the
   * function when a session gets a value, and keeps the first 256 characters.
   *
   * @param request the request of express-session or @fastify/session, or Koa's `ctx`; `undefined`
   *   if the session was passed to the store by hand
   */
  // biome-ignore lint/suspicious/noExplicitAny: it depends on the framework
  label?: (session: Session, request: any) => string | null | undefined;
}

/** The options for marks beside a session. */
export interface MarkOptions<Session> {
  /**
   * The milliseconds after which a session ends, however often it is saved, touched or merged. The
   * time counts from the first write of the session with this option. If a cookie would last longer,
   * the store shortens it.
   *
   * Each save of a session that exists is then an UpdateItem, at the same price as the PutItem
   * without the option.
   * @default no such end
   * @example
   * new DynamoDBStore({ absoluteTtl: 8 * 3_600_000 });
   * @example
   * new DynamoDBStore({ absoluteTtl: { ttl: 8 * 3_600_000, regenerate: 'restart' } });
   */
  absoluteTtl?: number | AbsoluteTtl;
  /**
   * Indexes of sessions by a value, such as their user. The name of an index is the first argument of
   * `sessionsOf()` and `destroyOf()`. If the store creates its table, it creates the indexes too; for
   * a table that exists, call `ensureIndexes()`. See docs/USERS.md.
   * @default no indexes
   * @example
   * new DynamoDBStore({
   *   indexes: {
   *     user: { value: 'passport.user', label: (session, request) => request?.get('user-agent') },
   *   },
   * });
   */
  indexes?: { readonly [name: string]: SessionIndexOptions<Session> };
}

/** A session with a value in an index. */
export interface IndexedSession {
  /**
   * A name for the session, always the same, for `destroyOf()`. It is no cookie, and nobody can
   * calculate the session id from it, so you can send it to the browser.
   */
  readonly handle: string;
  /** The beginning of the session; `undefined` if a writer without the option has written it. */
  readonly createdAt: Date | undefined;
  /** The time at which the session got the value: the login. */
  readonly since: Date | undefined;
  /** The last `set` or `touch` that was written, so it is as exact as `touchInterval`. */
  readonly lastSeen: Date | undefined;
  /** The end of the session; `undefined` if it never ends. */
  readonly expires: Date | undefined;
  /** The text from the option `label`. */
  readonly label: string | undefined;
  /** Whether this is the session of the option `current`. */
  readonly current: boolean;
}

/** The state of an index that `ensureIndexes()` adds. */
export interface IndexProgress {
  /** The name in the option `indexes`. */
  readonly name: string;
  /** The name of the global secondary index. */
  readonly index: string;
  readonly attribute: string;
  /** `waiting`: DynamoDB is busy with another index of the table. */
  readonly state: 'waiting' | 'creating' | 'active';
}

/** The methods for the option `indexes`. */
export interface IndexMethods {
  /**
   * Reads the sessions with a value, the newest first. An index is eventually consistent: a session
   * of the last moment may be missing.
   *
   * @param name the name of the index in `indexes`
   * @param options `current`: the id of the session that asks, such as `request.sessionID`
   * @throws {TypeError} if there is no such index, or the value is missing
   * @throws {SessionStoreError} `ValidationException` if the table does not have the index
   * @example
   * const devices = await store.sessionsOf('user', user.id, { current: request.sessionID });
   */
  sessionsOf(
    name: string,
    value: string | number | bigint,
    options?: { current?: string },
  ): Promise<IndexedSession[]>;

  /**
   * Destroys the sessions with a value, and gives their number. Then reads the index again, until it
   * shows no more sessions, at most ten times. A session that has another value meanwhile stays.
   *
   * @param options `except`: the id of a session that stays; `handle`: destroys only the session with
   *   this handle
   * @throws {TypeError} if there is no such index, or the value is missing
   * @throws {SessionStoreError} the first error, after all other deletions were tried
   * @example
   * await store.destroyOf('user', user.id); // everywhere
   * @example
   * await store.destroyOf('user', user.id, { except: request.sessionID }); // everywhere else
   * @example
   * await store.destroyOf('user', user.id, { handle: request.body.handle }); // one device
   */
  destroyOf(
    name: string,
    value: string | number | bigint,
    options?: { except?: string; handle?: string },
  ): Promise<number>;

  /**
   * Adds the missing indexes to the table, one after another, and waits until all of them can be
   * read: minutes, or hours for a large table. Other processes may call it at the same time. If the
   * process ends, the next call continues. Emits `index` with an `IndexProgress` when a state changes.
   *
   * @throws {SessionStoreError} `ERR_SESSION_TABLE_INDEX` if the table has another index of this
   *   name; `ERR_SESSION_CLOSED` if the store is closed meanwhile
   */
  ensureIndexes(): Promise<void>;
}

/** The same methods with callbacks. */
export interface IndexCallbackMethods extends IndexMethods {
  sessionsOf: IndexMethods['sessionsOf'] & {
    (
      name: string,
      value: string | number | bigint,
      callback: (error: CallbackError, sessions?: IndexedSession[]) => void,
    ): void;
    (
      name: string,
      value: string | number | bigint,
      options: { current?: string } | undefined,
      callback: (error: CallbackError, sessions?: IndexedSession[]) => void,
    ): void;
  };
  destroyOf: IndexMethods['destroyOf'] & {
    (
      name: string,
      value: string | number | bigint,
      callback: (error: CallbackError, destroyed?: number) => void,
    ): void;
    (
      name: string,
      value: string | number | bigint,
      options: { except?: string; handle?: string } | undefined,
      callback: (error: CallbackError, destroyed?: number) => void,
    ): void;
  };
  ensureIndexes: IndexMethods['ensureIndexes'] &
    ((callback: (error: CallbackError) => void) => void);
}
