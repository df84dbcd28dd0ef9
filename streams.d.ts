/** A change of a session, by a record of DynamoDB Streams. */
export interface SessionChange {
  /**
   * - `create`: the session was saved for the first time.
   * - `change`: the session was saved again, or its end was moved.
   * - `destroy`: the session was deleted before its end, by a logout for example.
   * - `expire`: DynamoDB's time to live has deleted the session, or the session was deleted after its
   *   end, by `reap()` for example. To recognise the second, the stream needs old images.
   */
  readonly type: 'create' | 'change' | 'destroy' | 'expire';
  /** The handle of the session, as in the events of a store. It does not tell the session's id. */
  readonly handle: string;
  /** The approximate time of the change; `undefined` if the record has none. */
  readonly time: Date | undefined;
  /** The end of the session; `undefined` if the stream has no images or the session has no end. */
  readonly expires: Date | undefined;
}

/** A record of DynamoDB Streams, as AWS Lambda or the AWS SDK for JavaScript gives it. */
export interface StreamRecord {
  readonly eventName?: string;
  readonly dynamodb?: object;
  readonly userIdentity?: object;
}

/** The options of {@link readStreamRecord}. */
export interface StreamOptions {
  /**
   * The prefix of the store's keys. Records of items with another prefix are no sessions.
   * @default ''
   */
  readonly prefix?: string;
  /**
   * The attribute that holds the end of a session: for Koa, `table.ttlKey`.
   * @default 'expires'
   */
  readonly expires?: string;
}

/**
 * Tells the change of a session that a record of DynamoDB Streams is about. Does not load the addon, so a
 * function for AWS Lambda needs no package of its platform.
 *
 * Throws a `TypeError` with the code `ERR_INVALID_ARG_VALUE` if the argument is no such record.
 *
 * @returns the change; `undefined` if the record is about another item, such as a lock
 * @example
 * exports.handler = async ({ Records }) => {
 *   for (const record of Records) {
 *     const change = readStreamRecord(record, { prefix: 'sess:' });
 *     if (change?.type === 'expire') console.log(`session ${change.handle} has expired`);
 *   }
 * };
 */
export function readStreamRecord(
  record: StreamRecord,
  options?: StreamOptions,
): SessionChange | undefined;
