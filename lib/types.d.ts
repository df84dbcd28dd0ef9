/** What the declarations of all stores share. */

/** How long a session without a lifetime of its own lives, in milliseconds. */
export type TimeToLive<Session> = number | ((session: Session) => number);

/**
 * A `DynamoDBClient` of `@aws-sdk/client-dynamodb`, an `AWS.DynamoDB` of `aws-sdk`, a client of DAX,
 * or anything with the methods of one: `send`, or `getItem` and the others, which answer by
 * callback, by a promise or by an object with `promise()`. An `AWS.DynamoDB.DocumentClient` of
 * `aws-sdk` stands for the client in it.
 */
export type AwsClient =
  | { send(...args: never): unknown }
  | { getItem(...args: never): unknown }
  | { describeTable(...args: never): unknown }
  | { createSet(...args: never): unknown; get(...args: never): unknown };

/**
 * A client of whichever SDK it is. Neither SDK has to be installed, so there is no type to name.
 */
// biome-ignore lint/suspicious/noExplicitAny: it is what the user knows it to be.
export type Client = any;

/**
 * The way that requests go: `native`, out from the addon, or through the `client`.
 */
export type Transport = 'native' | 'client';

/** A setting, or a function that gives it or a promise of it, as aws-sdk v3 takes them. */
export type Provided<T> = T | (() => T | Promise<T>);

/** Credentials, as both AWS SDKs for JavaScript have them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** The account that the keys are of: see `accountIdEndpointMode`. */
  readonly accountId?: string;
  /** When to ask the provider again. */
  readonly expiration?: Date;
}

/**
 * Settings of an AWS SDK for JavaScript that only a client of that SDK can follow: one is made, and
 * requests go through it.
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

/** Settings of how aws-sdk v2 does its own work: of no effect where no client of it is made. */
export type OwnWorkSetting =
  | 'apiVersion'
  | 'apiVersions'
  | 'computeChecksums'
  | 'convertResponseTypes'
  | 'dynamoDbCrc32'
  | 'hostPrefixEnabled'
  | 'paramValidation'
  | 'signatureCache';

/**
 * How to reach DynamoDB: the settings that the constructors of both AWS SDKs for JavaScript take.
 */
export interface DynamoConfig extends Partial<Record<ClientSetting | OwnWorkSetting, unknown>> {
  /** @default the AWS environment's, else 'us-east-1' */
  region?: Provided<string>;
  /** A URL, such as `http://localhost:8000`; an `AWS.Endpoint`; an endpoint of aws-sdk v3. */
  endpoint?: Provided<
    | string
    | { readonly href: string }
    | { readonly hostname: string }
    | { readonly url: { readonly href: string } }
  >;
  /**
   * Credentials, or an asynchronous function that gives them: called when they are first
   * needed, and again before they expire. An `AWS.Credentials` of aws-sdk v2 will do.
   */
  credentials?:
    | AwsCredentials
    | (() => Promise<AwsCredentials>)
    | { get(callback: (error?: Error) => void): void };
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  /** The account that the keys are of: see `accountIdEndpointMode`. */
  accountId?: string;
  /** The profile to read in the AWS configuration files. */
  profile?: string;
  /**
   * How often a request is sent at most, the first time included.
   * @default the AWS environment's, else 3; without either, a request that DynamoDB throttles is sent
   * again until the deadline of its call
   */
  maxAttempts?: Provided<number>;
  /** As `maxAttempts`, without the first time. From aws-sdk v2. */
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
   * The proxy that all requests go through, those for credentials too: `http://proxy.example.com:3128`, or
   * `https:` if TLS is spoken with the proxy. `user:password@` before the host are sent to it.
   *
   * Without this, `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count if Node follows them:
   * `NODE_USE_ENV_PROXY=1` or `--use-env-proxy`. See docs/PROXY.md.
   */
  proxy?: string | URL;
  /**
   * `standard` or `adaptive`. In both, the store slows down for a table that throttles. With `adaptive`,
   * the SDK makes every request, which takes more CPU time.
   * @default 'standard'
   */
  retryMode?: Provided<string>;
  /**
   * `requestTimeout` and `connectTimeout` under the names of aws-sdk v2, in milliseconds. With
   * anything else, such as an `agent`, a client of v2 is made and requests go through it.
   */
  httpOptions?: { timeout?: number; connectTimeout?: number; agent?: object; proxy?: unknown };
  /**
   * `requestTimeout` and `connectTimeout` under the names of aws-sdk v3, in milliseconds. With
   * anything else, a client of v3 is made and requests go through it.
   */
  requestHandler?: object;
  /**
   * Whether `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB` and an `endpoint_url` of the profile are
   * left out of account.
   * @default false
   */
  ignoreConfiguredEndpointUrls?: boolean;
  useDualstackEndpoint?: Provided<boolean>;
  useFipsEndpoint?: Provided<boolean>;
  /**
   * Whether to use the endpoint of the account that the credentials name: `preferred`, `required`
   * or `disabled`.
   * @default 'preferred'
   */
  accountIdEndpointMode?: Provided<string>;
  /** What to add to the `user-agent` of each request: a text, or pairs of a name and a version. */
  customUserAgent?: string | readonly (readonly [string, string?])[];
  /**
   * The application's name in the `user-agent` of each request, `app/<name>`.
   * @default `AWS_SDK_UA_APP_ID`, or `sdk_ua_app_id` of the profile
   */
  userAgentAppId?: Provided<string>;
}

/**
 * What a table gets that the store creates. Names and shapes are AWS's: those of CreateTable, and of
 * UpdateContinuousBackups for point-in-time recovery. What is not set is DynamoDB's to choose. A field
 * that is not listed here is a `TypeError`.
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
   * Whether DynamoDB refuses to delete the table.
   * @default false
   */
  readonly DeletionProtectionEnabled?: boolean;
  /**
   * The most read and write units a second that a table on demand takes, at least 1; a `TypeError` for a
   * table with capacity units. Shopify's index gets the same.
   * @default no maximum but the account's
   */
  readonly OnDemandThroughput?: {
    readonly MaxReadRequestUnits?: number;
    readonly MaxWriteRequestUnits?: number;
  };
  /**
   * Whether the table can be restored to any second of the last `RecoveryPeriodInDays` (1 to 35). It is
   * turned on after the table was created, while calls go on. Where DynamoDB refuses it, the store emits
   * `warning`.
   * @default { PointInTimeRecoveryEnabled: false, RecoveryPeriodInDays: 35 }
   */
  readonly PointInTimeRecoverySpecification?: {
    readonly PointInTimeRecoveryEnabled: boolean;
    readonly RecoveryPeriodInDays?: number;
  };
  /**
   * The key that the table is encrypted with: `Enabled: true` is the key of AWS KMS that DynamoDB manages
   * in your account, `KMSMasterKeyId` one of your own (its id, ARN or alias).
   * @default a key that DynamoDB owns
   */
  readonly SSESpecification?: {
    readonly Enabled?: boolean;
    readonly KMSMasterKeyId?: string;
    readonly SSEType?: 'KMS';
  };
  /** @default 'STANDARD' */
  readonly TableClass?: 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS';
  readonly Tags?: ReadonlyArray<{ readonly Key: string; readonly Value: string }>;
  /**
   * The read and write units a second that the table takes from the beginning. Shopify's index gets the
   * same. A called client of aws-sdk v2 does not know it.
   * @default DynamoDB's own
   */
  readonly WarmThroughput?: {
    readonly ReadUnitsPerSecond?: number;
    readonly WriteUnitsPerSecond?: number;
  };
}

/** A failure of the store, of DynamoDB or of the way there. */
export declare class SessionStoreError extends Error {
  /**
   * Stable: DynamoDB's name for the error, such as `ResourceNotFoundException` or
   * `ProvisionedThroughputExceededException`, or one of `ERR_SESSION_TIMEOUT`,
   * `ERR_SESSION_UNREACHABLE`, `ERR_SESSION_CREDENTIALS`, `ERR_SESSION_SETTINGS`,
   * `ERR_SESSION_CLIENT`, `ERR_SESSION_SERIALIZE`, `ERR_SESSION_SPECIAL_KEY`, `ERR_SESSION_TABLE_KEY`,
   * `ERR_SESSION_TABLE_INDEX`, `ERR_SESSION_TABLE_STATUS`, `ERR_SESSION_VALUE`,
   * `ERR_SESSION_TIME_TO_LIVE`, `ERR_SESSION_OVERLOADED`, `ERR_SESSION_CLOSED`.
   */
  readonly code: string;
  /** Whether the same call may succeed a little later. */
  readonly retryable: boolean;
  /** The id by which AWS support finds the request. */
  readonly requestId?: string;
  /**
   * The HTTP status of DynamoDB's answer, where the AWS SDK for JavaScript v3 has it; all that a
   * client of v3 says where requests go through it.
   */
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly attempts?: number;
    readonly totalRetryDelay?: number;
  };
  /**
   * Why DynamoDB has throttled the request, where DynamoDB says so: see docs/THROTTLING.md.
   *
   * @example [{ reason: 'TableWriteProvisionedThroughputExceeded', resource: 'arn:aws:dynamodb:…' }]
   */
  readonly throttlingReasons?: readonly ThrottlingReason[];
}

/** A reason for which DynamoDB throttles. */
export interface ThrottlingReason {
  /** Such as `TableWriteProvisionedThroughputExceeded`. */
  readonly reason: string;
  /** The ARN of the table or the index. */
  readonly resource: string;
}

export type CallbackError = Error | undefined | null;
