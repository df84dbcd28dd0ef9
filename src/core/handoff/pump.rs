//! Starts one task for many changes of a shared state.

use super::sync::{AtomicBool, Ordering};

/// See the [module](self).
///
/// The state has a lock of its own. Callers change the state, unlock it, and then call [`soon`](Self::soon) or
/// [`now`](Self::now). Each `work` locks the state and acts on all changes.
pub struct Pump {
    /// Whether a task was started that has not begun its work.
    is_due: AtomicBool,
}

impl Default for Pump {
    fn default() -> Self {
        Self {
            is_due: AtomicBool::new(false),
        }
    }
}

impl Pump {
    /// Calls `start`, which starts a task that calls [`run`](Self::run). If a task is due already, does nothing.
    pub fn soon(&self, start: impl FnOnce()) {
        if !self.is_due.swap(true, Ordering::AcqRel) {
            start();
        }
    }

    /// Runs `work` in the task that [`soon`](Self::soon) has started.
    pub fn run(&self, work: impl FnOnce()) {
        // Before the work: a change during the work may come too late for it, and needs another task. A swap, not
        // a store, so that the work sees the changes of each caller of `soon` that relied on this task.
        self.is_due.swap(false, Ordering::AcqRel);
        self.now(work);
    }

    /// Runs `work` at once. If a task is due, leaves the work to this task.
    pub fn now(&self, work: impl FnOnce()) {
        if !self.is_due.load(Ordering::Acquire) {
            work();
        }
    }
}
