/** The options that stores share. */

import type { CodecOptions } from './codecs';
import type { HashedIdOptions } from './hashed-ids';
import type { MarkOptions } from './marks';
import type { CapacityOption } from './monitoring';
import type { AwsClient, CreateTableSettings, DynamoConfig, Transport } from './types';

/** The options of all stores. */
export interface CommonOptions extends CodecOptions, CapacityOption {
  /**
   * The sender of the requests. `'native'`: the addon. `'client'`: the `client`, which the store
   * calls for each request. If the store cannot adopt the client, `'native'` fails with a
   * `TypeError` that gives the reason.
   * @default 'native'; 'client' if the client was customised
   */
  transport?: Transport;
  /**
   * More settings for a table that the store creates, under AWS's own names: deletion protection,
   * point-in-time recovery, a key of AWS KMS, a table class, tags, warm throughput, and a maximum
   * for requests on demand. If the table exists already, they have no effect.
   * @example
   * const options = { createTable: { DeletionProtectionEnabled: true } };
   */
  createTable?: CreateTableSettings;
  /**
   * `true`: under load, the store merges operations: it sends several in one request, reads as
   * BatchGetItem and writes as BatchWriteItem, at the same price in capacity units. If the role
   * has no permission for these two, the store notices this and sends single requests.
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
   * The maximum number of this store's calls that wait for their outcome, at least 1. A call
   * counts while its request is in flight, while it waits in the queue, and while it waits for
   * the table. A further call fails at once with `ERR_SESSION_OVERLOADED`, and the store sends
   * nothing for it.
   * @default 20000
   */
  maxPendingCalls?: number;
  /**
   * `true`: while DynamoDB does not answer, calls fail at once, with an error that says what is
   * wrong. An outage begins when five attempts in a row have failed over half a second or more.
   * It ends with the first answer to a probe: a request that the store sends by itself. Stores in
   * the same process share an outage if they reach the same address. `false`: the store tries
   * every call, and emits no events of outages.
   * @default true
   */
  breaker?: boolean;
  /**
   * Milliseconds that calls wait for the source of the credentials before they fail with
   * `ERR_SESSION_CREDENTIALS`. The store asks the source once for all calls, and does not
   * interrupt it: once the source has answered, the store sends requests again. This time does
   * not count towards `requestTimeout`, which limits single attempts.
   * @default nine tenths of `operationTimeout`
   */
  credentialsTimeout?: number;
  /**
   * The id of a session that never exists. During an outage the store reads this id (under the
   * `prefix`, if the store has one) to find out whether DynamoDB answers again. Set it if the IAM
   * policy allows only some keys (`dynamodb:LeadingKeys`) and the default is not one of them. At
   * most 2,048 bytes.
   * @default 'dynamo-session-store:probe'
   */
  probeKey?: string;
}

/** The options of the stores for web frameworks: of Express's and of Koa's. */
export interface WebOptions<Session> extends CommonOptions, HashedIdOptions, MarkOptions<Session> {
  /**
   * A client of either AWS SDK for JavaScript: a `DynamoDBClient` of v3 or an `AWS.DynamoDB` of
   * v2. If the client was not customised, the store adopts it: the store reads the client's
   * settings, and the addon sends the requests. If the client was customised, the store calls the
   * client for each request: see `transport`.
   */
  client?: AwsClient;
  /**
   * The connection settings, if `client` is not set. For each setting that is missing here, the
   * AWS environment decides: variables, profile files, container and instance roles.
   */
  dynamoConfig?: DynamoConfig;
  /**
   * The path of a JSON file with the same settings as `dynamoConfig`, relative to the working
   * directory. The store reads the file at construction. From connect-dynamodb 2.x.
   */
  AWSConfigPath?: string;
  /** The same settings as `dynamoConfig`. From connect-dynamodb 2.x. */
  AWSConfigJSON?: DynamoConfig;
  /** The AWS region of the table. From connect-dynamodb 2.x. */
  AWSRegion?: string;
  /**
   * `true`: a table that the store creates is billed on demand, and capacity units have no
   * effect.
   * @default false
   */
  payPerRequest?: boolean;
  /**
   * `true`: reads are strongly consistent. `false`: reads are eventually consistent. They cost
   * half, and may miss a login of a moment ago.
   * @default true
   */
  consistentRead?: boolean;
  /**
   * `true`: the store emits `disconnect` when an outage begins and `connect` when it ends. In
   * between, express-session passes requests on without `request.session`, and
   * koa-generic-session lets requests wait. Set it only if the application is written for this.
   * Needs `breaker`.
   * @default false
   */
  disconnectEvents?: boolean;
  /**
   * A time in milliseconds. If a touch would move the end of a session by less than this, the
   * store does not write the touch. A `set` of an unchanged session counts as a touch. A session
   * may therefore end early, by less than this time, and never late. `'auto'`: a twentieth of the
   * session's lifetime. `0`: the store writes every touch. The store never uses more than half of
   * the lifetime. dynamodb-store has an option of the same name.
   *
   * The option needs a framework that tells the store which request a session belongs to, as
   * express-session, @fastify/session and koa-session 6 and 7 do. With other frameworks, the
   * store writes every touch.
   * @default 'auto'
   * @example
   * new DynamoDBStore({ touchInterval: 60_000 });
   */
  touchInterval?: number | 'auto';
  /**
   * What the store does if another request has changed the session since this request read it.
   *
   * `'merge'`: for each top-level key, if this request changed it, this request's value wins;
   * otherwise the stored value stays. If both requests changed it, the value that is saved second
   * therefore counts. Nested values are not merged. The lifetime counts as a key. `'error'`:
   * `set` fails with `ERR_SESSION_CONFLICT` and writes nothing. `'overwrite'`: the store writes
   * the session as it is, as connect-dynamodb and koa-session-dynamodb-store do.
   *
   * If the session was destroyed meanwhile, the store never writes it.
   * @default 'merge'
   */
  conflict?: 'merge' | 'overwrite' | 'error';
  /**
   * The keys of the session that name its user. Each is a key, or a path of keys such as
   * `account.id`. If two requests have given the session to two users, the store does not merge
   * the two: the login that is saved last counts, with its whole session. A value may be an id,
   * or an object with an id (`id`, `_id`, `userId`, `user`, `sub`, `uid`, `username` or `email`).
   * `[]`: the store merges every key on its own.
   * @default ['passport', 'user', 'userId']
   * @example
   * new DynamoDBStore({ identityKeys: ['account.id'] });
   */
  identityKeys?: readonly string[];
}
