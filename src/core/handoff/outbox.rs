//! Values that gather until their consumer takes all of them at once.

use std::sync::PoisonError;

use super::sync::{Mutex, MutexGuard};

/// See the [module](self).
///
/// The consumer calls [`take`](Self::take) once after each notification.
#[derive(Default)]
pub struct Outbox<T> {
    state: Mutex<State<T>>,
}

#[derive(Default)]
struct State<T> {
    gathered: T,
    /// Whether a producer has notified the consumer, or is about to, and the consumer has not taken the values yet.
    is_notified: bool,
}

impl<T: Default> Outbox<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        // No panic can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `add`, which adds to the gathered values. Returns whether the caller must notify the consumer.
    pub fn add(&self, add: impl FnOnce(&mut T)) -> bool {
        let mut state = self.state();
        add(&mut state.gathered);
        !std::mem::replace(&mut state.is_notified, true)
    }

    /// Takes all gathered values.
    pub fn take(&self) -> T {
        let mut state = self.state();
        state.is_notified = false;
        std::mem::take(&mut state.gathered)
    }
}
