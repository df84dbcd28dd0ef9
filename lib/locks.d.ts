/** The declarations of `withLock`, which the stores for web frameworks share. */

/** The options of `withLock`. */
export interface LockOptions {
  /**
   * Milliseconds after which the lock of a dead process ends, at least 1000. While the task runs,
   * the store renews the lock three times in this time.
   * @default 10000
   */
  readonly lease?: number;
  /**
   * Milliseconds to wait for the lock; 0: one attempt. Then `withLock` fails with
   * `ERR_SESSION_LOCKED`.
   * @default 15000
   */
  readonly wait?: number;
  /**
   * If it is aborted, a caller that waits for the lock fails with the signal's reason, and the
   * signal of the lock is aborted too.
   */
  readonly signal?: AbortSignal;
}

/** A lock, for the task of `withLock`. */
export interface SessionLock {
  /** The fencing token: larger than those of all earlier holders of the lock. */
  readonly token: number;
  /** Aborted once the lock is lost, or the option `signal` is aborted. */
  readonly signal: AbortSignal;
}

/** The method `withLock`. */
export interface LockMethod {
  /**
   * Runs `task` while no other caller of `withLock`, in any process, holds the lock of this session.
   * The other methods do not wait for the lock. See docs/LOCKS.md.
   *
   * Fails with `ERR_SESSION_LOCKED` if another caller has held the lock for the time of the option
   * `wait`; with `ERR_SESSION_LOCK_LOST` if another caller has got the lock before the task ended; otherwise with the
   * error of the task, if it fails.
   *
   * @param sid the id of the session, which need not exist
   * @returns the result of `task`
   * @example
   * await store.withLock(sid, async (lock) => {
   *   const { cart } = await store.get(sid);
   *   await placeOrder(cart, { signal: lock.signal });
   * });
   */
  withLock<T>(sid: string, task: (lock: SessionLock) => T | Promise<T>): Promise<T>;
  withLock<T>(
    sid: string,
    options: LockOptions | undefined,
    task: (lock: SessionLock) => T | Promise<T>,
  ): Promise<T>;
}
