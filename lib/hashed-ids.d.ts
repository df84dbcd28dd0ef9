/** The declarations of the option `hashIds`, which the stores for web frameworks share. */

/** A secret: a text, whose UTF-8 bytes count, or bytes. At least 32 bytes. */
export type IdSecret = string | Uint8Array;

/** The option `hashIds`. See docs/HASHED-IDS.md. */
export interface HashIdsOptions {
  /**
   * The secret of the hash. In an array of up to ten secrets, the first hashes the ids of sessions that
   * are written; sessions under hashes by the others are found, and move. If all secrets are replaced,
   * all sessions end.
   */
  readonly secret: IdSecret | readonly IdSecret[];
  /**
   * `true`: sessions under plain ids are found, and move to their hashed ids when they are first
   * read, saved or touched. Not with `write: false`.
   * @default false
   */
  readonly migrate?: boolean;
  /**
   * `false`: sessions are written under plain ids, and sessions under hashed ids are found and move
   * back. For the first step of turning the option on while several processes run, and for turning it
   * off.
   * @default true
   */
  readonly write?: boolean;
}

/** The option for the ids in the table. */
export interface HashedIdOptions {
  /**
   * Puts an HMAC of each session id into the table in place of the id, so that a backup, an export or
   * a scan of the table gives nobody a session. `ids()` and `all()` then give handles, as
   * `sessionsOf()` does. The replaced packages cannot find such sessions.
   * @default ids stand in the table as they are
   * @example
   * new DynamoDBStore({ hashIds: { secret: process.env.SESSION_ID_SECRET } });
   */
  hashIds?: HashIdsOptions;
}
