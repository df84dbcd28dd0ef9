/** What the declarations of all stores share. */

/** How long a session without a lifetime of its own lives, in milliseconds. */
export type TimeToLive<Session> = number | ((session: Session) => number);

/** A `DynamoDBClient` of `@aws-sdk/client-dynamodb`, or an `AWS.DynamoDB` of `aws-sdk`. */
export type AwsClient = { readonly config: object } & (
  | { send(...args: never): unknown }
  | { getItem(...args: never): unknown }
);

/** Credentials, as both AWS SDKs for JavaScript have them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When to ask the provider again. */
  readonly expiration?: Date;
}

/** How to reach DynamoDB. */
export interface DynamoConfig {
  /** @default the AWS environment's, else 'us-east-1' */
  region?: string;
  /** A URL, such as `http://localhost:8000`; an `AWS.Endpoint`. */
  endpoint?: string | { readonly href: string };
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
  /** The profile to read in the AWS configuration files. */
  profile?: string;
  /**
   * How often a request is sent at most, the first time included.
   * @default the AWS environment's, else 3
   */
  maxAttempts?: number;
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
  /** `requestTimeout` and `connectTimeout` under the names of aws-sdk v2. */
  httpOptions?: { timeout?: number; connectTimeout?: number };
  useDualstackEndpoint?: boolean;
  useFipsEndpoint?: boolean;
}

/** A failure of the store, of DynamoDB or of the way there. */
export declare class SessionStoreError extends Error {
  /**
   * Stable: DynamoDB's name for the error, such as `ResourceNotFoundException` or
   * `ProvisionedThroughputExceededException`, or one of `ERR_SESSION_TIMEOUT`,
   * `ERR_SESSION_UNREACHABLE`, `ERR_SESSION_CREDENTIALS`, `ERR_SESSION_SETTINGS`,
   * `ERR_SESSION_SERIALIZE`, `ERR_SESSION_SPECIAL_KEY`, `ERR_SESSION_TABLE_KEY`,
   * `ERR_SESSION_TABLE_STATUS`, `ERR_SESSION_VALUE`, `ERR_SESSION_TIME_TO_LIVE`,
   * `ERR_SESSION_CLOSED`.
   */
  readonly code: string;
  /** Whether the same call may succeed a little later. */
  readonly retryable: boolean;
  /** The id by which AWS support finds the request. */
  readonly requestId?: string;
  /** The HTTP status of DynamoDB's answer, where the AWS SDK for JavaScript v3 has it. */
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

export type CallbackError = Error | undefined | null;
