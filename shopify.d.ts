import { EventEmitter } from 'node:events';
import type { Session } from '@shopify/shopify-api';
import type { CodecOptions, CompressOptions, EncryptionKey, EncryptionOptions } from './lib/codecs';
import type { CapacityOption, Channels, StatsMethod } from './lib/monitoring';
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

export interface DynamoDBSessionStorageOptions extends CodecOptions, CapacityOption {
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
   * The sender of the requests. `'native'`: the addon. `'client'`: the `client`, which the store
   * calls for each request. If the store cannot adopt the client, `'native'` fails with a
   * `TypeError` that gives the reason.
   * @default 'native'; 'client' if the client was customised
   */
  transport?: Transport;
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
   * `true`: under load, the store merges operations: it sends several in one request, reads as
   * BatchGetItem and writes as BatchWriteItem, at the same price in capacity units. If the role has
   * no permission for these two, the store notices this and sends single requests.
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
   * The maximum number of this store's calls that wait for their outcome, at least 1. A call counts
   * while its request is in flight, while it waits in the queue, and while it waits for the table.
   * A further call fails at once with `ERR_SESSION_OVERLOADED`, and the store sends nothing for it.
   * @default 20000
   */
  maxPendingCalls?: number;
  /**
   * `true`: while DynamoDB does not answer, calls fail at once, with an error that says what is
   * wrong. An outage begins when five attempts in a row have failed over half a second or more. It
   * ends with the first answer to a probe: a request that the store sends by itself. Stores in the
   * same process share an outage if they reach the same address. `false`: the store tries every
   * call, and emits no events of outages.
   * @default true
   */
  breaker?: boolean;
  /**
   * Milliseconds that calls wait for the source of the credentials before they fail with
   * `ERR_SESSION_CREDENTIALS`. The store asks the source once for all calls, and does not interrupt
   * it: once the source has answered, the store sends requests again. This time does not count
   * towards `requestTimeout`, which limits single attempts.
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
   * Read capacity units of a table that the store creates, and of its index. If neither this nor
   * `writeCapacityUnits` is set, the table is on demand.
   */
  readCapacityUnits?: number | string;
  /** Write capacity units, in the same way as `readCapacityUnits`. */
  writeCapacityUnits?: number | string;
  /**
   * More settings for a table that the store creates, under AWS's own names: deletion protection,
   * point-in-time recovery, a key of AWS KMS, a table class, tags, warm throughput, and a maximum
   * for requests on demand. If the table exists already, they have no effect.
   * @example
   * new DynamoDBSessionStorage({ createTable: { DeletionProtectionEnabled: true } });
   */
  createTable?: CreateTableSettings;
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
