//! Locking, which no panic keeps from going on.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`. Nothing that the core does under a lock can panic half way, so a poisoned lock is as good as
/// any other.
pub fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
