import { EventEmitter } from 'node:events';
import codecs = require('./lib/codecs');
import hashedIds = require('./lib/hashed-ids');
import marks = require('./lib/marks');
import monitoring = require('./lib/monitoring');
import scans = require('./lib/scans');
import types = require('./lib/types');

export = DynamoDBStore;

/**
 * Sessions in DynamoDB, for koa-session and koa-generic-session.
 *
 * An error is a `SessionStoreError`; if an argument is wrong, it is a `TypeError` with the code
 * `ERR_INVALID_ARG_VALUE`.
 *
 * @example
 * const session = require('koa-session');
 * const DynamoDBStore = require('dynamo-session-store/koa');
 *
 * const store = new DynamoDBStore({ table: { autoCreate: true } });
 * store.on('warning', (warning) => console.warn(warning));
 * app.use(session({ store }, app));
 */
declare class DynamoDBStore extends EventEmitter {
  /**
   * @param callback is called once `table.autoCreate` has created or found the table, or has
   *   failed. Without a callback, a failure is emitted as `warning`. In any case, the next
   *   operation tries again.
   * @throws {TypeError} if an option is wrong; the message names the option
   */
  constructor(
    options?: DynamoDBStore.DynamoDBStoreOptions | null,
    callback?: (error: DynamoDBStore.CallbackError) => void,
  );

  readonly tableName: string;
  readonly hashKey: string;
  /**
   * The attribute for the end of a session. If the table has its time to live on another attribute
   * than the option `table.ttlKey` names, it is the table's.
   */
  readonly ttlKey: string;
  readonly readCapacityUnits: number;
  readonly writeCapacityUnits: number;
  readonly useTtlExpired: boolean;
  readonly autoCreateTable: boolean;
  /**
   * The client that was passed. If none was passed, the store makes one when this property is first
   * read, with the SDK that is installed: an `AWS.DynamoDB` of v2, else a `DynamoDB` of v3. If you
   * assign another client, or replace a method of the client with a stub, the store calls that
   * client from then on.
   *
   * @throws {SessionStoreError} `ERR_SESSION_CLIENT` if neither SDK is installed
   */
  client: types.Client;
  /** The sender of the requests at present: see the option `transport`. */
  readonly transport: DynamoDBStore.Transport;
  /** The same as `client`, under the name that koa-session-dynamodb-store gives it. */
  dynamoService: types.Client;
  /**
   * A document client around `dynamoService`. The store makes it when this property is first read,
   * and does not use it itself.
   *
   * @throws {SessionStoreError} `ERR_SESSION_CLIENT` if the package for it is not installed:
   *   `aws-sdk`, or `@aws-sdk/lib-dynamodb` for a client of v3
   */
  documentClient: types.Client;

  /**
   * Reads the session. Gives `undefined` if the session does not exist or has expired.
   *
   * @param key the session's id
   * @param maxAge has no effect: koa-session passes it
   * @param data if `data.ctx` is set, the store remembers what this request has read
   */
  // biome-ignore lint/suspicious/noExplicitAny: what an application keeps in a session
  get(key: string, maxAge?: DynamoDBStore.MaxAge, data?: DynamoDBStore.RequestData): Promise<any>;

  /**
   * Stores the session.
   *
   * @param maxAge the lifetime in milliseconds; if it is not a number, the option `ttl` counts
   * @param data if `data.ctx` is set and this request has read the session, the write is
   *   conditional on the session that was read: see the option `conflict`. If `data.changed` is
   *   `false` too, and the session is the same as when it was read, the store moves only its end:
   *   see `touchInterval`. Otherwise the store writes the session in any case
   * @example
   * const session = await store.get(key, maxAge, { ctx });
   * session.visits += 1;
   * await store.set(key, session, maxAge, { ctx, changed: true });
   */
  set(
    key: string,
    session: object,
    maxAge?: DynamoDBStore.MaxAge,
    data?: DynamoDBStore.RequestData,
  ): Promise<void>;

  /**
   * Deletes the session. If it does not exist, that is no error.
   *
   * @param data if `data.ctx` is set: a session that the same request later sets under the same key
   *   is a new session
   */
  destroy(key: string, data?: DynamoDBStore.RequestData): Promise<void>;

  /**
   * Reads the sessions of the table that have not ended and can be read, one after the other. The store
   * reads the next page of the table, of up to 1 MB, when the loop asks for it; with `segments`, one
   * page of each ahead. `break` ends the reading. Emits `progress`.
   *
   * Reads the whole table: for each 4 KB, one read unit, or half a unit with `consistentRead: false`.
   *
   * @throws {TypeError} if an option is wrong
   * @example
   * for await (const { sid, session, expires } of store.sessions()) {
   *   console.log(session.user, expires);
   * }
   */
  sessions(
    options?: DynamoDBStore.ScanOptions,
    // biome-ignore lint/suspicious/noExplicitAny: what an application keeps in a session
  ): AsyncGenerator<DynamoDBStore.SessionOfTable<any>, void, undefined>;

  /**
   * Runs `task` while no other caller of `withLock`, in any process, holds the lock of this session.
   * The other methods do not wait for the lock. See docs/LOCKS.md.
   *
   * Fails with `ERR_SESSION_LOCKED` if another caller has held the lock for the time of the option
   * `wait`; with `ERR_SESSION_LOCK_LOST` if another caller has got the lock before the task ended; otherwise with the
   * error of the task, if it fails.
   *
   * @param key the id of the session, which need not exist
   * @returns the result of `task`
   * @example
   * await store.withLock(key, async (lock) => {
   *   const { cart } = await store.get(key);
   *   await placeOrder(cart, { signal: lock.signal });
   * });
   */
  withLock<T>(key: string, task: (lock: DynamoDBStore.SessionLock) => T | Promise<T>): Promise<T>;
  withLock<T>(
    key: string,
    options: DynamoDBStore.LockOptions | undefined,
    task: (lock: DynamoDBStore.SessionLock) => T | Promise<T>,
  ): Promise<T>;

  /**
   * Creates the table if it does not exist, and waits until it can be used. Then sets its time to
   * live as `table.useTtlExpired` says, and its capacity as `table` says. If DynamoDB refuses one
   * of these two, the store emits `warning`.
   */
  createTableIfDontExists(): Promise<void>;
  createTableIfDontExists(callback: (error: DynamoDBStore.CallbackError) => void): void;

  /** Describes the table, in the shape of aws-sdk v2. Gives `null` if the table does not exist. */
  isTableCreated(): Promise<DynamoDBStore.TableFacts | null>;
  /** Creates the table and waits until it can be used. */
  createTable(): Promise<void>;
  /**
   * Sets the capacity units of a provisioned table to those that `table` sets. Gives `true` if the
   * table had others.
   */
  updateTable(): Promise<boolean>;
  /**
   * Turns DynamoDB's time to live for the attribute `ttlKey` on or off, as `table.useTtlExpired`
   * says.
   */
  setTtlField(): Promise<void>;
  /** The end of a session that is stored now. `maxAge` is its lifetime in milliseconds. */
  getExpirationDate(maxAge?: DynamoDBStore.MaxAge, session?: object): Date;

  /**
   * Releases the connections. Later calls fail with `ERR_SESSION_CLOSED`. Calls in flight continue
   * to their normal outcome.
   */
  close(): Promise<void>;
  close(callback: (error: DynamoDBStore.CallbackError) => void): void;

  /**
   * `warning`: a failure that no call could report, such as that of the time to live of a new
   * table; or the notice that no setting names a region. If the event has no listener, the store
   * emits a warning of the process.
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
  on(
    event: 'create' | 'destroy' | 'expire',
    listener: (event: DynamoDBStore.SessionEvent) => void,
  ): this;
  /** `available`: the outage is over. */
  on(event: 'available', listener: () => void): this;
  /** `index`: the state of an index that `ensureIndexes()` adds has changed. */
  on(event: 'index', listener: (progress: DynamoDBStore.IndexProgress) => void): this;
  /** `progress`: `sessions` has read a page of the table. See docs/BIG-TABLES.md. */
  on(event: 'progress', listener: (progress: DynamoDBStore.ScanProgress) => void): this;
  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  on(event: string | symbol, listener: (...args: any[]) => void): this;
}

interface DynamoDBStore extends marks.IndexMethods, monitoring.StatsMethod {}

declare namespace DynamoDBStore {
  export { DynamoDBStore };
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
  export type AwsClient = types.AwsClient;
  export type Transport = types.Transport;
  export type AwsCredentials = types.AwsCredentials;
  export type DynamoConfig = types.DynamoConfig;
  export type CreateTableSettings = types.CreateTableSettings;
  export type CallbackError = types.CallbackError;
  export type AbsoluteTtl = marks.AbsoluteTtl;
  export type IndexedSession = marks.IndexedSession;
  export type IndexProgress = marks.IndexProgress;

  /** The lifetime of a session: milliseconds, or `'session'` for the browser's session. */
  export type MaxAge = number | 'session';

  /** The facts about the request of a call, as koa-session passes them. */
  export interface RequestData {
    /**
     * Koa's context, or another object that all calls of one request share and no other request
     * uses. koa-session 6 and 7 pass it.
     */
    ctx?: object;
    /** For `set`: whether the request has changed the session since it read it. */
    changed?: boolean;
    /** Has no effect. */
    rolling?: boolean;
  }

  export interface DynamoDBStoreOptions
    // biome-ignore lint/suspicious/noExplicitAny: what an application keeps in a session
    extends marks.MarkOptions<any>,
      codecs.CodecOptions,
      hashedIds.HashedIdOptions,
      monitoring.CapacityOption {
    table?: TableOptions;
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
     * directory. The store reads the file at construction.
     */
    AWSConfigPath?: string;
    /** The same settings as `dynamoConfig`. */
    AWSConfigJSON?: DynamoConfig;
    /** The AWS region of the table. */
    AWSRegion?: string;
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
     * The id of a session that never exists. During an outage the store reads this id, to find out
     * whether DynamoDB answers again. Set it if the IAM policy allows only some keys
     * (`dynamodb:LeadingKeys`) and the default is not one of them. At most 2,048 bytes.
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
     * The lifetime in milliseconds of a session to which koa-session gives none (`maxAge:
     * 'session'`); or a function that takes the session and returns the lifetime.
     * @default 86400000 (a day)
     */
    // biome-ignore lint/suspicious/noExplicitAny: what an application keeps in a session
    ttl?: types.TimeToLive<any>;
    /**
     * Milliseconds that a call may take, including retries and the wait for the table.
     * @default 10000
     */
    operationTimeout?: number;
    /**
     * Milliseconds that `createTableIfDontExists()` waits until the table can be used.
     * @default 120000
     */
    tableTimeout?: number;
  }

  export interface TableOptions {
    /**
     * The table's name or ARN.
     * @default 'sessions'
     */
    name?: string;
    /**
     * The table's partition key, of type S.
     * @default 'sessionId'
     */
    hashKey?: string;
    /**
     * The attribute for the end of a session, in seconds since the Unix epoch. If the table has its
     * time to live on another attribute, the store leaves the table as it is, and writes to the
     * table's attribute.
     * @default 'expires'
     */
    ttlKey?: string;
    /**
     * `true`: the store turns on DynamoDB's time to live for the attribute `ttlKey`. `false`: it
     * turns it off.
     * @default true
     */
    useTtlExpired?: boolean;
    /**
     * Read capacity units of a table that the store creates. If the table exists and is
     * provisioned, the store changes its capacity only if this is set.
     * @default 5 for a new table
     */
    readCapacityUnits?: number | string;
    /** Write capacity units, in the same way as `readCapacityUnits`. */
    writeCapacityUnits?: number | string;
    /**
     * `true`: at construction, the store looks for the table, and creates it if it does not exist.
     * @default false
     */
    autoCreate?: boolean;
  }

  /** The facts that the store knows about a table, in the shape of aws-sdk v2. */
  export interface TableFacts {
    describeTable: {
      Table: {
        TableName: string;
        TableStatus: string;
        BillingModeSummary: { BillingMode: 'PROVISIONED' | 'PAY_PER_REQUEST' };
        ProvisionedThroughput: { ReadCapacityUnits: number; WriteCapacityUnits: number };
      };
    };
    describeTimeToLive: {
      TimeToLiveDescription: { TimeToLiveStatus: string; AttributeName?: string };
    };
  }
}
