import type session = require('express-session');
import types = require('./lib/types');

export = connect;

/**
 * The class `DynamoDBStore` as a subclass of a session module's `Store`.
 *
 * @typeParam Session what the application keeps in a session
 * @param module express-session; or an object that has it, or a `Store`, as a property:
 *   `{ session }`, Connect, Express 3
 * @returns the same class for the same `Store`
 * @throws {TypeError} where there is no `Store` in `module`
 * @example
 * const DynamoDBStore = connect(session);
 * app.use(session({ store: new DynamoDBStore({ table: 'sessions' }), secret: 'keyboard cat' }));
 */
declare function connect<Session extends object = session.SessionData>(
  module: connect.SessionModule,
): connect.DynamoDBStoreClass<Session>;

declare namespace connect {
  /** What `connect()` finds a `Store` in. */
  type SessionModule = HasStore | { readonly session: HasStore };

  interface HasStore {
    readonly Store: abstract new (...args: never) => object;
  }

  /** A `DynamoDBStore` on the `Store` that `connect()` was given. */
  interface DynamoDBStoreClass<Session extends object = session.SessionData> {
    new (options?: DynamoDBStoreOptions<Session>): DynamoDBStore<Session>;
    readonly prototype: DynamoDBStore<Session>;
  }

  interface DynamoDBStoreOptions<Session = session.SessionData> {
    /**
     * The table's name.
     * @default 'sessions'
     */
    table?: string;
    /**
     * The table's partition key, of type S.
     * @default 'id'
     */
    hashKey?: string;
    /**
     * What stands before a session's id in the table.
     * @default 'sess:'
     */
    prefix?: string;

    /**
     * A client of either AWS SDK for JavaScript: a `DynamoDBClient` of v3 or an `AWS.DynamoDB` of
     * v2. Its settings are used and the requests go out from the addon; one that was customised is
     * called instead, see `transport`.
     */
    client?: AwsClient;
    /**
     * The way that requests go: `native`, out from the addon, or through the `client`. `native` with a
     * client that cannot be adopted is a `TypeError` that says why.
     * @default 'native', unless the client was customised
     */
    transport?: Transport;
    /**
     * How to reach DynamoDB, where no client is given. What is missing here, the AWS environment
     * decides: variables, profile files, container and instance roles.
     */
    dynamoConfig?: DynamoConfig;
    /**
     * A JSON file of settings as in `dynamoConfig`, relative to the working directory. Read at
     * construction. From connect-dynamodb 2.x.
     */
    AWSConfigPath?: string;
    /** Settings as in `dynamoConfig`. From connect-dynamodb 2.x. */
    AWSConfigJSON?: DynamoConfig;
    /** The region. From connect-dynamodb 2.x. */
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
     * Whether a table that the store creates is paid for on demand; then capacity units have no
     * effect.
     * @default false
     */
    payPerRequest?: boolean;
    /**
     * What else a table gets that the store creates, under AWS's own names: deletion protection,
     * point-in-time recovery, a key of AWS KMS, a table class, tags, warm throughput, and a maximum for
     * requests on demand. It has no effect on a table that exists.
     * @example
     * new DynamoDBStore({ createTable: { DeletionProtectionEnabled: true } });
     */
    createTable?: CreateTableSettings;
    /**
     * Whether a table that the store creates gets DynamoDB's time to live on `expires`. Where the
     * server refuses, the store emits `warning`. The time to live of a table that exists is never
     * changed.
     * @default true
     */
    timeToLive?: boolean;
    /**
     * Whether to take the table for existing, without looking.
     * @default false
     */
    initialized?: boolean;

    /**
     * Whether reads are strongly consistent. Eventually consistent ones cost half, and may miss
     * the login of a moment ago.
     * @default true
     */
    consistentRead?: boolean;
    /**
     * Whether operations are merged under load: reads into BatchGetItem, writes into BatchWriteItem,
     * at the same price in capacity units. A role without the permission for these two is found out,
     * and served with single requests.
     * @default true
     */
    batch?: boolean;
    /**
     * How many operations that can be merged are in flight or wait before any are merged, at least 1.
     * Up to that number each is sent alone and at once.
     * @default 16
     */
    batchThreshold?: number;
    /**
     * How many connections to DynamoDB may be open at a time, at least 1. An operation beyond that
     * waits its turn, within its deadline. Where this is not set, the `maxSockets` of an adopted
     * client's agent counts. Through a client that is called: how many calls of it are in flight at
     * a time; by default that is left to the client.
     * @default 128
     */
    maxSockets?: number;
    /**
     * How many calls of this store may wait for their outcome, at least 1: those whose requests are in
     * flight, those that wait for their turn, and those that wait for the table. A call beyond that
     * fails at once with `ERR_SESSION_OVERLOADED`, and nothing is sent for it.
     * @default 20000
     */
    maxPendingCalls?: number;
    /**
     * Whether calls fail at once while DynamoDB does not answer, with the error of what is wrong. An
     * outage begins when five attempts in a row have failed over half a second or more, and ends with the
     * first answer to a probe that the store sends by itself. The stores of a process that reach the same
     * address share it. With `false` every call is tried, and the store emits no events of outages.
     * @default true
     */
    breaker?: boolean;
    /**
     * Milliseconds that the source of the credentials may take before calls that wait for it fail with
     * `ERR_SESSION_CREDENTIALS`. The source is asked once for all of them, and goes on: as soon as it has
     * answered, calls go out again. No part of `requestTimeout`, which is for attempts alone.
     * @default nine tenths of `operationTimeout`
     */
    credentialsTimeout?: number;
    /**
     * The id of a session that never exists. During an outage the store reads it, under its `prefix`,
     * to find out whether DynamoDB answers again. Set it if the IAM policy allows only some keys
     * (`dynamodb:LeadingKeys`) and this one is not among them.
     * @default 'dynamo-session-store:probe'
     */
    probeKey?: string;
    /**
     * Whether the store emits `disconnect` when an outage begins and `connect` when it ends.
     * express-session then passes requests on without `request.session`, and koa-generic-session has them
     * wait for the end: an application has to be written for that. Needs `breaker`.
     * @default false
     */
    disconnectEvents?: boolean;
    /**
     * A touch that would move the end of a session by less than this many milliseconds is not written,
     * and an unchanged `set` is a touch. A session may so end early, by less than that, and never
     * late. `'auto'` is a twentieth of the session's lifetime, `0` writes every touch. It is half of the
     * lifetime at most. The name is dynamodb-store's. It needs a framework that tells which request a
     * session belongs to, as express-session, @fastify/session and koa-session 6 and 7 do; elsewhere
     * every touch is written.
     * @default 'auto'
     * @example
     * new DynamoDBStore({ touchInterval: 60_000 });
     */
    touchInterval?: number | 'auto';
    /**
     * What becomes of a session that another request has changed since this one has read it.
     * `'merge'`: for each key of the session, the value of the request that has changed it; if both
     * have, that of the second to save. The lifetime counts as a key. `'error'`: `set` fails with `ERR_SESSION_CONFLICT` and writes
     * nothing. `'overwrite'`: the session is written as it is, as connect-dynamodb and
     * koa-session-dynamodb-store do. A session that was destroyed meanwhile is never written.
     * @default 'merge'
     */
    conflict?: 'merge' | 'overwrite' | 'error';
    /**
     * Keys of the session that say whose it is, each a key or a path of keys such as `account.id`. If two
     * requests have made it the session of two people, the two are not merged: the login that is saved
     * last counts, with all of its session. A value may be an id, or an object with one (`id`, `_id`,
     * `userId`, `user`, `sub`, `uid`, `username` or `email`). `[]`: every key is merged on its own.
     * @default ['passport', 'user', 'userId']
     * @example
     * new DynamoDBStore({ identityKeys: ['account.id'] });
     */
    identityKeys?: readonly string[];
    /**
     * The lifetime of sessions whose cookie has none, in milliseconds, or a function of the
     * session that gives it.
     * @default 86400000 (a day)
     */
    ttl?: TimeToLive<Session>;
    /** Keys of the session to store in attributes of their own as well, as for an index. */
    specialKeys?: ReadonlyArray<Readonly<DynamoDBStoreOptionsSpecialKey>>;
    /**
     * Whether a session may be without one of the special keys.
     * @default false
     */
    skipThrowMissingSpecialKeys?: boolean;
    /**
     * Milliseconds between two runs of `reap()`; 0 for none. Each run reads the whole table:
     * DynamoDB's time to live does the same for nothing.
     * @default 0
     */
    reapInterval?: number;

    /**
     * Milliseconds that a call may take, retries and waiting for the table included; for `all`,
     * `length`, `ids`, `clear` and `reap`, that each of their requests may take.
     * @default 10000
     */
    operationTimeout?: number;
    /**
     * Milliseconds that `initialize()` waits for a table to become usable.
     * @default 120000
     */
    tableTimeout?: number;
  }

  interface DynamoDBStoreOptionsSpecialKey {
    /** The key in the session and the attribute in the item. */
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
  export import SessionStoreError = types.SessionStoreError;

  /** A session as it is stored: the application's data and the cookie. */
  type Stored<Session extends object> = Session & session.SessionData;

  /**
   * Sessions in DynamoDB, for express-session and whatever takes its stores.
   *
   * Each method calls back once, on a later tick; without a callback it returns a promise. Errors
   * are a {@link SessionStoreError}, or a `TypeError` with the code `ERR_INVALID_ARG_VALUE` for an
   * argument that cannot be right.
   *
   * As `connect.DynamoDBStore` it is ready made on the application's express-session.
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
    /** @throws {TypeError} names the option that is wrong */
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
     * The client that was passed; else one that is made when it is first asked for, of the SDK that is
     * installed: a `DynamoDBClient` of v3, else an `AWS.DynamoDB` of v2. One that is put in its place is
     * called from then on, and so is one with a stub among its methods.
     *
     * @throws {SessionStoreError} `ERR_SESSION_CLIENT` where neither SDK is installed
     */
    client: types.Client;
    /** The way that requests go now. */
    readonly transport: Transport;
    /** Whether the table is known to be there. */
    initialized: boolean;

    /**
     * Looks for the table with `describeSessionsTable()` and creates it with
     * `createSessionsTable()` where there is none. Calls at the same time share one run; after a
     * failure the next call tries again. Every other method does this by itself. Call it at the start of
     * the application: wrong credentials, a wrong region or a table with another key fail there.
     */
    initialize(): Promise<void>;
    initialize(callback: (error: CallbackError) => void): void;

    /**
     * Waits until the table can be used. The error of a table that is missing has the name
     * `ResourceNotFoundException`.
     */
    describeSessionsTable(): Promise<void>;
    describeSessionsTable(callback: (error: CallbackError) => void): void;

    /** Creates the table and waits until it can be used. */
    createSessionsTable(): Promise<void>;
    createSessionsTable(callback: (error: CallbackError) => void): void;

    /** The session; `null` where there is none, or it has expired. */
    get(sid: string): Promise<Stored<Session> | null>;
    get(
      sid: string,
      callback: (error: CallbackError, session?: Stored<Session> | null) => void,
    ): void;

    /** Stores the session, also one that has expired. */
    set(sid: string, session: Stored<Session>): Promise<void>;
    set(sid: string, session: Stored<Session>, callback?: (error?: CallbackError) => void): void;

    /**
     * Moves the end of a session. Gives its new end, in seconds since the Unix epoch; nothing
     * where the session is gone, which is then not brought back.
     */
    touch(sid: string, session: Stored<Session>): Promise<{ expires: number } | undefined>;
    touch(
      sid: string,
      session: Stored<Session>,
      callback?: (error?: CallbackError, result?: { expires: number }) => void,
    ): void;

    /** Deletes the session. One that is not there is no error. */
    destroy(sid: string): Promise<void>;
    destroy(sid: string, callback?: (error?: CallbackError) => void): void;

    /**
     * Every session under the prefix that is alive and can be read, with its id as `id`. Reads the
     * whole table.
     */
    all(): Promise<Array<Stored<Session> & { id: string }>>;
    all(
      callback: (error: CallbackError, sessions?: Array<Stored<Session> & { id: string }>) => void,
    ): void;

    /** How many sessions `all` gives. Reads the whole table. */
    length(): Promise<number>;
    length(callback: (error: CallbackError, length?: number) => void): void;

    /** The ids of the sessions that `all` gives. Reads the whole table. */
    ids(): Promise<string[]>;
    ids(callback: (error: CallbackError, ids?: string[]) => void): void;

    /** Deletes the sessions that `all` gives. Reads the whole table. */
    clear(): Promise<void>;
    clear(callback?: (error?: CallbackError) => void): void;

    /**
     * Deletes the sessions under the prefix that have expired, and gives their number. Reads the
     * whole table. One that is touched or saved meanwhile stays.
     */
    reap(): Promise<number>;
    reap(callback?: (error?: CallbackError, reaped?: number) => void): void;

    /** The session in the answer to a GetItem; `null` where there is none, or it has expired. */
    getParsedSession(result: { readonly Item?: object }): Stored<Session> | null;

    /**
     * When a session ends, in whole seconds since the Unix epoch: by `cookie.maxAge`
     * (milliseconds), else `cookie.expires`, else the option `ttl`.
     */
    getExpiresValue(session: Partial<Stored<Session>>): number;

    /** Stops the timer of `reapInterval`. */
    clearInterval(): void;

    /**
     * Stops the timer and lets go of the connections. Calls after it fail with
     * `ERR_SESSION_CLOSED`; those under way end as they would have.
     */
    close(): Promise<void>;
    close(callback: (error: CallbackError) => void): void;

    /**
     * `warning`: something that no call could report failed, such as a timed `reap()` or the time
     * to live of a new table; or nothing names a region. Without a listener it becomes a warning of the process.
     */
    on(event: 'warning', listener: (warning: Error & { code?: string }) => void): this;
    /** An outage has begun: calls fail at once, with this error. See `breaker`. */
    on(event: 'unavailable', listener: (error: Error & { code?: string }) => void): this;
    /** The outage is over. */
    on(event: 'available', listener: () => void): this;
    // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
    on(event: string | symbol, listener: (...args: any[]) => void): this;
  }
}
