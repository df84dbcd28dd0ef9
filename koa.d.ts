import { EventEmitter } from 'node:events';
import types = require('./lib/types');

export = DynamoDBStore;

/**
 * Sessions in DynamoDB, for koa-session and koa-generic-session.
 *
 * Errors are a `SessionStoreError`, or a `TypeError` with the code `ERR_INVALID_ARG_VALUE` for an
 * argument that cannot be right.
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
   * @param callback hears of a table that `table.autoCreate` has created, found or failed to
   *   create; without it a failure is a `warning`. The next operation tries again in any case.
   * @throws {TypeError} names the option that is wrong
   */
  constructor(
    options?: DynamoDBStore.DynamoDBStoreOptions | null,
    callback?: (error: DynamoDBStore.CallbackError) => void,
  );

  readonly tableName: string;
  readonly hashKey: string;
  /** The attribute that the end of a session is written to: the table's own, where it has one. */
  readonly ttlKey: string;
  readonly readCapacityUnits: number;
  readonly writeCapacityUnits: number;
  readonly useTtlExpired: boolean;
  readonly autoCreateTable: boolean;
  /**
   * The client that was passed; else one that is made when it is first asked for, of the SDK that is
   * installed: an `AWS.DynamoDB` of v2, else a `DynamoDB` of v3. One that is put in its place is
   * called from then on, and so is one with a stub among its methods.
   *
   * @throws {SessionStoreError} `ERR_SESSION_CLIENT` where neither SDK is installed
   */
  client: types.Client;
  /** The way that requests go now. */
  readonly transport: DynamoDBStore.Transport;
  /** The same as `client`, under its name in koa-session-dynamodb-store. */
  dynamoService: types.Client;
  /**
   * A document client around `dynamoService`, made when it is first asked for. The store itself does
   * not use it.
   *
   * @throws {SessionStoreError} `ERR_SESSION_CLIENT` where the package that has it is not installed:
   *   `aws-sdk`, or `@aws-sdk/lib-dynamodb` for a client of v3
   */
  documentClient: types.Client;

  /**
   * The session; `undefined` where there is none, or it has expired.
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
   * @param maxAge how long it lives, in milliseconds; the option `ttl` where it is no number
   * @param data if `data.ctx` is set and this request has read the session, the write is conditional on
   *   what was read: see the option `conflict`. If `data.changed` is `false` too and the session is as it
   *   was read, only its end is moved: see `touchInterval`. Else the session is written in any case
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
   * Deletes the session. One that is not there is no error.
   *
   * @param data if `data.ctx` is set, a session that this request sets under the same key later is a
   *   new one
   */
  destroy(key: string, data?: DynamoDBStore.RequestData): Promise<void>;

  /**
   * Creates the table where there is none, and waits until it can be used. Its time to live then
   * follows `table.useTtlExpired`, and its capacity what `table` sets; where DynamoDB refuses
   * that, the store emits `warning`.
   */
  createTableIfDontExists(): Promise<void>;
  createTableIfDontExists(callback: (error: DynamoDBStore.CallbackError) => void): void;

  /** What is known of the table, in the shape of aws-sdk v2; `null` where there is none. */
  isTableCreated(): Promise<DynamoDBStore.TableFacts | null>;
  /** Creates the table and waits until it can be used. */
  createTable(): Promise<void>;
  /** Gives a provisioned table the capacity units that `table` sets; whether it had others. */
  updateTable(): Promise<boolean>;
  /** Turns the table's time to live on `ttlKey` on or off, as `table.useTtlExpired` says. */
  setTtlField(): Promise<void>;
  /** When a session that is stored now would end. `maxAge` is in milliseconds. */
  getExpirationDate(maxAge?: DynamoDBStore.MaxAge, session?: object): Date;

  /**
   * Lets go of the connections. Calls after it fail with `ERR_SESSION_CLOSED`; those under way end
   * as they would have.
   */
  close(): Promise<void>;
  close(callback: (error: DynamoDBStore.CallbackError) => void): void;

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

declare namespace DynamoDBStore {
  export { DynamoDBStore };
  export import SessionStoreError = types.SessionStoreError;
  export type AwsClient = types.AwsClient;
  export type Transport = types.Transport;
  export type AwsCredentials = types.AwsCredentials;
  export type DynamoConfig = types.DynamoConfig;
  export type CreateTableSettings = types.CreateTableSettings;
  export type CallbackError = types.CallbackError;

  /** How long a session lives: milliseconds, or as long as the browser's session. */
  export type MaxAge = number | 'session';

  /** What koa-session tells of the request that a call is for. */
  export interface RequestData {
    /**
     * Koa's context, or any object that all calls of one request have in common and no other request
     * has. koa-session 6 and 7 pass it.
     */
    ctx?: object;
    /** Whether the request has changed the session since it was read: for `set`. */
    changed?: boolean;
    /** Has no effect. */
    rolling?: boolean;
  }

  export interface DynamoDBStoreOptions {
    table?: TableOptions;
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
    /** A JSON file of settings as in `dynamoConfig`, relative to the working directory. */
    AWSConfigPath?: string;
    /** Settings as in `dynamoConfig`. */
    AWSConfigJSON?: DynamoConfig;
    /** The region. */
    AWSRegion?: string;
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
     * The id of a session that never exists. During an outage the store reads it, to find out whether
     * DynamoDB answers again. Set it if the IAM policy allows only some keys (`dynamodb:LeadingKeys`)
     * and this one is not among them.
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
     * The lifetime of sessions that koa-session gives none (`maxAge: 'session'`), in milliseconds,
     * or a function of the session that gives it.
     * @default 86400000 (a day)
     */
    // biome-ignore lint/suspicious/noExplicitAny: what an application keeps in a session
    ttl?: types.TimeToLive<any>;
    /**
     * Milliseconds that a call may take, retries and waiting for the table included.
     * @default 10000
     */
    operationTimeout?: number;
    /**
     * Milliseconds that `createTableIfDontExists()` waits for a table to become usable.
     * @default 120000
     */
    tableTimeout?: number;
  }

  export interface TableOptions {
    /** @default 'sessions' */
    name?: string;
    /**
     * The table's partition key, of type S.
     * @default 'sessionId'
     */
    hashKey?: string;
    /**
     * The attribute that holds a session's end, in seconds since the Unix epoch. A table whose
     * time to live is on another attribute keeps it, and that attribute is written.
     * @default 'expires'
     */
    ttlKey?: string;
    /**
     * Whether the table is to have DynamoDB's time to live on `ttlKey`.
     * @default true
     */
    useTtlExpired?: boolean;
    /**
     * Read capacity units: of a table that the store creates 5, unless set; of one that exists
     * and is provisioned only where set.
     */
    readCapacityUnits?: number | string;
    /** Write capacity units, as `readCapacityUnits`. */
    writeCapacityUnits?: number | string;
    /**
     * Whether the table is looked for, and created where it is missing, at construction.
     * @default false
     */
    autoCreate?: boolean;
  }

  /** A table, as far as the store knows it, in the shape of aws-sdk v2. */
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
