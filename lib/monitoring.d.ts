/** The declarations of the channels and the counters, which all stores share. See docs/MONITORING.md. */

/** The names of the diagnostics channels. */
export interface Channels {
  /**
   * A call of a store, for `tracingChannel` of `node:diagnostics_channel`. The messages are
   * {@link OperationMessage}.
   */
  readonly OPERATION: 'dynamo-session-store:operation';
  /** A request to DynamoDB, for `tracingChannel`. The messages are {@link RequestMessage}. */
  readonly REQUEST: 'dynamo-session-store:request';
  /** A request is sent once more: {@link RetryMessage}. */
  readonly RETRY: 'dynamo-session-store:retry';
  /** DynamoDB has throttled a request: {@link ThrottleMessage}. */
  readonly THROTTLE: 'dynamo-session-store:throttle';
  /** An outage has begun or has ended: {@link BreakerMessage}. */
  readonly BREAKER: 'dynamo-session-store:breaker';
  /** A source has given credentials, or has failed: {@link CredentialsMessage}. */
  readonly CREDENTIALS: 'dynamo-session-store:credentials';
  /** A connection was opened or closed, or could not be opened: {@link ConnectionMessage}. */
  readonly CONNECTION: 'dynamo-session-store:connection';
  /** A table was found, created or lost: {@link TableMessage}. */
  readonly TABLE: 'dynamo-session-store:table';
}

/** The attributes that the messages of calls and of requests have in common, by OpenTelemetry's names. */
export interface CommonMessage {
  readonly 'db.system.name': 'aws.dynamodb';
  /** The name of the table. */
  readonly 'db.collection.name': string;
  readonly 'aws.dynamodb.table_names': readonly string[];
}

/** The context of a traced call or request. The members that are known at its end are set before `asyncEnd`. */
export interface TracedMessage extends CommonMessage {
  /** The beginning, in milliseconds since the Unix epoch. */
  readonly startTime: number;
  /** The time from the beginning to the end, in milliseconds. */
  duration?: number;
  /** `ok`, or the code of the error. */
  outcome?: string;
  /** The code of the error, if the call or the request has failed. */
  'error.type'?: string;
  /** The error, from the event `error` on. */
  error?: Error;
}

/** The context of a call on the channel `OPERATION`. */
export interface OperationMessage extends TracedMessage {
  /**
   * The kind of the call: `get`, `set`, `touch` (also a `set` that changes only the end), `destroy`, `destroyMany`,
   * `all`, `length`, `ids`, `clear`, `reap`, `sessions` (a page of it), `find`, `sessionsOf`, `destroyOf`, `lock` (an
   * attempt to get a lock).
   */
  readonly 'db.operation.name': string;
  /** The milliseconds until its first request for an item began, with the wait for the table. */
  queueTime?: number;
  /** The bytes of the session, as JSON. Of `get`: of the session that was read. */
  itemBytes?: number;
  /**
   * The number of requests that were made for the call, alone or with other calls. 0 if the call shares a read that was
   * in flight already, with `consistentRead: false`.
   */
  requests: number;
  /** The number of attempts of these requests. */
  attempts: number;
}

/** The context of a request on the channel `REQUEST`. */
export interface RequestMessage extends TracedMessage {
  /** DynamoDB's name of the operation, such as `GetItem`. */
  readonly 'db.operation.name': string;
  /** The number of items, if it is more than 1. */
  readonly 'db.operation.batch.size'?: number;
  /** The calls that the request is for. Empty for a request of the store's own. */
  readonly operations: readonly OperationMessage[];
  /**
   * The milliseconds that a call has waited in the queue for the request, if this is its first: of several calls, the
   * longest. Not set for a request about the table.
   */
  readonly queueTime?: number;
  /** Not set if a client sends the request: it has an endpoint of its own. */
  'server.address'?: string;
  'server.port'?: number;
  /** The AWS Region, if the address names it. */
  'cloud.region'?: string;
  /** The id that DynamoDB gave the request, for AWS support. */
  'aws.request_id'?: string;
  'http.response.status_code'?: number;
  /** DynamoDB's name for the error. Of a condition that does not hold, too, which is no failure. */
  'db.response.status_code'?: string;
  /** With the option `returnConsumedCapacity`: the consumed capacity, as JSON. */
  'aws.dynamodb.consumed_capacity'?: readonly string[];
  /** With the option `returnConsumedCapacity`: the consumed capacity units. */
  capacityUnits?: number;
  /**
   * The path of the request: `fast`, the store's own; `sdk`, the AWS SDK for Rust, for rare operations and after an
   * error; `client`, the client that the store calls. Not set if the request was not sent.
   */
  path?: 'fast' | 'sdk' | 'client';
  /** The number of times that the request was sent. */
  attempts?: number;
  /** The bytes of the bodies that were sent, in all attempts. */
  requestBytes?: number;
  /** The bytes of the bodies that were received. */
  responseBytes?: number;
}

/** A message about a request in flight. */
export interface RequestEvent extends CommonMessage {
  /** DynamoDB's name of the operation. Not known if the request began before anybody had subscribed. */
  readonly 'db.operation.name'?: string;
  /** The context of the request on the channel `REQUEST`. */
  readonly context?: RequestMessage;
}

/** A message on the channel `RETRY`. */
export interface RetryMessage extends RequestEvent {
  /** The number of the attempt that begins: 2 for the first retry. */
  readonly attempt: number;
  /** The reason: the code of the last attempt's error, `timeout` or `connection`. */
  readonly 'error.type'?: string;
}

/** A message on the channel `THROTTLE`. */
export interface ThrottleMessage extends RequestEvent {
  /** DynamoDB's name for the error. */
  readonly 'error.type': string;
  /** The error, with DynamoDB's reasons as `throttlingReasons` if it gives any. */
  readonly error: Error;
}

/** A message on the channel `BREAKER`. */
export interface BreakerMessage {
  /** The name of the table of the store. */
  readonly 'db.collection.name': string;
  /** `open`: calls fail at once from now on. `closed`: requests are sent again. */
  readonly state: 'open' | 'closed';
  readonly 'error.type'?: string;
  /** The error of the calls during the outage. */
  readonly error?: Error;
}

/** A message on the channel `CREDENTIALS`. Never with a credential. */
export interface CredentialsMessage {
  /** The name of the source. */
  readonly source: string;
  /** The milliseconds that the source took. */
  readonly duration: number;
  /** The end of the credentials; not set if they have none, or if the source has failed. */
  readonly expires?: Date;
  readonly 'error.type'?: string;
  readonly error?: Error;
}

/** A message on the channel `CONNECTION`. Stores with the same settings share connections. */
export interface ConnectionMessage {
  /** `error`: the connection could not be opened. */
  readonly state: 'open' | 'close' | 'error';
  readonly 'server.address': string;
  readonly 'server.port'?: number;
  /** The AWS Region, if the address names it. */
  readonly 'cloud.region'?: string;
  /** The IP address at the other end, which may be that of a proxy. */
  readonly 'network.peer.address'?: string;
  /** The milliseconds that opening took; of `close`: that the connection was open. */
  readonly duration: number;
  /** The reason why the connection could not be opened. */
  readonly message?: string;
}

/** A message on the channel `TABLE`. */
export interface TableMessage {
  /** The name of the table. */
  readonly 'db.collection.name': string;
  /** `lost`: a request has found no table. */
  readonly state: 'found' | 'created' | 'lost';
}

/** The counters of a store since it was made. */
export interface StoreStats {
  /** The time when the store was made. */
  readonly since: Date;
  /** `false` during an outage, while calls fail at once. */
  readonly available: boolean;
  /** The calls that have ended, by their kind: see `OperationMessage`. A kind without a call is missing. */
  readonly operations: Readonly<Record<string, OperationStats>>;
  /** The calls that have no outcome yet. Of a scan: its pages in flight. */
  readonly pending: number;
  /** The touches, and saves of unchanged sessions, that needed no write: see the option `touchInterval`. */
  readonly leftOut: number;
  /** The operations that were sent as one with another operation on the same item. */
  readonly merged: number;
  /** The requests that were sent and have ended, by DynamoDB's name of the operation; rare ones as `other`. */
  readonly requests: Readonly<Record<string, RequestStats>>;
  /** The requests in flight, with those that wait because the table throttles. */
  readonly inFlight: number;
  /** The number of times that requests were sent. */
  readonly attempts: number;
  /** The attempts after the first of each request. */
  readonly retries: number;
  /** The number of times that DynamoDB has throttled a request. */
  readonly throttled: number;
  /** The open connections at this moment. Stores with the same settings share them. */
  readonly connections: number;
  /** The bytes of the bodies of requests and answers. */
  readonly bytes: { readonly sent: number; readonly received: number };
  /** The consumed capacity units. 0 without the option `returnConsumedCapacity`. */
  readonly capacity: { readonly read: number; readonly write: number };
}

/** The outcomes of the calls of a kind. */
export interface OperationStats {
  readonly succeeded: number;
  readonly failed: number;
  /** The failed calls, by the code of their error. */
  readonly errors: Readonly<Record<string, number>>;
}

/** The requests for an operation of DynamoDB. */
export interface RequestStats {
  readonly requests: number;
  /** Those of them that have failed. If a condition did not hold, the request has not failed. */
  readonly failed: number;
  /** The items in them: more than `requests` if they were batches. */
  readonly items: number;
}

/** The option for the consumed capacity. */
export interface CapacityOption {
  /**
   * `true`: requests ask for the capacity units that they consume, for `stats()` and the channel `REQUEST`. Answers
   * become some 60 bytes longer; DynamoDB takes nothing for it.
   * @default false
   */
  returnConsumedCapacity?: boolean;
}

/** The method of all stores for their counters. */
export interface StatsMethod {
  /**
   * The counters of the store since it was made. Reads no table, and takes some microseconds.
   *
   * @example
   * app.get('/health', (_request, response) => {
   *   response.status(store.stats().available ? 200 : 503).end();
   * });
   */
  stats(): StoreStats;
}
