import { EventEmitter } from 'node:events';
import type { Session } from '@shopify/shopify-api';
import type { CompressOptions, EncryptionKey, EncryptionOptions } from './lib/codecs';
import type { CommonOptions } from './lib/common-options';
import type { Channels, StatsMethod } from './lib/monitoring';
import type { ScanOptions, ScanProgress as ScanProgressOfAll, SessionOfTable } from './lib/scans';
import type {
  AwsClient,
  AwsCredentials,
  Client,
  CreateTableSettings,
  DynamoConfig,
  Transport,
} from './lib/types';

export type {
  BreakerMessage,
  Channels,
  ConnectionMessage,
  CredentialsMessage,
  OperationMessage,
  RequestMessage,
  RetryMessage,
  StoreStats,
  TableMessage,
  ThrottleMessage,
} from './lib/monitoring';
export { SessionStoreError } from './lib/types';
export type {
  AwsClient,
  AwsCredentials,
  CompressOptions,
  CreateTableSettings,
  DynamoConfig,
  EncryptionKey,
  EncryptionOptions,
  ScanOptions,
  Transport,
};

/** The progress of `sessions()`, after a page. */
export interface ScanProgress extends ScanProgressOfAll {
  readonly operation: 'sessions';
}

/** The names of the diagnostics channels. See docs/MONITORING.md. */
export declare const CHANNELS: Channels;

export interface DynamoDBSessionStorageOptions extends CommonOptions {
  /**
   * The table's name or ARN.
   * @default 'shopify_sessions'
   */
  sessionTableName?: string;
  /**
   * The name of the global secondary index on `shop`.
   * @default 'shop_index'
   */
  shopIndexName?: string;
  /**
   * The connection settings: region, endpoint, credentials and more, as a `DynamoDBClient` takes
   * them. For each setting that is missing here, the AWS environment decides.
   */
  config?: DynamoConfig;
  /**
   * A client of either AWS SDK for JavaScript, in place of `config`. If the client was not
   * customised, the store adopts it: the store reads the client's settings, and the addon sends the
   * requests. If the client was customised, the store calls the client for each request: see
   * `transport`.
   */
  client?: AwsClient;
  /**
   * The name of a numeric attribute for DynamoDB's time to live, which the store writes beside
   * Shopify's own attributes. Its value is the last moment at which the session can still matter,
   * in seconds since the Unix epoch. If this is not set, the store writes none.
   */
  expiresTtl?: string;
  /**
   * `true`: reads by id are strongly consistent. Reads by shop never are, because a global
   * secondary index cannot be read so.
   * @default true
   */
  consistentRead?: boolean;
  /**
   * Read capacity units of a table that the store creates, and of its index. If neither this nor
   * `writeCapacityUnits` is set, the table is on demand.
   */
  readCapacityUnits?: number | string;
  /** Write capacity units, in the same way as `readCapacityUnits`. */
  writeCapacityUnits?: number | string;
  /**
   * Milliseconds that each request of a call may take, including retries.
   * @default 10000
   */
  operationTimeout?: number;
  /**
   * Milliseconds that `createTableIfNotExists()` waits until the table can be used.
   * @default 120000
   */
  tableTimeout?: number;
}

/**
 * The sessions of a Shopify app in DynamoDB: a `SessionStorage` of
 * `@shopify/shopify-app-session-storage`.
 *
 * An error is a `SessionStoreError`; if an argument is wrong, it is a `TypeError` with the code
 * `ERR_INVALID_ARG_VALUE`.
 *
 * @example
 * import { DynamoDBSessionStorage } from 'dynamo-session-store/shopify';
 *
 * const shopify = shopifyApp({
 *   sessionStorage: new DynamoDBSessionStorage({ config: { region: 'us-west-2' } }),
 *   // …
 * });
 */
export interface DynamoDBSessionStorage extends StatsMethod {}

export declare class DynamoDBSessionStorage extends EventEmitter {
  /** @throws {TypeError} if an option is wrong; the message names the option */
  constructor(options?: DynamoDBSessionStorageOptions);

  /**
   * The client that was passed. If none was passed, the store makes one when this property is first
   * read, with the SDK that is installed: a `DynamoDBClient` of v3, else an `AWS.DynamoDB` of v2.
   * If you assign another client, or replace a method of the client with a stub, the store calls
   * that client from then on.
   *
   * @throws {SessionStoreError} `ERR_SESSION_CLIENT` if neither SDK is installed
   */
  client: Client;
  /** The sender of the requests at present: see the option `transport`. */
  readonly transport: Transport;

  /** Creates or replaces the session. */
  storeSession(session: Session): Promise<boolean>;
  /** Reads the session, even if its token has expired. Gives `undefined` if it does not exist. */
  loadSession(id: string): Promise<Session | undefined>;
  /** Deletes the session. If it does not exist, that is no error. */
  deleteSession(id: string): Promise<boolean>;
  /** Deletes the sessions, in batches of 25. If some do not exist, that is no error. */
  deleteSessions(ids: string[]): Promise<boolean>;
  /** Reads every session of the shop that can be read, in batches of 100. */
  findSessionsByShop(shop: string): Promise<Session[]>;

  /**
   * Reads the sessions of all shops, one after the other, even if their tokens have expired. The storage reads
   * the next page of the table, of up to 1 MB, when the loop asks for it; with `segments`, one page of
   * each ahead. `break` ends the reading. Emits `progress`.
   *
   * Reads the whole table: for each 4 KB, one read unit, or half a unit with `consistentRead: false`.
   *
   * @throws {TypeError} if an option is wrong
   * @example
   * for await (const { session } of storage.sessions()) {
   *   console.log(session.shop, session.scope);
   * }
   */
  sessions(
    options?: ScanOptions,
  ): AsyncGenerator<Pick<SessionOfTable<Session>, 'sid' | 'session'>, void, undefined>;

  /**
   * Creates the table and its index if the table does not exist, and waits until it can be used.
   * With `expiresTtl`, turns on its time to live; if DynamoDB refuses, the storage emits `warning`.
   * If the table exists without the index, `findSessionsByShop()` cannot work: the storage emits
   * `warning` with the code `ERR_SESSION_TABLE_INDEX`.
   */
  createTableIfNotExists(): Promise<void>;

  /**
   * Releases the connections. Later calls fail with `ERR_SESSION_CLOSED`. Calls in flight continue
   * to their normal outcome.
   */
  close(): Promise<void>;

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
  /** `available`: the outage is over. */
  on(event: 'available', listener: () => void): this;
  /** `progress`: `sessions` has read a page of the table. See docs/BIG-TABLES.md. */
  on(event: 'progress', listener: (progress: ScanProgress) => void): this;
  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  on(event: string | symbol, listener: (...args: any[]) => void): this;
}
