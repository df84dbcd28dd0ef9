import { EventEmitter } from 'node:events';
import codecs = require('./lib/codecs');
import commonOptions = require('./lib/common-options');
import hashedIds = require('./lib/hashed-ids');
import locks = require('./lib/locks');
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

interface DynamoDBStore extends marks.IndexMethods, locks.LockMethod, monitoring.StatsMethod {}

declare namespace DynamoDBStore {
  export { DynamoDBStore };
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
    extends commonOptions.WebOptions<any> {
    table?: TableOptions;
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
