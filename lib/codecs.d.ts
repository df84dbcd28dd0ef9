/** The declarations of the options `compress` and `encryption`. */

/** A key of 32 bytes: as such, or as text in base64, base64url or hex. */
export type EncryptionKey = Uint8Array | string;

/** The option `encryption`. See docs/ENCRYPTION.md. */
export interface EncryptionOptions {
  /**
   * The keys: the first encrypts, and each decrypts. Or a function that returns a promise of them,
   * from a secrets manager for example. The first calls of the store wait for the function, and fail
   * with `ERR_SESSION_KEYS` if it fails.
   */
  readonly keys:
    | readonly EncryptionKey[]
    | (() => readonly EncryptionKey[] | Promise<readonly EncryptionKey[]>);
  /**
   * The treatment of sessions that are not encrypted. `'refuse'`: reading one fails with
   * `ERR_SESSION_DECRYPT`.
   * @default 'read'
   */
  readonly plaintext?: 'read' | 'refuse';
  /**
   * `false`: sessions are written as without the option, and encrypted sessions are read, to turn
   * encryption off.
   * @default true
   */
  readonly write?: boolean;
  /**
   * Milliseconds after which the next call of the store calls the function `keys` again, in the
   * background.
   * @default 3600000
   */
  readonly refresh?: number;
}

/** The option `compress`. See docs/COMPRESSION.md. */
export interface CompressOptions {
  /**
   * Bytes of JSON from which on a session is compressed.
   * @default 900
   */
  readonly threshold?: number;
}

/** The options for the form in which sessions are stored. */
export interface CodecOptions {
  /**
   * Stores sessions compressed. A session that would not get smaller stays as it is.
   * @default false
   * @example
   * new DynamoDBStore({ compress: true });
   */
  compress?: boolean | CompressOptions;
  /**
   * Encrypts sessions by AES-256-GCM. A session that does not open is an error,
   * `ERR_SESSION_DECRYPT`, and never an empty session. The replaced packages cannot read encrypted
   * sessions.
   * @default sessions are not encrypted
   * @example
   * new DynamoDBStore({ encryption: { keys: [process.env.SESSION_KEY] } });
   */
  encryption?: EncryptionOptions;
}
