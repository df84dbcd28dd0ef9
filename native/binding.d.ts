/** What a method hands back: its result, or a failure. */
export type Outcome<T> = T | Failure

/**
 * A session store. `now` is in milliseconds since the Unix epoch; `limit` in milliseconds, the
 * time that each request of a call may take, retries included.
 *
 * A failure is a result, see `Failure`: no promise rejects, and no method throws. Only napi throws,
 * before a method runs, where an argument is of another type than declared; `lib/calls.js` makes a
 * failure of that.
 */
export declare class NativeStore {
  /**
   * Gives the values of the variables before the first use of the store, in the order of
   * `variableNames`. Later values are asked for with `EnvironmentCallbacks.variables`.
   */
  useVariables(values: Array<string | undefined | null>): void
  /**
   * The session, `null` where there is none or it has ended: its exact end in milliseconds where a
   * touch has moved it, when it ends in seconds, and its version, each followed by `;` and empty
   * where there is none, and then the session as JSON. One text, because each value that crosses costs the event loop. A call:
   * see `take`.
   */
  load(call: number, sid: string, now: number, limit: number): void
  /**
   * Writes a session, given as JSON. `expires` is in seconds since the Unix epoch, nothing where it
   * never ends; `special` has a value for each special key of the options. `version` is one that no
   * other write has; without it, the formats that have versions make one.
   *
   * Gives `null` where the session was written as it is. Where something else was written, with changes
   * of others or in another version, gives that in the form of `load`, with the end of the session where
   * that of another request was kept. Gives `false` where nothing was written, because the session was
   * destroyed since it was read, or somebody else has logged in. A call: see `take`.
   */
  save(call: number, sid: string, data: string, expires: number | undefined | null, special: Array<SpecialArgument | undefined | null>, version: string | undefined | null, known: KnownSession | undefined | null, limit: number): void
  /**
   * Moves a session's end. `expires` is in seconds since the Unix epoch; `end` is the same to the
   * millisecond and `lifetime` in milliseconds, where the session has a cookie with an end. With
   * `known`, the end stays as it is where another request has given the session another lifetime.
   *
   * `false` where the session is gone, `true` where its end was moved. Where it stays as it is, that in
   * seconds, as text; empty where an earlier save of the request has found out. A call: see `take`.
   */
  touch(call: number, sid: string, expires: number, end: number | undefined | null, lifetime: number | undefined | null, known: KnownSession | undefined | null, limit: number): void
  /** Deletes a session. A call: see `take`. */
  destroy(call: number, sid: string, limit: number): void
  /** Has the calls begin that were made since this was last called, of all stores. */
  flush(): void
  /**
   * The outcomes of all calls that have completed since this was last asked. A method that is a
   * call takes a number, under which its outcome comes; `notify` tells when there are some.
   */
  take(): Completed
  /** The sessions that the store's index has under `value`. */
  find(value: string, now: number, limit: number): Promise<Outcome<Array<SessionEntry>>>
  /** Deletes sessions. */
  destroyMany(sids: Array<string>, limit: number): Promise<Outcome<undefined>>
  /** Every session that is alive. */
  list(now: number, limit: number): Promise<Outcome<Array<SessionEntry>>>
  /** The id of every session that is alive. */
  ids(now: number, limit: number): Promise<Outcome<Array<string>>>
  /** How many sessions are alive. */
  count(now: number, limit: number): Promise<Outcome<number>>
  /** Deletes every session that is alive. */
  clear(now: number, limit: number): Promise<Outcome<undefined>>
  /** Deletes sessions that have ended; how many they were. */
  reap(now: number, limit: number): Promise<Outcome<number>>
  /** Whether requests go through the user's client from now on, whatever its settings say. */
  useClient(through: boolean): void
  /**
   * Where requests go, as errors say it: `table "sessions", endpoint http://…, region us-east-1`, as far
   * as that is known by now.
   */
  place(): string
  /**
   * Calls that are made from now on are made in the context of this number, until another is
   * entered; 0 is none. The number comes back with each request for them that goes through the
   * user's client.
   */
  enter(context: number): void
  /**
   * Lets go of connections, of the client and of the functions in JavaScript, once the calls that
   * are under way have ended. Calls after it fail with `ERR_SESSION_CLOSED`.
   */
  close(): void
  /** Waits until the table can be used. */
  describeTable(limit: number): Promise<Outcome<TableState>>
  /** Creates the table and waits until it can be used. */
  createTable(limit: number): Promise<Outcome<CreationResult>>
  /** Turns on point-in-time recovery of a table that was just created, as the options say. */
  enableRecovery(limit: number): Promise<Outcome<undefined>>
  /** Gives a provisioned table the capacity units that are named. Whether it had others. */
  setCapacity(read: number | undefined | null, write: number | undefined | null, limit: number): Promise<Outcome<boolean>>
  /** The table's time to live. */
  timeToLive(limit: number): Promise<Outcome<TimeToLiveState>>
  /**
   * Looks at the table's time to live, and says what is left to do where it is to be on
   * `attribute`, or off, as `wanted` says.
   */
  planTimeToLive(attribute: string, wanted: boolean, limit: number): Promise<Outcome<TimeToLivePlan>>
  /** In Koa's format, writes the end of sessions to `attribute` from now on. */
  writeExpiresTo(attribute: string): void
  /** Turns the table's time to live on `attribute` on or off. */
  setTimeToLive(attribute: string, enabled: boolean, limit: number): Promise<Outcome<undefined>>
}

/** What the user's client answered: DynamoDB's JSON, or why there is none. */
export interface CallAnswer {
  output?: string
  failure?: CallFailure
}

/** The functions through which the core asks. */
export interface Callbacks {
  /** The settings of the user's client. */
  connection?: () => Promise<ConnectionAnswer>
  /**
   * Credentials, asked for again before they end. `replaces` says whether DynamoDB has refused those that
   * were given last.
   */
  credentials?: (replaces: boolean) => Promise<CredentialsAnswer>
  /**
   * A request through the user's client: the operation, such as `GetItem`, and its parameters
   * as DynamoDB's JSON. `context` is the number of the context in which the call was made that
   * the request is for, see `NativeStore.enter`.
   */
  call?: (operation: string, input: string, context?: number) => Promise<CallAnswer>
  /** The environment that the program runs in. */
  environment?: EnvironmentCallbacks
  /** Looks for a table that was lost, and makes it where it is missing. Whether it is there then. */
  ensureTable?: () => Promise<boolean>
}

/** An error of the user's client. */
export interface CallFailure {
  /** `service`: DynamoDB has answered. Else `unreachable`, `credentials` or `other`. */
  kind: 'service' | 'unreachable' | 'credentials' | 'other'
  name: string
  message: string
  requestId?: string
  /** The HTTP status of DynamoDB's answer. */
  statusCode?: number
  /** `$metadata`, as JSON. */
  metadata?: string
  /** `throttlingReasons`, as JSON. */
  throttlingReasons?: string
  /** The error and what led to it, from the outermost to the innermost. */
  causes: Array<string>
  /** The address that the client sends its requests to, where it says so. */
  endpoint?: string
  /** The region that it signs them for. */
  region?: string
}

/** Outcomes of calls, each under the number that JavaScript gave the call. */
export interface Completed {
  /** The calls that have succeeded. */
  calls: Array<number>
  /** Their results, in the order of `calls`. */
  results: Array<string | boolean | null>
  /** The calls that have failed. */
  failedCalls: Array<number>
  /** Their errors, in the order of `failed_calls`. */
  failures: Array<Failure>
  /**
   * Begins and ends of outages: the reason of an outage that has begun, `null` for one that has
   * ended.
   */
  outages?: Array<Failure | null>
  /** Problems that fail no call, but that the user has to know of. */
  warnings?: Array<Failure>
}

/** A client's settings, or why they could not be read. */
export interface ConnectionAnswer {
  connection?: ConnectionOptions
  /**
   * Whether requests have to go through the client instead; with a `failure` where that is
   * ruled out.
   */
  throughClient?: boolean
  failure?: string
}

/** How to reach DynamoDB. What is missing, the AWS environment decides. */
export interface ConnectionOptions {
  /** The option that these were read from, for error messages: `dynamoConfig`, `client`, … */
  origin: string
  region?: string
  endpoint?: string
  /** Whether the AWS environment is not asked for another endpoint. */
  ignoreConfiguredEndpointUrls?: boolean
  accessKeyId?: string
  secretAccessKey?: string
  sessionToken?: string
  /** The account that the keys are of. */
  accountId?: string
  /** By what name the process knows the object that gives the credentials, where something does. */
  credentialsFrom?: string
  profile?: string
  maxAttempts?: number
  /** Whether `maxAttempts` is the default of a client, which nobody has chosen. */
  defaultAttempts?: boolean
  /** Milliseconds for one attempt. */
  requestTimeout?: number
  /** Milliseconds for opening a connection. */
  connectTimeout?: number
  /**
   * How many connections may be open at a time. Through the user's client: how many calls of it
   * may be in flight.
   */
  maxSockets?: number
  useDualstackEndpoint?: boolean
  useFipsEndpoint?: boolean
  /** `standard` or `adaptive`. */
  retryMode?: string
  /** `preferred`, `required` or `disabled`. */
  accountIdEndpointMode?: string
  /** What to add to the `user-agent` of each request. */
  userAgent?: string
  /** The application's name in the `user-agent`, `app/<name>`. */
  userAgentAppId?: string
  /** Whether the certificate authorities of the system are trusted too. */
  useSystemCa?: boolean
  /** The URL of the proxy that all requests go through. */
  proxy?: string
  /** Whether Node follows the variables that name proxies. */
  useEnvProxy?: boolean
  /** Whether calls fail at once during an outage. */
  breaker?: boolean
  /** Milliseconds that the source of credentials may take before calls that wait for it fail. */
  credentialsTimeout?: number
}

/** The options of a store in connect-dynamodb's item format. */
export interface ConnectStoreOptions {
  table: string
  hashKey: string
  prefix: string
  specialKeys: Array<SpecialKeyOption>
  skipThrowMissingSpecialKeys: boolean
  consistentRead: boolean
  /** The keys of a session that say whose it is, each as a path. */
  identityKeys: Array<string>
  /** The id of a session that never exists, which probes read during an outage. */
  probeKey: string
  /** Whether operations are merged under load. */
  batch: boolean
  /** How many of them are in flight or wait before any are merged. */
  batchThreshold: number
  payPerRequest: boolean
  readCapacityUnits: number
  writeCapacityUnits: number
  timeToLive: boolean
  /** What a table gets that the store creates. */
  createTable?: CreateTableOptions
}

/** The option `createTable`. */
export interface CreateTableOptions {
  DeletionProtectionEnabled?: boolean
  OnDemandThroughput?: OnDemandThroughputOptions
  PointInTimeRecoverySpecification?: RecoveryOptions
  SSESpecification?: EncryptionOptions
  /** `STANDARD` or `STANDARD_INFREQUENT_ACCESS`. */
  TableClass?: string
  Tags?: Array<TagOption>
  WarmThroughput?: WarmThroughputOptions
}

/** What came of creating a table. */
export interface CreationResult {
  /** `false` where another process was faster. */
  created: boolean
  /** Why the table has no time to live, although it was asked for. */
  timeToLiveFailure?: Failure
  /** What is wrong with the store's index, in a table that another process has created. */
  indexFailure?: Failure
}

/** Credentials, or why there are none. */
export interface CredentialsAnswer {
  accessKeyId?: string
  secretAccessKey?: string
  sessionToken?: string
  /** When they expire, in milliseconds since the Unix epoch. */
  expiration?: number
  accountId?: string
  failure?: string
}

/** Encryption of the table at rest. */
export interface EncryptionOptions {
  Enabled?: boolean
  KMSMasterKeyId?: string
  /** `KMS`, the only type that DynamoDB has. */
  SSEType?: string
}

/** The environment that the store was opened in: a process, a worker thread or a test's sandbox. */
export interface EnvironmentCallbacks {
  /** Identifies the environment in this process, see `newEnvironment`. */
  number: number
  /** Returns the values of the variables, in the order of `variableNames`. */
  variables: () => Array<string | undefined>
  /** Runs the program of a `credential_process`, and returns the credentials that it prints. */
  run: (command: string) => Promise<CredentialsAnswer>
}

/**
 * The `expires` attribute of a session that lives until `end`.
 *
 * `end` is in milliseconds since the Unix epoch, the result in whole seconds.
 */
export declare function expiresAt(end: number): number

/** A save that has failed, and may have been carried out. */
export interface FailedSave {
  version: string
  /** The session that was to be saved, as JSON. */
  data: string
}

/** An error, of which `lib/errors.js` makes an `Error`. */
export interface Failure {
  /** Always `true`. Distinguishes a failure from a result. */
  failed: true
  /** The stable code: DynamoDB's name for the error, or a code that begins with `ERR_`. */
  code: string
  /** The `name` of the `Error`. */
  name: string
  message: string
  /** The id of the request, for AWS support. */
  requestId?: string
  /** The HTTP status of DynamoDB's answer. */
  statusCode?: number
  /** If the user's client sent the request: the `$metadata` of its error, as JSON. */
  metadata?: string
  /** `true`: the same call may succeed a little later. */
  retryable: boolean
  /**
   * How often the request was sent. Set only for errors after which a request is sent again until the
   * deadline, such as throttling.
   */
  attempts?: number
  /** The reasons that DynamoDB gave for throttling the request, if any. */
  throttlingReasons?: Array<ThrottlingReason>
  /** The causes of the error, from the outermost to the innermost. */
  causes: Array<string>
}

/** What a request knows of the session that it saves or touches. */
export interface KnownSession {
  /**
   * The version that it has read or written; nothing where a replaced package has written the
   * session.
   */
  version?: string
  /** The session as JSON that its changes count from; nothing for a new session. */
  base?: string
  /** What is in the table as far as it knows, where that is not `base`. */
  stored?: string
  /** Its saves that have failed since then. */
  failed?: Array<FailedSave>
  conflict: 'overwrite' | 'merge' | 'error'
  /** The number of the request, where it has saves whose outcomes were not taken yet, or is making one. */
  request?: number
}

/** The options of a store in koa-session-dynamodb-store's item format: those of its `table`. */
export interface KoaStoreOptions {
  name: string
  hashKey: string
  ttlKey: string
  consistentRead: boolean
  /** The keys of a session that say whose it is, each as a path. */
  identityKeys: Array<string>
  /** The id of a session that never exists, which probes read during an outage. */
  probeKey: string
  /** Whether operations are merged under load. */
  batch: boolean
  /** How many of them are in flight or wait before any are merged. */
  batchThreshold: number
  payPerRequest: boolean
  readCapacityUnits: number
  writeCapacityUnits: number
  /** What a table gets that the store creates. */
  createTable?: CreateTableOptions
}

/**
 * A number that identifies an environment. Each call gives another one, in all threads and sandboxes of
 * the process.
 */
export declare function newEnvironment(): number

/** The largest number of request units a second, for a table on demand. */
export interface OnDemandThroughputOptions {
  MaxReadRequestUnits?: number
  MaxWriteRequestUnits?: number
}

/**
 * Opens a store in connect-dynamodb's item format.
 *
 * Returns a failure with the code `ERR_INVALID_ARG_VALUE` if an option is invalid.
 */
export declare function openConnectStore(options: ConnectStoreOptions, connection: ConnectionOptions, callbacks: Callbacks, notify: () => void): Outcome<NativeStore>

/**
 * Opens a store in koa-session-dynamodb-store's item format.
 *
 * Returns a failure with the code `ERR_INVALID_ARG_VALUE` if an option is invalid.
 */
export declare function openKoaStore(options: KoaStoreOptions, connection: ConnectionOptions, callbacks: Callbacks, notify: () => void): Outcome<NativeStore>

/**
 * Opens a store in the item format of Shopify's session storage.
 *
 * Returns a failure with the code `ERR_INVALID_ARG_VALUE` if an option is invalid.
 */
export declare function openShopifyStore(options: ShopifyStoreOptions, connection: ConnectionOptions, callbacks: Callbacks, notify: () => void): Outcome<NativeStore>

/** A value that no special key takes. */
export interface OtherValue {
  typeName: string
}

/** Point-in-time recovery of the table. */
export interface RecoveryOptions {
  PointInTimeRecoveryEnabled?: boolean
  /** How many days back the table can be restored, 1 to 35. DynamoDB's default is 35. */
  RecoveryPeriodInDays?: number
}

/** A session and its id. */
export interface SessionEntry {
  sid: string
  /** The session as JSON. */
  data: string
  /** Its exact end in milliseconds since the Unix epoch, where a touch has moved it. */
  end?: number
}

/**
 * The session in the `sess` and `expires` attributes of an item in connect-dynamodb's format,
 * `null` where there is none or it has ended. `now` is in milliseconds since the Unix epoch.
 */
export declare function sessionOf(sess: string | undefined | null, expires: string | undefined | null, now: number): string | null

/** The options of a store in Shopify's item format. */
export interface ShopifyStoreOptions {
  sessionTableName: string
  shopIndexName: string
  /** The attribute for DynamoDB's time to live. */
  expiresTtl?: string
  consistentRead: boolean
  /** The id of a session that never exists, which probes read during an outage. */
  probeKey: string
  /** Whether operations are merged under load. */
  batch: boolean
  /** How many of them are in flight or wait before any are merged. */
  batchThreshold: number
  /** Of a table that is created; on demand where neither is given. */
  readCapacityUnits?: number
  writeCapacityUnits?: number
  /** What a table gets that the store creates. */
  createTable?: CreateTableOptions
}

/** A value under a special key: nothing, a text, a number, bytes, or something else. */
export type SpecialArgument = string | number | Buffer | OtherValue

/** A session key that is stored in an attribute of its own as well. */
export interface SpecialKeyOption {
  name: string
  /** `S`, `N` or `B`. */
  type: string
}

/** How a table is paid for now, and what it lacks. */
export interface TableState {
  /** Whether it is on demand; then the capacities are 0. */
  onDemand: boolean
  readCapacityUnits: number
  writeCapacityUnits: number
  /** What is wrong with the store's index. */
  indexFailure?: Failure
}

/** A tag of a table. */
export interface TagOption {
  Key: string
  Value: string
}

/** DynamoDB's reason for throttling a request. */
export interface ThrottlingReason {
  reason: string
  /** The ARN of the table or the index. */
  resource: string
}

/** What a store has to do for the time to live that it wants. */
export interface TimeToLivePlan {
  /** The attribute that the end of a session is written to from now on. */
  attribute: string
  /** Whether to turn it on or off; nothing to leave it. */
  change?: boolean
}

/** A table's time to live. */
export interface TimeToLiveState {
  /** DynamoDB's name for its status, such as `ENABLED`. */
  status: string
  attribute?: string
}

/**
 * Sets the value of AWS's tracing header for all requests that are made from now on. Lambda gives each
 * invocation of a function such a value. Without a value, requests have no such header.
 */
export declare function useTrace(value?: string | undefined | null): void

/** The names of all environment variables that the addon uses. */
export declare function variableNames(): Array<string>

/** The number of request units a second that the table can serve from the beginning. */
export interface WarmThroughputOptions {
  ReadUnitsPerSecond?: number
  WriteUnitsPerSecond?: number
}
