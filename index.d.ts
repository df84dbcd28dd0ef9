import type session = require('express-session');
import codecs = require('./lib/codecs');
import hashedIds = require('./lib/hashed-ids');
import marks = require('./lib/marks');
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
    extends marks.MarkOptions<Stored<Session & object>>,
      codecs.CodecOptions,
      hashedIds.HashedIdOptions {
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
     * A client of either AWS SDK for JavaScript: a `DynamoDBClient` of v3 or an `AWS.DynamoDB` of
     * v2. If the client was not customised, the store adopts it: the store reads the client's
     * settings, and the addon sends the requests. If the client was customised, the store calls the
     * client for each request: see `transport`.
     */
    client?: AwsClient;
    /**
     * The sender of the requests. `'native'`: the addon. `'client'`: the `client`, which the store
     * calls for each request. If the store cannot adopt the client, `'native'` fails with a
     * `TypeError` that gives the reason.
     * @default 'native'; 'client' if the client was customised
     */
    transport?: Transport;
    /**
     * The connection settings, if `client` is not set. For each setting that is missing here, the
     * AWS environment decides: variables, profile files, container and instance roles.
     */
    dynamoConfig?: DynamoConfig;
    /**
     * The path of a JSON file with the same settings as `dynamoConfig`, relative to the working
     * directory. The store reads the file at construction. From connect-dynamodb 2.x.
     */
    AWSConfigPath?: string;
    /** The same settings as `dynamoConfig`. From connect-dynamodb 2.x. */
    AWSConfigJSON?: DynamoConfig;
    /** The AWS region of the table. From connect-dynamodb 2.x. */
    AWSRegion?: string;

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
     * `true`: a table that the store creates is billed on demand, and capacity units have no
     * effect.
     * @default false
     */
    payPerRequest?: boolean;
    /**
     * More settings for a table that the store creates, under AWS's own names: deletion protection,
     * point-in-time recovery, a key of AWS KMS, a table class, tags, warm throughput, and a maximum
     * for requests on demand. If the table exists already, they have no effect.
     * @example
     * new DynamoDBStore({ createTable: { DeletionProtectionEnabled: true } });
     */
    createTable?: CreateTableSettings;
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
     * `true`: reads are strongly consistent. `false`: reads are eventually consistent. They cost
     * half, and may miss a login of a moment ago.
     * @default true
     */
    consistentRead?: boolean;
    /**
     * `true`: under load, the store merges operations: it sends several in one request, reads as
     * BatchGetItem and writes as BatchWriteItem, at the same price in capacity units. If the role
     * has no permission for these two, the store notices this and sends single requests.
     * @default true
     */
    batch?: boolean;
    /**
     * Merging starts when more than this number of mergeable operations are in flight or wait; at
     * least 1. Up to this number, the store sends each operation alone and at once.
     * @default 16
     */
    batchThreshold?: number;
    /**
     * The maximum number of open connections to DynamoDB, at least 1. Further operations wait for a
     * free connection, within their deadline. If this option is not set, the `maxSockets` of an
     * adopted client's agent counts. If the store calls the client: the maximum number of its calls
     * in flight; by default, the client decides.
     * @default 128
     */
    maxSockets?: number;
    /**
     * The maximum number of this store's calls that wait for their outcome, at least 1. A call
     * counts while its request is in flight, while it waits in the queue, and while it waits for
     * the table. A further call fails at once with `ERR_SESSION_OVERLOADED`, and the store sends
     * nothing for it.
     * @default 20000
     */
    maxPendingCalls?: number;
    /**
     * `true`: while DynamoDB does not answer, calls fail at once, with an error that says what is
     * wrong. An outage begins when five attempts in a row have failed over half a second or more.
     * It ends with the first answer to a probe: a request that the store sends by itself. Stores in
     * the same process share an outage if they reach the same address. `false`: the store tries
     * every call, and emits no events of outages.
     * @default true
     */
    breaker?: boolean;
    /**
     * Milliseconds that calls wait for the source of the credentials before they fail with
     * `ERR_SESSION_CREDENTIALS`. The store asks the source once for all calls, and does not
     * interrupt it: once the source has answered, the store sends requests again. This time does
     * not count towards `requestTimeout`, which limits single attempts.
     * @default nine tenths of `operationTimeout`
     */
    credentialsTimeout?: number;
    /**
     * The id of a session that never exists. During an outage the store reads this id, under its
     * `prefix`, to find out whether DynamoDB answers again. Set it if the IAM policy allows only
     * some keys (`dynamodb:LeadingKeys`) and the default is not one of them. At most 2,048 bytes.
     * @default 'dynamo-session-store:probe'
     */
    probeKey?: string;
    /**
     * `true`: the store emits `disconnect` when an outage begins and `connect` when it ends. In
     * between, express-session passes requests on without `request.session`, and
     * koa-generic-session lets requests wait. Set it only if the application is written for this.
     * Needs `breaker`.
     * @default false
     */
    disconnectEvents?: boolean;
    /**
     * A time in milliseconds. If a touch would move the end of a session by less than this, the
     * store does not write the touch. A `set` of an unchanged session counts as a touch. A session
     * may therefore end early, by less than this time, and never late. `'auto'`: a twentieth of the
     * session's lifetime. `0`: the store writes every touch. The store never uses more than half of
     * the lifetime. dynamodb-store has an option of the same name.
     *
     * The option needs a framework that tells the store which request a session belongs to, as
     * express-session, @fastify/session and koa-session 6 and 7 do. With other frameworks, the
     * store writes every touch.
     * @default 'auto'
     * @example
     * new DynamoDBStore({ touchInterval: 60_000 });
     */
    touchInterval?: number | 'auto';
    /**
     * What the store does if another request has changed the session since this request read it.
     *
     * `'merge'`: for each top-level key, if this request changed it, this request's value wins;
     * otherwise the stored value stays. If both requests changed it, the value that is saved second
     * therefore counts. Nested values are not merged. The lifetime counts as a key. `'error'`:
     * `set` fails with `ERR_SESSION_CONFLICT` and writes nothing. `'overwrite'`: the store writes
     * the session as it is, as connect-dynamodb and koa-session-dynamodb-store do.
     *
     * If the session was destroyed meanwhile, the store never writes it.
     * @default 'merge'
     */
    conflict?: 'merge' | 'overwrite' | 'error';
    /**
     * The keys of the session that name its user. Each is a key, or a path of keys such as
     * `account.id`. If two requests have given the session to two users, the store does not merge
     * the two: the login that is saved last counts, with its whole session. A value may be an id,
     * or an object with an id (`id`, `_id`, `userId`, `user`, `sub`, `uid`, `username` or `email`).
     * `[]`: the store merges every key on its own.
     * @default ['passport', 'user', 'userId']
     * @example
     * new DynamoDBStore({ identityKeys: ['account.id'] });
     */
    identityKeys?: readonly string[];
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
  export type LockOptions = types.LockOptions;
  export type SessionLock = types.SessionLock;
  export type SessionEvent = types.SessionEvent;
  export type ScanOptions = scans.ScanOptions;
  export type ScanProgress = scans.ScanProgress;
  export type SessionOfTable<Session> = scans.SessionOfTable<Session>;

  /** A stored session: the application's data and the cookie. */
  type Stored<Session extends object> = Session & session.SessionData;

  interface DynamoDBStore<Session extends object = session.SessionData>
    extends marks.IndexCallbackMethods {}

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
     * Runs `task` while no other caller of `withLock`, in any process, holds the lock of this session.
     * The other methods do not wait for the lock. See docs/LOCKS.md.
     *
     * Fails with `ERR_SESSION_LOCKED` if another caller has held the lock for the time of the option
     * `wait`; with `ERR_SESSION_LOCK_LOST` if another caller has got the lock before the task ended; otherwise with the
     * error of the task, if it fails.
     *
     * @param sid the id of the session, which need not exist
     * @returns the result of `task`
     * @example
     * await store.withLock(request.sessionID, async (lock) => {
     *   const { cart } = await store.get(request.sessionID);
     *   await placeOrder(cart, { signal: lock.signal });
     * });
     */
    withLock<T>(sid: string, task: (lock: SessionLock) => T | Promise<T>): Promise<T>;
    withLock<T>(
      sid: string,
      options: LockOptions | undefined,
      task: (lock: SessionLock) => T | Promise<T>,
    ): Promise<T>;

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
