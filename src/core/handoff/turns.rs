//! A queue from which one task at a time takes the values, in their order.

use std::sync::PoisonError;

use super::sync::{Mutex, MutexGuard};

/// See the [module](self).
///
/// A producer calls [`push`](Self::push), and then [`begin`](Self::begin). If it gets the turn, it starts a task
/// that [takes](Turn::take) all values and [ends](Turn::end) the turn.
pub struct Turns<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    waiting: Vec<T>,
    /// Whether a [`Turn`] exists.
    is_taken: bool,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        let state = State {
            waiting: Vec::new(),
            is_taken: false,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl<T> Turns<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        // No panic can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a value behind all others.
    pub fn push(&self, value: T) {
        self.state().waiting.push(value);
    }

    /// The turn to take the values. `None` if no value waits, or if another task has the turn: then this task
    /// also takes the values that were pushed before this call.
    pub fn begin(&self) -> Option<Turn<'_, T>> {
        let mut state = self.state();
        if state.is_taken || state.waiting.is_empty() {
            return None;
        }
        state.is_taken = true;
        Some(Turn { turns: self })
    }
}

/// The turn to take the values of a queue. It is free again when this is dropped, for example because the
/// runtime has ended before the task.
pub struct Turn<'t, T> {
    turns: &'t Turns<T>,
}

impl<T> Turn<'_, T> {
    /// Takes all waiting values, in their order.
    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.turns.state().waiting)
    }

    /// Ends the turn. If values were pushed since the last [`take`](Self::take), returns a new turn: their
    /// producers relied on this one.
    pub fn end(self) -> Option<Self> {
        let turns = self.turns;
        drop(self);
        turns.begin()
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.turns.state().is_taken = false;
    }
}
