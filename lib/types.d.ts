/** The declarations that all stores share. */

/** The lifetime in milliseconds of a session that has none of its own. */
export type TimeToLive<Session> = number | ((session: Session) => number);

/**
 * A `DynamoDBClient` of `@aws-sdk/client-dynamodb`, an `AWS.DynamoDB` of `aws-sdk`, a client of
 * DAX, or any object with the methods of one: `send`, or `getItem` and the others, which answer by
 * callback, by a promise or by an object with `promise()`. If it is an
 * `AWS.DynamoDB.DocumentClient` of `aws-sdk`, the store uses the client inside it.
 */
export type AwsClient =
  | { send(...args: never): unknown }
  | { getItem(...args: never): unknown }
  | { describeTable(...args: never): unknown }
  | { createSet(...args: never): unknown; get(...args: never): unknown };

/** A client of either SDK. Neither SDK has to be installed, so this type cannot name one. */
// biome-ignore lint/suspicious/noExplicitAny: it is what the user knows it to be.
export type Client = any;

/**
 * The sender of the requests: the addon (`'native'`), or the `client`, which the store calls for
 * each request (`'client'`).
 */
export type Transport = 'native' | 'client';

/** A setting, or a function that returns the setting or a promise of it, as in aws-sdk v3. */
export type Provided<T> = T | (() => T | Promise<T>);

/** Credentials, in the form of both AWS SDKs for JavaScript. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** The AWS account of the keys, 12 digits: see `accountIdEndpointMode`. */
  readonly accountId?: string;
  /** The end of the credentials. The store asks the provider again before it. */
  readonly expiration?: Date;
}

/**
 * Settings of an AWS SDK for JavaScript that only a client of that SDK can follow. If one of these
 * is set, the store makes such a client, and sends its requests through it.
 */
export type ClientSetting =
  // Of v3.
  | 'authSchemePreference'
  | 'cacheMiddleware'
  | 'credentialDefaultProvider'
  | 'defaultsMode'
  | 'defaultUserAgentProvider'
  | 'disableClockSkewCorrection'
  | 'disableHostPrefix'
  | 'endpointProvider'
  | 'extensions'
  | 'httpAuthSchemeProvider'
  | 'httpAuthSchemes'
  | 'retryStrategy'
  | 'sha256'
  | 'signer'
  | 'signerConstructor'
  | 'signingRegion'
  | 'tls'
  | 'urlParser'
  | 'useGlobalEndpoint'
  // Of v2.
  | 'clientSideMonitoring'
  | 'correctClockSkew'
  | 'credentialProvider'
  | 'endpointCacheSize'
  | 'maxRedirects'
  | 'params'
  | 'retryDelayOptions'
  | 'signatureVersion'
  | 'sslEnabled'
  // Of both.
  | 'endpointDiscoveryEnabled'
  | 'logger'
  | 'systemClockOffset';

/**
 * Settings for the internal work of aws-sdk v2. If the store makes no client of aws-sdk v2, they
 * have no effect.
 */
export type OwnWorkSetting =
  | 'apiVersion'
  | 'apiVersions'
  | 'computeChecksums'
  | 'convertResponseTypes'
  | 'dynamoDbCrc32'
  | 'hostPrefixEnabled'
  | 'paramValidation'
  | 'signatureCache';

/** The connection settings: those that the constructors of both AWS SDKs for JavaScript take. */
export interface DynamoConfig extends Partial<Record<ClientSetting | OwnWorkSetting, unknown>> {
  /**
   * The AWS region of the table.
   * @default the AWS environment's, else 'us-east-1' with a `warning`
   */
  region?: Provided<string>;
  /**
   * The address of DynamoDB: a URL such as `http://localhost:8000`, an `AWS.Endpoint`, or an
   * endpoint of aws-sdk v3.
   * @default the AWS environment's, else AWS's own
   */
  endpoint?: Provided<
    | string
    | { readonly href: string }
    | { readonly hostname: string }
    | { readonly url: { readonly href: string } }
  >;
  /**
   * Credentials, or an asynchronous function that returns them. The store calls the function when
   * it first needs credentials, and again before they expire. An `AWS.Credentials` of aws-sdk v2
   * works too.
   * @default the AWS environment's
   */
  credentials?:
    | AwsCredentials
    | (() => Promise<AwsCredentials>)
    | { get(callback: (error?: Error) => void): void };
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  /** The AWS account of the keys, 12 digits: see `accountIdEndpointMode`. */
  accountId?: string;
  /**
   * The name of the profile in the AWS configuration files.
   * @default the AWS environment's
   */
  profile?: string;
  /**
   * The maximum number of attempts for a request, including the first.
   * @default the AWS environment's, else 3. If neither is set, the store sends a request that
   *   DynamoDB throttles again until the deadline of its call
   */
  maxAttempts?: Provided<number>;
  /** The maximum number of retries: `maxAttempts` without the first attempt. From aws-sdk v2. */
  maxRetries?: number;
  /**
   * Milliseconds that one attempt may take.
   * @default 3000
   */
  requestTimeout?: number;
  /**
   * Milliseconds that a connection may take to open.
   * @default 1000
   */
  connectTimeout?: number;
  /**
   * The URL of the proxy for all requests, including those for credentials:
   * `http://proxy.example.com:3128`, or `https:` if the proxy speaks TLS. If `user:password@`
   * stands before the host, the store sends both to the proxy.
   *
   * If this is not set, and Node follows the variables `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`
   * (`NODE_USE_ENV_PROXY=1` or `--use-env-proxy`), so does the store. See docs/PROXY.md.
   */
  proxy?: string | URL;
  /**
   * `standard` or `adaptive`. In both modes, the store slows down for a table that throttles. With
   * `adaptive`, the AWS SDK for Rust makes every request, which takes more CPU time.
   * @default 'standard'
   */
  retryMode?: Provided<string>;
  /**
   * `requestTimeout` (as `timeout`) and `connectTimeout`, in milliseconds, under their names in
   * aws-sdk v2. If it has any other setting, such as an `agent`, the store makes a client of v2 and
   * sends its requests through that.
   */
  httpOptions?: { timeout?: number; connectTimeout?: number; agent?: object; proxy?: unknown };
  /**
   * `requestTimeout` and `connectTimeout` (as `connectionTimeout`), in milliseconds, under their
   * names in aws-sdk v3. If it has any other setting, the store makes a client of v3 and sends its
   * requests through that.
   */
  requestHandler?: object;
  /**
   * `true`: ignore `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB` and an `endpoint_url` of the
   * profile.
   * @default false
   */
  ignoreConfiguredEndpointUrls?: boolean;
  /**
   * `true`: use AWS's endpoint with IPv4 and IPv6.
   * @default the AWS environment's, else `false`
   */
  useDualstackEndpoint?: Provided<boolean>;
  /**
   * `true`: use AWS's endpoint with cryptography as FIPS 140 demands it.
   * @default the AWS environment's, else `false`
   */
  useFipsEndpoint?: Provided<boolean>;
  /**
   * Whether to use the endpoint of the account to which the credentials belong: `preferred`,
   * `required` or `disabled`.
   * @default 'preferred'
   */
  accountIdEndpointMode?: Provided<string>;
  /** An addition to the `user-agent` of each request: a text, or pairs of a name and a version. */
  customUserAgent?: string | readonly (readonly [string, string?])[];
  /**
   * The application's name in the `user-agent` of each request, `app/<name>`.
   * @default `AWS_SDK_UA_APP_ID`, or `sdk_ua_app_id` of the profile
   */
  userAgentAppId?: Provided<string>;
}

/**
 * Settings for a table that the store creates. Their names and shapes are AWS's: those of
 * CreateTable, and of UpdateContinuousBackups for point-in-time recovery. If a setting is not set,
 * DynamoDB chooses. A field that is not listed here is a `TypeError`.
 *
 * @example
 * const createTable: CreateTableSettings = {
 *   DeletionProtectionEnabled: true,
 *   PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
 *   SSESpecification: { Enabled: true, KMSMasterKeyId: 'alias/sessions' },
 *   Tags: [{ Key: 'team', Value: 'web' }],
 * };
 */
export interface CreateTableSettings {
  /**
   * `true`: DynamoDB refuses to delete the table.
   * @default false
   */
  readonly DeletionProtectionEnabled?: boolean;
  /**
   * The maximum read and write request units per second of a table on demand, each at least 1. If
   * the table has capacity units, this is a `TypeError`. Indexes get the same maximum.
   * @default no maximum but the account's
   */
  readonly OnDemandThroughput?: {
    readonly MaxReadRequestUnits?: number;
    readonly MaxWriteRequestUnits?: number;
  };
  /**
   * `PointInTimeRecoveryEnabled: true`: the table can be restored to any second of the last
   * `RecoveryPeriodInDays` (1 to 35 days). The store turns this on after it has created the table;
   * calls do not wait for it. If DynamoDB refuses, the store emits `warning`.
   * @default { PointInTimeRecoveryEnabled: false, RecoveryPeriodInDays: 35 }
   */
  readonly PointInTimeRecoverySpecification?: {
    readonly PointInTimeRecoveryEnabled: boolean;
    readonly RecoveryPeriodInDays?: number;
  };
  /**
   * The key that encrypts the table. `Enabled: true`: the key of AWS KMS that DynamoDB manages in
   * your account. `KMSMasterKeyId`: a key of your own (its id, ARN or alias).
   * @default a key that DynamoDB owns
   */
  readonly SSESpecification?: {
    readonly Enabled?: boolean;
    readonly KMSMasterKeyId?: string;
    readonly SSEType?: 'KMS';
  };
  /**
   * The table class.
   * @default 'STANDARD'
   */
  readonly TableClass?: 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS';
  /** Tags of the table, for example to share out its costs. */
  readonly Tags?: ReadonlyArray<{ readonly Key: string; readonly Value: string }>;
  /**
   * The read and write units per second that the table takes from the beginning. Indexes get
   * the same. If the store calls a client of aws-sdk v2, the client refuses this setting.
   * @default DynamoDB's own
   */
  readonly WarmThroughput?: {
    readonly ReadUnitsPerSecond?: number;
    readonly WriteUnitsPerSecond?: number;
  };
}

/** A failure of the store, of DynamoDB, or of the connection between them. */
export declare class SessionStoreError extends Error {
  /**
   * A stable code: DynamoDB's name for the error, such as `ResourceNotFoundException` or
   * `ProvisionedThroughputExceededException`, or one of `ERR_SESSION_TIMEOUT`,
   * `ERR_SESSION_UNREACHABLE`, `ERR_SESSION_CREDENTIALS`, `ERR_SESSION_SETTINGS`,
   * `ERR_SESSION_CLIENT`, `ERR_SESSION_SERIALIZE`, `ERR_SESSION_SPECIAL_KEY`,
   * `ERR_SESSION_TABLE_KEY`, `ERR_SESSION_TABLE_INDEX`,
   * `ERR_SESSION_INDEX_VALUE`, `ERR_SESSION_LIMIT`, `ERR_SESSION_TABLE_STATUS`,
   * `ERR_SESSION_VALUE`, `ERR_SESSION_TOO_LARGE`, `ERR_SESSION_CONFLICT`,
   * `ERR_SESSION_DECRYPT`, `ERR_SESSION_DECODE`, `ERR_SESSION_KEYS`,
   * `ERR_SESSION_LOCKED`, `ERR_SESSION_LOCK_LOST`,
   * `ERR_SESSION_SHORT_ID`, `ERR_SESSION_TIME_TO_LIVE`,
   * `ERR_SESSION_REGION`, `ERR_SESSION_COPY`, `ERR_SESSION_OVERLOADED`,
   * `ERR_SESSION_CLOSED`, `ERR_SESSION_INTERNAL`, `ERR_SESSION_ADDON`. docs/ERRORS.md explains
   * each.
   */
  readonly code: string;
  /** `true`: the same call may succeed a little later. */
  readonly retryable: boolean;
  /** AWS's id of the request, by which AWS support finds it. */
  readonly requestId?: string;
  /**
   * The HTTP status of DynamoDB's answer, under the same name as in the AWS SDK for JavaScript v3.
   * If the store calls a client of v3: the whole `$metadata` of the client's error.
   */
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly attempts?: number;
    readonly totalRetryDelay?: number;
  };
  /**
   * The reasons why DynamoDB has throttled the request, if DynamoDB gives any: see
   * docs/THROTTLING.md.
   *
   * @example [{ reason: 'TableWriteProvisionedThroughputExceeded', resource: 'arn:aws:dynamodb:…' }]
   */
  readonly throttlingReasons?: readonly ThrottlingReason[];
}

/** A reason why DynamoDB has throttled a request. */
export interface ThrottlingReason {
  /** DynamoDB's name for the reason, such as `TableWriteProvisionedThroughputExceeded`. */
  readonly reason: string;
  /** The ARN of the throttled table or index. */
  readonly resource: string;
}

export type CallbackError = Error | undefined | null;

/** The event `create`, `destroy` or `expire` of a session. */
export interface SessionEvent {
  /** Names the session. It is the same in all processes, and does not tell the session's id. */
  readonly handle: string;
}
