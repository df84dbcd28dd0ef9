//! The protocols by which threads hand work to each other, without I/O and without a runtime.
//!
//! * [`turns`]: values that one task at a time takes, such as the calls on their way to the runtime.
//! * [`outbox`]: values that gather until they are taken together, such as outcomes on their way to JavaScript.
//! * [`pump`]: a task that is started once for many changes, such as the one that sends queued operations.
//!
//! `tests/models` compiles the same files with the locks and atomics of loom, which runs them in every order in
//! which threads can take turns. So the files take their locks and atomics from [`sync`], the module beside them.

pub mod outbox;
pub mod pump;
pub mod turns;

/// The locks and atomics of the protocols.
mod sync {
    pub use std::sync::atomic::{AtomicBool, Ordering};
    pub use std::sync::{Mutex, MutexGuard};
}
