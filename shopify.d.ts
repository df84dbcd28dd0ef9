import { EventEmitter } from 'node:events';
import type { Session } from '@shopify/shopify-api';
import type {
  AwsClient,
  AwsCredentials,
  Client,
  CreateTableSettings,
  DynamoConfig,
  Transport,
} from './lib/types';

export { SessionStoreError } from './lib/types';
export type { AwsClient, AwsCredentials, CreateTableSettings, DynamoConfig, Transport };

export interface DynamoDBSessionStorageOptions {
  /** @default 'shopify_sessions' */
  sessionTableName?: string;
  /**
   * The index by `shop`.
   * @default 'shop_index'
   */
  shopIndexName?: string;
  /**
   * How to reach DynamoDB: region, endpoint, credentials and more, as a `DynamoDBClient` takes
   * them. What is missing, the AWS environment decides.
   */
  config?: DynamoConfig;
  /**
   * A client of either AWS SDK for JavaScript, in place of `config`. Its settings are used and the
   * requests go out from the addon; one that was customised is called instead, see `transport`.
   */
  client?: AwsClient;
  /**
   * The way that requests go: `native`, out from the addon, or through the `client`. `native` with a
   * client that cannot be adopted is a `TypeError` that says why.
   * @default 'native', unless the client was customised
   */
  transport?: Transport;
  /**
   * A numeric attribute for DynamoDB's time to live, to be written beside Shopify's own: the last
   * moment at which a session can still matter, in seconds since the Unix epoch. None, unless set.
   */
  expiresTtl?: string;
  /**
   * Whether reads by id are strongly consistent. Those by shop never are: an index cannot be.
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
   * The id of a session that never exists. During an outage the store reads it, to find out whether
   * DynamoDB answers again. Set it if the IAM policy allows only some keys (`dynamodb:LeadingKeys`)
   * and this one is not among them.
   * @default 'dynamo-session-store:probe'
   */
  probeKey?: string;
  /** Read capacity units of a created table and its index; on demand where neither is set. */
  readCapacityUnits?: number | string;
  /** Write capacity units, as `readCapacityUnits`. */
  writeCapacityUnits?: number | string;
  /**
   * What else a table gets that the store creates, under AWS's own names: deletion protection,
   * point-in-time recovery, a key of AWS KMS, a table class, tags, warm throughput, and a maximum for
   * requests on demand. It has no effect on a table that exists.
   * @example
   * new DynamoDBSessionStorage({ createTable: { DeletionProtectionEnabled: true } });
   */
  createTable?: CreateTableSettings;
  /**
   * Milliseconds that each request of a call may take, retries included.
   * @default 10000
   */
  operationTimeout?: number;
  /**
   * Milliseconds that `createTableIfNotExists()` waits for a table to become usable.
   * @default 120000
   */
  tableTimeout?: number;
}

/**
 * The sessions of a Shopify app in DynamoDB: a `SessionStorage` of
 * `@shopify/shopify-app-session-storage`.
 *
 * Errors are a `SessionStoreError`, or a `TypeError` with the code `ERR_INVALID_ARG_VALUE` for an
 * argument that cannot be right.
 *
 * @example
 * import { DynamoDBSessionStorage } from 'dynamo-session-store/shopify';
 *
 * const shopify = shopifyApp({
 *   sessionStorage: new DynamoDBSessionStorage({ config: { region: 'us-west-2' } }),
 *   // …
 * });
 */
export declare class DynamoDBSessionStorage extends EventEmitter {
  /** @throws {TypeError} names the option that is wrong */
  constructor(options?: DynamoDBSessionStorageOptions);

  /**
   * The client that was passed; else one that is made when it is first asked for, of the SDK that is
   * installed: a `DynamoDBClient` of v3, else an `AWS.DynamoDB` of v2. One that is put in its place is
   * called from then on, and so is one with a stub among its methods.
   *
   * @throws {SessionStoreError} `ERR_SESSION_CLIENT` where neither SDK is installed
   */
  client: Client;
  /** The way that requests go now. */
  readonly transport: Transport;

  /** Creates or replaces the session. */
  storeSession(session: Session): Promise<boolean>;
  /** The session, also one whose token has expired; `undefined` where there is none. */
  loadSession(id: string): Promise<Session | undefined>;
  /** Deletes the session. One that is not there is no error. */
  deleteSession(id: string): Promise<boolean>;
  /** Deletes the sessions, in batches of 25. Those that are not there are no error. */
  deleteSessions(ids: string[]): Promise<boolean>;
  /** Every session of the shop that can be read, in batches of 100. */
  findSessionsByShop(shop: string): Promise<Session[]>;

  /**
   * Creates the table and its index where there is none, and waits until it can be used. With
   * `expiresTtl`, time to live is turned on; where DynamoDB refuses, the storage emits `warning`. If
   * the table exists without the index, `findSessionsByShop()` cannot work: the storage emits `warning`
   * with the code `ERR_SESSION_TABLE_INDEX`.
   */
  createTableIfNotExists(): Promise<void>;

  /**
   * Lets go of the connections. Calls after it fail with `ERR_SESSION_CLOSED`; those under way end
   * as they would have.
   */
  close(): Promise<void>;

  /**
   * `warning`: something that no call could report failed, such as the time to live of a new
   * table; or nothing names a region. Without a listener it becomes a warning of the process.
   */
  on(event: 'warning', listener: (warning: Error & { code?: string }) => void): this;
  /** An outage has begun: calls fail at once, with this error. See `breaker`. */
  on(event: 'unavailable', listener: (error: Error & { code?: string }) => void): this;
  /** The outage is over. */
  on(event: 'available', listener: () => void): this;
  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  on(event: string | symbol, listener: (...args: any[]) => void): this;
}
