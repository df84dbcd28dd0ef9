/** The declarations for the operations on all sessions of a table, which the stores share. */

/** The options of the methods that read the whole table. See docs/BIG-TABLES.md. */
export interface ScanOptions {
  /**
   * The number of parallel segments of the scan, 1 to 1000. At most 32 pages are read at the same time.
   * @default 1, or the number in the token of `resume`
   */
  readonly segments?: number;
  /**
   * The maximum number of capacity units a second, above 0: the read units of the scan, and the write
   * units of its deletions, as DynamoDB reports them. The call waits after each page until the page is
   * paid, and chooses the size of pages so that one costs a second's units at most.
   * @default no maximum
   */
  readonly capacityPerSecond?: number;
  /**
   * The `resume` of a `ScanProgress` of an earlier call of the same method, of a store with the same
   * table and prefix. The call goes on there, and its result has the rest only.
   */
  readonly resume?: string;
  /**
   * If it is aborted, the call stops after the pages and deletions in flight, and fails with the
   * signal's reason. The last event `progress` has the token to go on.
   */
  readonly signal?: AbortSignal;
}

/** The progress of a method that reads the whole table, after a page. The counts are those of this call. */
export interface ScanProgress {
  readonly operation: 'reap' | 'clear' | 'length' | 'ids' | 'sessions';
  readonly segments: number;
  /** The number of segments that were read to their end. */
  readonly segmentsDone: number;
  /** The number of items that DynamoDB has read, also those that are no sessions of the store. */
  readonly read: number;
  /** The number of sessions that the method has found: for `reap`, the ended ones. */
  readonly sessions: number;
  /** The number of deleted sessions, for `reap` and `clear`. */
  readonly deleted: number;
  /**
   * The capacity units of the call so far; `undefined` if the event had no listener when the call began,
   * or if a client of the application does not report them.
   */
  readonly capacity: number | undefined;
  /** Milliseconds since the call began. */
  readonly elapsed: number;
  /**
   * The token for the option `resume`. It has the ids of sessions: keep it like the table itself, and
   * out of logs. The property is not enumerable, so `JSON.stringify(progress)` leaves it out.
   */
  readonly resume: string;
}

/** A session of `sessions()`. */
export interface SessionOfTable<Session> {
  /** The session id; with the option `hashIds`, the handle of the session. */
  readonly sid: string;
  /** The handle of the session, as in `sessionsOf` and in events: a name for pages and logs. */
  readonly handle: string;
  readonly session: Session;
  /** The end of the session; `undefined` if it never ends. */
  readonly expires: Date | undefined;
  /** The beginning of the session; `undefined` without the options `absoluteTtl` and `indexes`. */
  readonly createdAt: Date | undefined;
  /** The last `set` or `touch` that was written; `undefined` without the option `indexes`. */
  readonly lastSeen: Date | undefined;
  /** The values of the session in the indexes of the option `indexes`, by the name of the index. */
  readonly indexed: Readonly<Record<string, IndexedValue | undefined>>;
}

/** The value of a session in an index. */
export interface IndexedValue {
  readonly value: string;
  /** The time at which the session got the value: the login. */
  readonly since: Date | undefined;
  /** The text from the option `label` of the index. */
  readonly label: string | undefined;
}
