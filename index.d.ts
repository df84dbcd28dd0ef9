import type session = require('express-session');
import codecs = require('./lib/codecs');
import commonOptions = require('./lib/common-options');
import hashedIds = require('./lib/hashed-ids');
import locks = require('./lib/locks');
import marks = require('./lib/marks');
import monitoring = require('./lib/monitoring');
import scans = require('./lib/scans');
import types = require('./lib/types');

export = connect;

/**
 * Makes the class `DynamoDBStore` as a subclass of a session module's `Store`.
 *
 * @typeParam Session the type of the application's session data
 * @param module express-session, or an object with express-session as `session`, or an object with
 *   a `Store`: `{ session }`, Connect, Express 3
 * @returns the class; calls with the same `Store` return the same class
 * @throws {TypeError} if `module` has no `Store`
 * @example
 * const DynamoDBStore = connect(session);
 * app.use(session({ store: new DynamoDBStore({ table: 'sessions' }), secret: 'keyboard cat' }));
 */
declare function connect<Session extends object = session.SessionData>(
  module: connect.SessionModule,
): connect.DynamoDBStoreClass<Session>;

declare namespace connect {
  /**
   * The argument of `connect()`: an object with a `Store`, or an object with such a module as
   * `session`.
   */
  type SessionModule = HasStore | { readonly session: HasStore };

  interface HasStore {
    readonly Store: abstract new (...args: never) => object;
  }

  /** The class `DynamoDBStore`, as a subclass of the `Store` that `connect()` was given. */
  interface DynamoDBStoreClass<Session extends object = session.SessionData> {
    new (options?: DynamoDBStoreOptions<Session>): DynamoDBStore<Session>;
    readonly prototype: DynamoDBStore<Session>;
  }

  interface DynamoDBStoreOptions<Session = session.SessionData>
    extends commonOptions.WebOptions<Stored<Session & object>> {
    /**
     * The table's name or ARN.
     * @default 'sessions'
     */
    table?: string;
    /**
     * The table's partition key, of type S.
     * @default 'id'
     */
    hashKey?: string;
    /**
     * The text that the store puts before a session's id to make the key of its item.
     * @default 'sess:'
     */
    prefix?: string;

    /**
     * The read capacity units of a table that the store creates.
     * @default 5
     */
    readCapacityUnits?: number | string;
    /**
     * The write capacity units of a table that the store creates.
     * @default 5
     */
    writeCapacityUnits?: number | string;
    /**
     * `true`: if the store creates the table, it turns on DynamoDB's time to live for the attribute
     * `expires`. If DynamoDB refuses, the store emits `warning`. If the table exists already, the
     * store never changes its time to live.
     * @default true
     */
    timeToLive?: boolean;
    /**
     * `true`: assume that the table exists; do not check or create it.
     * @default false
     */
    initialized?: boolean;
    /**
     * The lifetime in milliseconds of a session whose cookie has no lifetime; or a function that
     * takes the session and returns the lifetime.
     * @default 86400000 (a day)
     */
    ttl?: TimeToLive<Session>;
    /**
     * Keys of the session that the store also writes to attributes of their own, for example for an
     * index.
     * @default []
     */
    specialKeys?: ReadonlyArray<Readonly<DynamoDBStoreOptionsSpecialKey>>;
    /**
     * `true`: a session may lack special keys. `false`: `set` fails with `ERR_SESSION_SPECIAL_KEY`
     * if the session lacks one.
     * @default false
     */
    skipThrowMissingSpecialKeys?: boolean;
    /**
     * Milliseconds between two runs of `reap()`; `0`: no runs. Each run reads the whole table;
     * DynamoDB's time to live deletes the same sessions without cost.
     * @default 0
     */
    reapInterval?: number;

    /**
     * Milliseconds that a call may take, including retries and the wait for the table. For `all`,
     * `sessions`, `length`, `ids`, `clear`, `reap`, `sessionsOf` and `destroyOf`: milliseconds that each of
     * their requests may take.
     * @default 10000
     */
    operationTimeout?: number;
    /**
     * Milliseconds that `initialize()` waits until the table can be used.
     * @default 120000
     */
    tableTimeout?: number;
  }

  interface DynamoDBStoreOptionsSpecialKey {
    /** The name of the key in the session, and of the attribute in the item. */
    name: string;
    /**
     * The attribute's type: `S` for strings, `N` for numbers and numeric strings, `B` for Buffers
     * and typed arrays.
     */
    type: 'S' | 'N' | 'B';
  }

  type AwsClient = types.AwsClient;
  type Transport = types.Transport;
  type AwsCredentials = types.AwsCredentials;
  type DynamoConfig = types.DynamoConfig;
  type CreateTableSettings = types.CreateTableSettings;
  type TimeToLive<Session> = types.TimeToLive<Session>;
  type CallbackError = types.CallbackError;
  type AbsoluteTtl = marks.AbsoluteTtl;
  type SessionIndexOptions<Session> = marks.SessionIndexOptions<Session>;
  type IndexedSession = marks.IndexedSession;
  type IndexProgress = marks.IndexProgress;
  export import SessionStoreError = types.SessionStoreError;
  export type CompressOptions = codecs.CompressOptions;
  export type EncryptionKey = codecs.EncryptionKey;
  export type EncryptionOptions = codecs.EncryptionOptions;
  export type HashIdsOptions = hashedIds.HashIdsOptions;
  export type IdSecret = hashedIds.IdSecret;
  export type LockOptions = locks.LockOptions;
  export type SessionLock = locks.SessionLock;
  export type SessionEvent = types.SessionEvent;
  export type ScanOptions = scans.ScanOptions;
  export type ScanProgress = scans.ScanProgress;
  export type SessionOfTable<Session> = scans.SessionOfTable<Session>;
  export type Channels = monitoring.Channels;
  export type OperationMessage = monitoring.OperationMessage;
  export type RequestMessage = monitoring.RequestMessage;
  export type RetryMessage = monitoring.RetryMessage;
  export type ThrottleMessage = monitoring.ThrottleMessage;
  export type BreakerMessage = monitoring.BreakerMessage;
  export type CredentialsMessage = monitoring.CredentialsMessage;
  export type ConnectionMessage = monitoring.ConnectionMessage;
  export type TableMessage = monitoring.TableMessage;
  export type StoreStats = monitoring.StoreStats;

  /** The names of the diagnostics channels. See docs/MONITORING.md. */
  export const CHANNELS: Channels;

  /** A stored session: the application's data and the cookie. */
  type Stored<Session extends object> = Session & session.SessionData;

  interface DynamoDBStore<Session extends object = session.SessionData>
    extends marks.IndexCallbackMethods,
      locks.LockMethod,
      monitoring.StatsMethod {}

  /**
   * Sessions in DynamoDB, for express-session and the frameworks that take its stores.
   *
   * Each method calls its callback once, on a later tick. Without a callback, it returns a promise.
   * An error is a {@link SessionStoreError}; if an argument is wrong, it is a `TypeError` with the
   * code `ERR_INVALID_ARG_VALUE`.
   *
   * `connect.DynamoDBStore` is this class, made with the application's express-session.
   *
   * @example
   * import session from 'express-session';
   * import { DynamoDBStore } from 'dynamo-session-store';
   *
   * const store = new DynamoDBStore({ table: 'sessions' });
   * store.on('warning', (warning) => console.warn(warning));
   * app.use(session({ store, secret: 'keyboard cat', resave: false, saveUninitialized: false }));
   */
  class DynamoDBStore<Session extends object = session.SessionData> extends session.Store {
    /** @throws {TypeError} if an option is wrong; the message names the option */
    constructor(options?: DynamoDBStoreOptions<Session>);

    readonly table: string;
    readonly hashKey: string;
    readonly prefix: string;
    readonly readCapacityUnits: number;
    readonly writeCapacityUnits: number;
    readonly payPerRequest: boolean;
    readonly timeToLive: boolean;
    readonly consistentRead: boolean;
    readonly probeKey: string;
    readonly batch: boolean;
    readonly batchThreshold: number;
    readonly specialKeys: ReadonlyArray<Readonly<DynamoDBStoreOptionsSpecialKey>>;
    readonly skipThrowMissingSpecialKeys: boolean;
    readonly reapInterval: number;
    readonly touchInterval: number | 'auto';
    readonly conflict: 'merge' | 'overwrite' | 'error';
    readonly identityKeys: readonly string[];
    /**
     * The client that was passed. If none was passed, the store makes one when this property is
     * first read, with the SDK that is installed: a `DynamoDBClient` of v3, else an `AWS.DynamoDB`
     * of v2. If you assign another client, or replace a method of the client with a stub, the store
     * calls that client from then on.
     *
     * @throws {SessionStoreError} `ERR_SESSION_CLIENT` if neither SDK is installed
     */
    client: types.Client;
    /** The sender of the requests at present: see the option `transport`. */
    readonly transport: Transport;
    /** Whether the store knows that the table exists. */
    initialized: boolean;

    /**
     * Looks for the table with `describeSessionsTable()`, and creates it with
     * `createSessionsTable()` if it does not exist. Calls at the same time share one run. After a
     * failure, the next call tries again. Every other method initializes the store by itself. Call
     * `initialize()` at the start of the application: wrong credentials, a wrong region or a table
     * with another key then fail there.
     */
    initialize(): Promise<void>;
    initialize(callback: (error: CallbackError) => void): void;

    /**
     * Waits until the table can be used. If the table does not exist, the error has the name
     * `ResourceNotFoundException`.
     */
    describeSessionsTable(): Promise<void>;
    describeSessionsTable(callback: (error: CallbackError) => void): void;

    /** Creates the table and waits until it can be used. */
    createSessionsTable(): Promise<void>;
    createSessionsTable(callback: (error: CallbackError) => void): void;

    /** Reads the session. Gives `null` if the session does not exist or has expired. */
    get(sid: string): Promise<Stored<Session> | null>;
    get(
      sid: string,
      callback: (error: CallbackError, session?: Stored<Session> | null) => void,
    ): void;

    /** Stores the session, even if it has expired. */
    set(sid: string, session: Stored<Session>): Promise<void>;
    set(sid: string, session: Stored<Session>, callback?: (error?: CallbackError) => void): void;

    /**
     * Moves the end of a session. Gives the new end, in seconds since the Unix epoch. If the
     * session no longer exists, gives `undefined` and does not create the session again.
     */
    touch(sid: string, session: Stored<Session>): Promise<{ expires: number } | undefined>;
    touch(
      sid: string,
      session: Stored<Session>,
      callback?: (error?: CallbackError, result?: { expires: number }) => void,
    ): void;

    /** Deletes the session. If it does not exist, that is no error. */
    destroy(sid: string): Promise<void>;
    destroy(sid: string, callback?: (error?: CallbackError) => void): void;

    /**
     * Reads every session under the prefix that has not expired and can be read, each with its id
     * as `id`; with the option `hashIds`, with its handle as `id`.
     *
     * Reads the whole table: for each 4 KB, one read unit, or half a unit with
     * `consistentRead: false`. The array holds all sessions in memory. For a large table, use
     * `sessions()`.
     */
    all(): Promise<Array<Stored<Session> & { id: string }>>;
    all(
      callback: (error: CallbackError, sessions?: Array<Stored<Session> & { id: string }>) => void,
    ): void;

    /**
     * Reads the sessions that `all` gives, one after the other. The store reads the next page of the
     * table, of up to 1 MB, when the loop asks for it; with `segments`, one page of each ahead. `break`
     * ends the reading. Emits `progress`. Costs as much as `all`.
     *
     * @throws {TypeError} if an option is wrong
     * @example
     * for await (const { sid, session, expires } of store.sessions()) {
     *   console.log(session.user, expires);
     * }
     */
    sessions(
      options?: ScanOptions,
    ): AsyncGenerator<SessionOfTable<Stored<Session>>, void, undefined>;

    /** Counts the sessions that `all` gives. Reads the whole table, at the same price. Emits `progress`. */
    length(options?: ScanOptions): Promise<number>;
    length(callback: (error: CallbackError, length?: number) => void): void;
    length(
      options: ScanOptions | undefined,
      callback: (error: CallbackError, length?: number) => void,
    ): void;

    /**
     * Reads the ids of the sessions that `all` gives; with the option `hashIds`, their handles. Reads the
     * whole table, at the same price. Emits `progress`.
     */
    ids(options?: ScanOptions): Promise<string[]>;
    ids(callback: (error: CallbackError, ids?: string[]) => void): void;
    ids(
      options: ScanOptions | undefined,
      callback: (error: CallbackError, ids?: string[]) => void,
    ): void;

    /**
     * Deletes the sessions that `all` gives. Reads the whole table, at the same price, and each deletion
     * costs a write unit for each KB. Emits `progress`.
     */
    clear(options?: ScanOptions): Promise<void>;
    clear(callback?: (error?: CallbackError) => void): void;
    clear(options: ScanOptions | undefined, callback: (error?: CallbackError) => void): void;

    /**
     * Deletes the sessions under the prefix that have expired, and gives their number. Reads the
     * whole table, at half a read unit for each 4 KB, and each deletion costs a write unit for each KB.
     * If a session is touched or saved meanwhile, it stays. Emits `progress`.
     *
     * @example
     * await store.reap({ segments: 4, capacityPerSecond: 100 });
     */
    reap(options?: ScanOptions): Promise<number>;
    reap(callback?: (error?: CallbackError, reaped?: number) => void): void;
    reap(
      options: ScanOptions | undefined,
      callback: (error?: CallbackError, reaped?: number) => void,
    ): void;

    /**
     * Takes the answer to a GetItem and gives its session; `null` if the answer has none, or the
     * session has expired.
     */
    getParsedSession(result: { readonly Item?: object }): Stored<Session> | null;

    /**
     * The end of a session, in whole seconds since the Unix epoch. The first of these that is set
     * decides: `cookie.maxAge` (milliseconds), `cookie.expires`, the option `ttl`.
     */
    getExpiresValue(session: Partial<Stored<Session>>): number;

    /** Stops the timer of `reapInterval`. */
    clearInterval(): void;

    /**
     * Stops the timer of `reapInterval`, and releases the connections. Later calls fail with
     * `ERR_SESSION_CLOSED`. Calls in flight continue to their normal outcome, except calls with
     * `capacityPerSecond`: these fail with `ERR_SESSION_CLOSED` after the pages in flight.
     */
    close(): Promise<void>;
    close(callback: (error: CallbackError) => void): void;

    /**
     * `warning`: a failure that no call could report, such as that of a timed `reap()` or of the
     * time to live of a new table; or the notice that no setting names a region. If the event has
     * no listener, the store emits a warning of the process.
     */
    on(event: 'warning', listener: (warning: Error & { code?: string }) => void): this;
    /**
     * `unavailable`: an outage has begun. Until it ends, calls fail at once, with this error. See
     * `breaker`.
     */
    on(event: 'unavailable', listener: (error: Error & { code?: string }) => void): this;
    /**
     * `create`: a request has saved a new session. `destroy`: a session was destroyed. `expire`: a visitor
     * came with a session that has ended, or `reap()` has deleted it. See docs/EVENTS.md.
     */
    on(event: 'create' | 'destroy' | 'expire', listener: (event: SessionEvent) => void): this;
    /** `available`: the outage is over. */
    on(event: 'available', listener: () => void): this;
    /** `index`: the state of an index that `ensureIndexes()` adds has changed. */
    on(event: 'index', listener: (progress: IndexProgress) => void): this;
    /** `progress`: `reap`, `clear`, `length`, `ids` or `sessions` has read a page of the table. See docs/BIG-TABLES.md. */
    on(event: 'progress', listener: (progress: ScanProgress) => void): this;
    // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
    on(event: string | symbol, listener: (...args: any[]) => void): this;
  }
}
