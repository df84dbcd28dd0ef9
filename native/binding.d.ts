/** The return value of a method: its result, or a failure. */
export type Outcome<T> = T | Failure

/**
 * A session store. In all methods, `now` is in milliseconds since the Unix epoch. `limit` is the time
 * that each request of a call may take, in milliseconds, with its waiting and its retries.
 *
 * A failure is a result, see `Failure`: no method throws, and no promise rejects. If an argument does
 * not have its declared type, napi throws before the method runs; `lib/calls.js` turns this into a
 * failure.
 *
 * A method that has the parameter `call` returns nothing. Its outcome comes under this number, see
 * `take`.
 */
export declare class NativeStore {
  /**
   * Replaces the encryption keys: the first encrypts, and each decrypts. Only for a store with
   * `encryption`.
   */
  setKeys(keys: Array<Buffer>): Outcome<undefined>
  /** Sets whether the store reports events of its requests, see `Completed.events`. */
  listen(isListening: boolean): void
  /** From now on, requests ask for the capacity that they consume. */
  reportCapacity(): void
  /** The counters of the store's requests. */
  counters(): RequestCounters
  /**
   * Writes a session unless there is one under its id. A session that has ended at `now` is replaced. The arguments
   * are those of `save`.
   *
   * The result is `null` if the session was written, and `false` if there is one.
   */
  create(call: number, sid: string, data: string, expires: number | undefined | null, special: Array<SpecialArgument | undefined | null>, version: string | undefined | null, now: number, limit: number, marks?: SessionMarks | undefined | null): void
  /** The ways of the store's requests. Asks the source for credentials, and sends no request to DynamoDB. */
  ways(limit: number): Promise<Outcome<RequestWays>>
  /**
   * Sends a request for an operation, such as `GetItem`, with DynamoDB's JSON as `body`. It passes all layers of a
   * request, except the order of requests for items.
   */
  request(operation: string, body: string, limit: number): Promise<Outcome<RawOutcome>>
  /**
   * Gives the values of the variables before the first use of the store, in the order of
   * `variableNames`. Later values are asked for with `EnvironmentCallbacks.variables`.
   */
  useVariables(values: Array<string | undefined | null>): void
  /**
   * The keys of the items under which a session is found, the present one first. Empty if the store is closed, or
   * its format has no indexes.
   */
  keysOf(sid: string): Array<string>
  /** The sessions with `value` in the index with this number, also ended ones. */
  sessionsOf(index: number, value: string, limit: number): Promise<Outcome<Array<IndexEntry>>>
  /**
   * Deletes the sessions under `keys` that still have `value` in the index with this number. The result has the
   * keys of the deleted items.
   */
  destroyOf(index: number, value: string, keys: Array<string>, limit: number): Promise<Outcome<Deletions>>
  /** The state of the index with this number in the table. */
  indexState(index: number, limit: number): Promise<Outcome<'missing' | 'creating' | 'active' | 'deleting'>>
  /**
   * Begins to create the index with this number. Returns `false` if it exists meanwhile, or if
   * DynamoDB can create it only later.
   */
  createIndex(index: number, limit: number): Promise<Outcome<boolean>>
  /**
   * Tries to get the lock of a session. `ended` is the version of another holder's lease that has not
   * changed for as long as this lease.
   */
  claimLock(sid: string, lease: LeaseArgument, ended: string | undefined | null, now: number, limit: number): Promise<Outcome<LockState>>
  /** Renews a lease. The result is `false` if its holder does not hold the lock any more. */
  renewLock(sid: string, lease: LeaseArgument, now: number, limit: number): Promise<Outcome<boolean>>
  /**
   * Releases a lock. `token` is its fencing token; without it, the lock is released if the holder may have got it
   * by a claim whose answer was lost. The result is `false` if `holder` does not hold the lock.
   */
  releaseLock(sid: string, holder: string, token: number | undefined | null, limit: number): Promise<Outcome<boolean>>
  /** The sessions with the key `value` in the store's index. */
  find(value: string, now: number, limit: number): Promise<Outcome<Array<SessionEntry>>>
  /** Deletes many sessions. */
  destroyMany(sids: Array<string>, limit: number): Promise<Outcome<undefined>>
  /**
   * Loads a session. The result is `null` if the session does not exist, and `false` if it has ended but
   * is still in the table.
   *
   * Otherwise it is one text, because each value that crosses costs the event loop time. The text is
   * `<end>;<expires>;<length>;<version><JSON>`, where a part is empty if it does not exist:
   *
   * * `end`: the exact end in milliseconds, if a touch has moved it;
   * * `expires`: the end in seconds;
   * * `length`: the length of `version` in UTF-16 code units;
   * * `version`: the session's version;
   * * the session as JSON.
   *
   * If the store has the option `tracking`, a line of JSON comes first: `[created,[value, …],seen]`,
   * with the beginning of the session, its value in each index, and the time of its last write; each is
   * `null` if it is not set. Times are in milliseconds.
   */
  load(call: number, sid: string, now: number, limit: number): void
  /**
   * Writes a session, given as JSON. `expires` is in seconds since the Unix epoch, and not set if the
   * session never ends. `special` has a value for each special key of the options. `version` is a new
   * version, which no other write has; without it, the store makes one in the formats that have
   * versions.
   *
   * The result is `null` if the session was written as it was given. If the write added changes of
   * other requests, or has another version, the result is the session that was written, in the form
   * of `load`; it has `expires` if the write kept the end that another request has set. The result is
   * `false` if nothing was written, because the session was destroyed after it was read, or because
   * another user has logged in.
   *
   * `marks` are set if the store has the option `tracking`.
   */
  save(call: number, sid: string, data: string, expires: number | undefined | null, special: Array<SpecialArgument | undefined | null>, version: string | undefined | null, known: KnownSession | undefined | null, limit: number, marks?: SessionMarks | undefined | null): void
  /**
   * Moves the end of a session. `expires` is in seconds since the Unix epoch. If the session's cookie
   * has an end, `end` is the same end in milliseconds, and `lifetime` is its lifetime in
   * milliseconds.
   *
   * The result is `true` if the end was moved, and `false` if the session does not exist any more.
   * With `known`, the end is not moved if another request has given the session another lifetime.
   * Then the result is the session's end in seconds, as text; it is empty if an earlier save of the
   * request has found the other lifetime.
   *
   * `seen` is the present time in milliseconds, if the store has the option `tracking`.
   */
  touch(call: number, sid: string, expires: number, end: number | undefined | null, lifetime: number | undefined | null, known: KnownSession | undefined | null, limit: number, seen?: number | undefined | null): void
  /** Deletes a session. */
  destroy(call: number, sid: string, limit: number): void
  /** Starts all calls that were made since the last `flush`, of all stores. */
  flush(): void
  /**
   * Takes the outcomes of all calls that have completed since the last `take`. The store calls
   * `notify` if there are outcomes to take.
   */
  take(): Completed
  /** `true`: from now on, requests go through the user's client, whatever its settings are. */
  useClient(through: boolean): void
  /**
   * The table, endpoint and region of the store, as its errors name them, as far as they are known:
   * `table "sessions", endpoint http://…, region us-east-1`.
   */
  place(): string
  /**
   * Sets the asynchronous context of the calls that follow, as a number; 0 for none. If a request for
   * one of these calls goes through the user's client, the callback `call` gets this number.
   */
  enter(context: number): void
  /**
   * Closes the store. Its connections, its client and its JavaScript callbacks are released once the
   * calls in flight have ended. Later calls fail with `ERR_SESSION_CLOSED`.
   */
  close(): void
  /** Reads a page of the table, and does with its sessions what the request says. */
  sweepPage(request: SweepRequest, now: number, limit: number): Promise<Outcome<SweepPage>>
  /** Describes the table, and waits until it can be used. */
  describeTable(limit: number): Promise<Outcome<TableState>>
  /** Creates the table and waits until it can be used. */
  createTable(limit: number): Promise<Outcome<CreationResult>>
  /** Turns on point-in-time recovery of a new table, if the options say so. */
  enableRecovery(limit: number): Promise<Outcome<undefined>>
  /**
   * Sets the capacity units of a provisioned table; a missing number is left as it is. Returns
   * whether the table had other capacity units.
   */
  setCapacity(read: number | undefined | null, write: number | undefined | null, limit: number): Promise<Outcome<boolean>>
  /** The table's time to live. */
  timeToLive(limit: number): Promise<Outcome<TimeToLiveState>>
  /**
   * Reads the table's time to live, and returns the steps that are left to turn it on for
   * `attribute`, or off, as `wanted` says.
   */
  planTimeToLive(attribute: string, wanted: boolean, limit: number): Promise<Outcome<TimeToLivePlan>>
  /** In Koa's format: from now on, write the end of sessions to `attribute`. */
  writeExpiresTo(attribute: string): void
  /** Turns time to live on `attribute` on or off. */
  setTimeToLive(attribute: string, enabled: boolean, limit: number): Promise<Outcome<undefined>>
}

/** The answer of the user's client: DynamoDB's JSON, or an error. */
export interface CallAnswer {
  output?: string
  failure?: CallFailure
}

/** The callbacks of a store. */
export interface Callbacks {
  /** Reads the settings of the user's client. */
  connection?: () => Promise<ConnectionAnswer>
  /**
   * Provides credentials. The addon asks again before they expire. `replaces` is `true` if DynamoDB
   * has refused the last credentials.
   */
  credentials?: (replaces: boolean) => Promise<CredentialsAnswer>
  /**
   * Sends a request through the user's client. `operation` is DynamoDB's name, such as `GetItem`, and
   * `input` its parameters in DynamoDB's JSON. `context` is the asynchronous context of the call that
   * needs the request, see `NativeStore.enter`.
   */
  call?: (operation: string, input: string, context?: number) => Promise<CallAnswer>
  /** Returns the values of a merged session in the store's indexes. `session` is JSON. */
  indexValues?: (session: string) => Promise<IndexAnswer>
  /** The environment in which the store was opened. */
  environment?: EnvironmentCallbacks
  /**
   * Checks a lost table, and creates it if it is missing. Returns whether the table exists
   * afterwards.
   */
  ensureTable?: () => Promise<boolean>
}

/** An error of the user's client. */
export interface CallFailure {
  /** `service`: DynamoDB has answered with this error. The other kinds happened before an answer. */
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
  /** The error and its causes, from the outermost to the innermost. */
  causes: Array<string>
  /** The endpoint of the client, if the client says it. */
  endpoint?: string
  /** The region that the client signs requests for. */
  region?: string
}

/** The form in which a store writes sessions. Without any of these settings, it is the replaced package's. */
export interface CodecOptions {
  /** Sessions with at least this many bytes of JSON are compressed. Not set: none are. */
  compressThreshold?: number
  encryption?: EncryptionOptions
}

/** Outcomes of calls, each under the number that JavaScript gave the call. */
export interface Completed {
  /** The calls that have succeeded. */
  calls: Array<number>
  /** Their results, in the same order. */
  results: Array<string | boolean | null>
  /** The calls that have failed. */
  failedCalls: Array<number>
  /** Their errors, in the same order. */
  failures: Array<Failure>
  /**
   * Begins and ends of outages: the reason of an outage that has begun, `null` for one that has
   * ended.
   */
  outages?: Array<Failure | null>
  /** Problems that fail no call, but that the user has to know of. */
  warnings?: Array<Failure>
  /** Events of requests, in their order, if JavaScript listens. */
  events?: Array<TelemetryEvent>
}

/** The settings of a client, or the reason why they cannot be used. */
export interface ConnectionAnswer {
  connection?: ConnectionOptions
  /**
   * `true`: requests have to go through the client. If the options forbid this, `failure` is the
   * reason.
   */
  throughClient?: boolean
  failure?: string
}

/** How to reach DynamoDB. If a setting is missing, the AWS environment decides it. */
export interface ConnectionOptions {
  /** The option that these settings were read from, for error messages: `dynamoConfig`, `client`, … */
  origin: string
  region?: string
  endpoint?: string
  /** `true`: ignore endpoints in environment variables and AWS's configuration files. */
  ignoreConfiguredEndpointUrls?: boolean
  accessKeyId?: string
  secretAccessKey?: string
  sessionToken?: string
  /** The AWS account of the access key. */
  accountId?: string
  /**
   * Identifies the object that provides the credentials, if JavaScript provides them. Stores with the
   * same object share connections.
   */
  credentialsFrom?: string
  profile?: string
  maxAttempts?: number
  /** `true`: `maxAttempts` is the default of a client, and was not chosen by the user. */
  defaultAttempts?: boolean
  /** Milliseconds that one attempt may take. */
  requestTimeout?: number
  /** Milliseconds that opening a connection may take. */
  connectTimeout?: number
  /**
   * The largest number of open connections. If requests go through the user's client, the largest
   * number of its calls in flight.
   */
  maxSockets?: number
  useDualstackEndpoint?: boolean
  useFipsEndpoint?: boolean
  /** `standard` or `adaptive`. */
  retryMode?: string
  /** `preferred`, `required` or `disabled`. */
  accountIdEndpointMode?: string
  /** A text that is added to the `user-agent` of each request. */
  userAgent?: string
  /** The application's name, which becomes `app/<name>` in the `user-agent`. */
  userAgentAppId?: string
  /** `true`: trust the certificate authorities of the system, too. */
  useSystemCa?: boolean
  /** The URL of a proxy for all requests. */
  proxy?: string
  /** `true`: Node uses the proxies that environment variables name, so the addon does, too. */
  useEnvProxy?: boolean
  /** `true`: calls fail at once during an outage. */
  breaker?: boolean
  /** Milliseconds that a call waits for credentials before it fails. */
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
  /** The keys of a session that name its user, each as a path such as `account.id`. */
  identityKeys: Array<string>
  /** The id of a session that never exists, which probes read during an outage. */
  probeKey: string
  /** `true`: merge operations under load. */
  batch: boolean
  /** Merging starts when more than this many operations are pending. */
  batchThreshold: number
  payPerRequest: boolean
  readCapacityUnits: number
  writeCapacityUnits: number
  timeToLive: boolean
  /** Settings of the table, if the store creates it. */
  createTable?: CreateTableOptions
  /** Set if the store keeps the beginning of its sessions, or has indexes. */
  tracking?: TrackingOptions
  codecs?: CodecOptions
  /** Set if hashes stand in the table in place of ids. */
  hashIds?: HashIdsOptions
  /** Set if saves of sessions that were read keep the attributes that the store does not know, except these. */
  keepsExcept?: Array<string>
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

/** The result of creating a table. */
export interface CreationResult {
  /** `false` if another process has created the table first. */
  created: boolean
  /** The reason why turning on time to live has failed, if it has. */
  timeToLiveFailure?: Failure
  /** If another process has created the table: the problem with the store's index, if any. */
  indexFailure?: Failure
}

/** Credentials, or the reason why none could be loaded. */
export interface CredentialsAnswer {
  accessKeyId?: string
  secretAccessKey?: string
  sessionToken?: string
  /** The time at which they expire, in milliseconds since the Unix epoch. */
  expiration?: number
  accountId?: string
  failure?: string
}

/** The result of deleting many sessions. If it has a failure, some sessions may have been deleted. */
export interface Deletions {
  /** The number of deleted sessions. */
  count: number
  /** The keys of the deleted items. */
  keys: Array<string>
  failure?: Failure
}

export interface EncryptionOptions {
  /** The first key encrypts, and each decrypts. Not set: `setKeys` brings the keys. */
  keys?: Array<Buffer>
  /** `true`: sessions that are not encrypted are refused. */
  refusePlaintext: boolean
  /** `true`: sessions are written as without encryption, and encrypted sessions are read. */
  readOnly: boolean
}

/** Encryption of the table at rest. */
export interface EncryptionOptions {
  Enabled?: boolean
  KMSMasterKeyId?: string
  /** `KMS`, the only type that DynamoDB supports. */
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
 * The `expires` attribute of a session that ends at `end`.
 *
 * `end` is in milliseconds since the Unix epoch, the result in whole seconds.
 */
export declare function expiresAt(end: number): number

/** A save that has failed. DynamoDB may have carried it out. */
export interface FailedSave {
  version: string
  /** The session of the save, as JSON. */
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
  /** The id of the key that decrypts the session, if the store does not have this key. */
  keyId?: string
  /** The causes of the error, from the outermost to the innermost. */
  causes: Array<string>
}

/** The ids that stand in the table. */
export interface HashIdsOptions {
  /** Hashes by the first secret are written, those by the others are found. */
  secrets: Array<Buffer>
  /** The use of ids that are not hashed: sessions under them are not found, are found, or are written. */
  plain: 'ignore' | 'find' | 'write'
}

/** The values of a session in the indexes, or the reason why it has none. */
export interface IndexAnswer {
  values?: Array<string | undefined | null>
  failure?: string
}

/** The place of a session in an index. */
export interface IndexedValue {
  /** Not set if the session is not in the index. */
  value?: string
  label?: string
  /** Whether the item did not have this value when the request read it. */
  isNew: boolean
  /**
   * Whether the session did not have this value when the request read it. A session from before the index has the
   * value, and its item has not.
   */
  isLogin: boolean
}

/** A session in an index. Times are in milliseconds since the Unix epoch. */
export interface IndexEntry {
  /** The key of the session's item. */
  key: string
  created?: number
  /** The time at which the session got its value in the index. */
  since?: number
  /** The last set or touch that was written. */
  seen?: number
  expires?: number
  label?: string
}

/** The knowledge of a web request about the session that it saves or touches. */
export interface KnownSession {
  /**
   * The version that the request has read or written. Not set if a replaced package has written the
   * session.
   */
  version?: string
  /** The session as JSON to which the request's changes are compared. Not set for a new session. */
  base?: string
  /** The session as JSON that the request expects in the table. Not set if it equals `base`. */
  stored?: string
  /** Saves of the request that have failed since then. */
  failed?: Array<FailedSave>
  conflict: 'overwrite' | 'merge' | 'error'
  /**
   * The number of the request. Set if JavaScript has not taken the outcomes of all its saves, or if
   * this call is a save.
   */
  request?: number
}

/**
 * The options of a store in koa-session-dynamodb-store's item format: the properties of its option
 * `table`.
 */
export interface KoaStoreOptions {
  name: string
  hashKey: string
  ttlKey: string
  consistentRead: boolean
  /** The keys of a session that name its user, each as a path such as `account.id`. */
  identityKeys: Array<string>
  /** The id of a session that never exists, which probes read during an outage. */
  probeKey: string
  /** `true`: merge operations under load. */
  batch: boolean
  /** Merging starts when more than this many operations are pending. */
  batchThreshold: number
  payPerRequest: boolean
  readCapacityUnits: number
  writeCapacityUnits: number
  /** Settings of the table, if the store creates it. */
  createTable?: CreateTableOptions
  /** Set if the store keeps the beginning of its sessions, or has indexes. */
  tracking?: TrackingOptions
  codecs?: CodecOptions
  /** Set if hashes stand in the table in place of ids. */
  hashIds?: HashIdsOptions
  /** Set if saves of sessions that were read keep the attributes that the store does not know, except these. */
  keepsExcept?: Array<string>
}

/** The lease of a lock. */
export interface LeaseArgument {
  /** Identifies the holder: a text without a dot, which no other holder has. */
  holder: string
  /** The number of renewals so far. */
  renewal: number
  /** The length of the lease in milliseconds. */
  length: number
}

/** The marks of a session in an index. */
export interface ListedMark {
  /** Not set if the session is not in the index. */
  value?: string
  /** The time at which the session got its value, in milliseconds since the Unix epoch. */
  since?: number
  label?: string
}

/** A session in a list. Times are in milliseconds since the Unix epoch. */
export interface ListedSession {
  /** The id, as it stands in the table. */
  sid: string
  /** The session as JSON. */
  data: string
  /** The end of the session. Not set if it never ends. */
  expires?: number
  /** If a touch has moved the end: the exact end. */
  end?: number
  version?: string
  /** The beginning of the session, if the store tracks its sessions. */
  created?: number
  /** The last write of the session, as `created`. */
  seen?: number
  /** The marks of the session in the store's indexes, in the order of the options. */
  indexed: Array<ListedMark>
}

/** The result of an attempt to get a lock. */
export interface LockState {
  /** The fencing token. Not set if another caller holds the lock. */
  token?: number
  /**
   * The version of the other holder's lease. Not set if the caller has the lock, or if the lock changes hands at
   * this moment.
   */
  version?: string
  /** The length of the other holder's lease, in milliseconds. */
  lease?: number
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

/** The requests for one operation. */
export interface OperationCounters {
  /** DynamoDB's name of the operation, or `other`. */
  name: string
  /** The requests that were sent and have ended. */
  requests: number
  /** Those of them that have failed. If a condition did not hold, the request has not failed. */
  failed: number
  /** The items in them. */
  items: number
}

/** A value of a type that special keys cannot store. */
export interface OtherValue {
  typeName: string
}

/**
 * Passes the log to `print`, from `level` on: `error`, `warn`, `info` or `debug`. Returns `false` if the level is
 * another one. The level of the first call counts for the process.
 */
export declare function printLog(level: string, print: (level: string, source: string, message: string) => void): boolean

/** The outcome of a request in any form. */
export interface RawOutcome {
  /** DynamoDB's JSON, if the request has succeeded. */
  body?: string
  /** The failure, if the request has failed. */
  failure?: Failure
  /**
   * How many seconds DynamoDB's clock is ahead of this machine's. Not set if DynamoDB did not answer, or if the
   * user's client sent the request.
   */
  clockAhead?: number
}

/** Point-in-time recovery of the table. */
export interface RecoveryOptions {
  PointInTimeRecoveryEnabled?: boolean
  /** How many days back the table can be restored, 1 to 35. DynamoDB's default is 35. */
  RecoveryPeriodInDays?: number
}

/** The counters of a store's requests since it was opened. */
export interface RequestCounters {
  /** The operations with at least one request. */
  operations: Array<OperationCounters>
  /** The requests in flight, with those that wait because the table throttles. */
  inFlight: number
  attempts: number
  /** The attempts after the first of each request. */
  retries: number
  throttled: number
  /** The operations that were sent as one with another operation on the same item. */
  merged: number
  /** The bytes of the bodies that were sent. */
  sent: number
  /** The bytes of the bodies that were received. */
  received: number
  /** The capacity units of reads that DynamoDB has reported. */
  readUnits: number
  /** The capacity units of writes that DynamoDB has reported. */
  writeUnits: number
  /** The open connections, which the store shares with other stores; 0 once it is closed. */
  connections: number
}

/** The ways of a store's requests. No field has a credential. */
export interface RequestWays {
  /** `true`: the user's client sends the requests. Then no other field is set. */
  throughClient: boolean
  /** The region that requests are signed for. */
  region?: string
  /** The source of the region: `options`, `AWS_REGION`, `profile`, `AWS_DEFAULT_REGION`, `instance` or `default`. */
  regionFrom?: string
  /** The endpoint in the settings, or the address of the first request. */
  endpoint?: string
  /** The source of the endpoint: `options`, a variable, `profile`, or `region` for AWS's own endpoint. */
  endpointFrom?: string
  /** The source of the credentials: `options`, `provider`, or a part of the environment, such as `profile "shop"`. */
  credentialsFrom?: string
  /** When the credentials end, in milliseconds since the Unix epoch. */
  credentialsEnd?: number
  /** The reason why there are no credentials. */
  credentialsFailure?: Failure
}

/** A session and its id, as it stands in the table. */
export interface SessionEntry {
  sid: string
  /** The session as JSON. */
  data: string
}

/** An index of sessions by a value. */
export interface SessionIndexOption {
  /** The name of the index in the options. */
  name: string
  /** The attribute that holds the value. */
  attribute: string
  /** The name of the global secondary index. */
  index: string
}

/** The marks that a write gives a session. */
export interface SessionMarks {
  /** The beginning of the session, if its item has none: milliseconds since the Unix epoch. */
  created: number
  /** The present time, in milliseconds since the Unix epoch. */
  seen: number
  /** The places of the session in the store's indexes, in the order of the options. */
  indexed: Array<IndexedValue>
}

/**
 * Reads the session in the `sess` and `expires` attributes of an item in connect-dynamodb's format.
 * `null` if the item holds no session, or if the session has ended. `now` is in milliseconds since the
 * Unix epoch.
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
  /** `true`: merge operations under load. */
  batch: boolean
  /** Merging starts when more than this many operations are pending. */
  batchThreshold: number
  /** Capacity units of the table, if the store creates it. If neither is set, the table is on demand. */
  readCapacityUnits?: number
  writeCapacityUnits?: number
  /** Settings of the table, if the store creates it. */
  createTable?: CreateTableOptions
  codecs?: CodecOptions
}

/** The value of a special key: not set, a text, a number, bytes, or a value of another type. */
export type SpecialArgument = string | number | Buffer | OtherValue

/** A session key whose value is also stored in an attribute of its own. */
export interface SpecialKeyOption {
  name: string
  /** `S`, `N` or `B`. */
  type: string
}

/** A page of a sweep. */
export interface SweepPage {
  /** The number of items that DynamoDB has read, also those that are no sessions of the sweep. */
  read: number
  /** The number of sessions that belong to the sweep. */
  sessions: number
  deleted: number
  /** For `list` and `listAll`. */
  listed: Array<ListedSession>
  /** The sessions that cannot be decoded, if the request keeps them. */
  unreadable: Array<UnreadableSession>
  /** The ids of the sessions as they stand in the table, for `ids`. */
  ids: Array<string>
  /** The keys of the deleted items, if the request asks for them. */
  keys: Array<string>
  /** The first failure of a deletion, after all others were tried. */
  failure?: Failure
  /** The capacity units of the read. Not set if they were not asked for, or if the answer lacks them. */
  readUnits?: number
  /** The capacity units of the deletions, as `readUnits`. */
  writeUnits?: number
  /** The place at which the next page of the segment begins: a key. Not set after the last page. */
  next?: string
}

/** A page of a sweep, which JavaScript asks for. */
export interface SweepRequest {
  /** `listAll`: also the sessions that have ended and can still be read. `countEnded`: counts what `reap` deletes. */
  sweep: 'list' | 'listAll' | 'ids' | 'count' | 'clear' | 'reap' | 'countEnded'
  /** The number of the segment, which begins at 0. */
  segment: number
  segments: number
  /** The `next` of the page before. Not set for the first page of a segment. */
  start?: string
  /** The largest number of items that are read. Not set: as many as DynamoDB puts into a page, up to 1 MB. */
  most?: number
  /** Whether the result has the capacity units of the page. */
  countsUnits: boolean
  /** For `list` and `listAll`: whether sessions that cannot be decoded are a part of the result, and not its failure. */
  keepsUnreadable: boolean
  /** Whether the result has the keys of the deleted items. */
  withKeys: boolean
}

/** The billing mode of a table, and a problem of its index. */
export interface TableState {
  /** `true`: the table is on demand, and its capacities are 0. */
  onDemand: boolean
  readCapacityUnits: number
  writeCapacityUnits: number
  /** If the store needs an index: the problem with this index, if any. */
  indexFailure?: Failure
}

/** A tag of a table. */
export interface TagOption {
  Key: string
  Value: string
}

/** An event of a store's requests. Times are in milliseconds. The members that belong to the other kinds are not set. */
export interface TelemetryEvent {
  kind: 'begin' | 'end' | 'retry' | 'throttle' | 'credentials' | 'connection'
  /** The number of the request, in its store. */
  request: number
  /** DynamoDB's name of the operation. */
  operation?: string
  /** The number of items in the request. */
  items?: number
  /** The contexts of the calls that the request is for, see `NativeStore.enter`. */
  contexts?: Array<number>
  /** The longest time that a call has waited for the request, its first; not set for a request about the table. */
  queued?: number
  /** The time of the event, since the Unix epoch. */
  at?: number
  /**
   * The time that the request, the source of credentials or the connection took; for a closed connection, the time
   * that it was open.
   */
  took?: number
  /** The path of a request that has ended: `fast`, `sdk` or `client`. */
  path?: string
  /** The number of attempts; of a retry: the number of the attempt that begins. */
  attempts?: number
  /** The bytes of the bodies that were sent. */
  sent?: number
  /** The bytes of the bodies that were received. */
  received?: number
  /** The host and port of the service. */
  host?: string
  /** The IP address at the other end of a connection. */
  peer?: string
  /** The id that DynamoDB gave the request. */
  requestId?: string
  /** The HTTP status of the last answer. */
  status?: number
  /** The capacity units that DynamoDB has reported. */
  capacity?: number
  /** The code of the error of a request; the reason of a retry; the reason why a connection was not opened. */
  error?: string
  /** The error of a request, of throttling or of credentials. */
  failure?: Failure
  /** The name of the source of credentials. */
  source?: string
  /** The end of credentials, since the Unix epoch. */
  expires?: number
  /** The change of a connection: `open`, `close` or `error`. */
  change?: string
}

/** DynamoDB's reason for throttling a request. */
export interface ThrottlingReason {
  reason: string
  /** The ARN of the table or the index. */
  resource: string
}

/** The steps from a table's present time to live to the one that a store wants. */
export interface TimeToLivePlan {
  /** The attribute to which the store has to write the end of a session from now on. */
  attribute: string
  /** `true`: turn time to live on; `false`: turn it off. Not set: leave it. */
  change?: boolean
}

/** A table's time to live. */
export interface TimeToLiveState {
  /** DynamoDB's name for its status, such as `ENABLED`. */
  status: string
  attribute?: string
}

/** The marks that a store keeps of its sessions. */
export interface TrackingOptions {
  /** The milliseconds after which a session ends, however often it is touched or saved. */
  absoluteTtl?: number
  indexes: Array<SessionIndexOption>
}

/** A session that cannot be decoded. */
export interface UnreadableSession {
  /** The id, as it stands in the table. */
  sid: string
  failure: Failure
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
