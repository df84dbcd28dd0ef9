//! The protocols of `src/core/handoff/` under loom, which runs each model in every order in which its threads can
//! take turns, with every value that a memory order lets them read.
//!
//! The files are the same as in the addon, compiled with the locks and atomics of loom. Each model also runs with a
//! defect in the way in which a protocol is used, and must find it. Defects in the files were planted by hand: see
//! the comment of each model.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "clippy.toml excepts the functions with `#[test]`, but not those that they call"
)]
#![forbid(unsafe_code)]

#[path = "../../src/core/handoff/outbox.rs"]
mod outbox;
#[path = "../../src/core/handoff/pump.rs"]
mod pump;
#[path = "../../src/core/handoff/turns.rs"]
mod turns;

mod intake;
mod outcomes;
mod schedule;

/// The locks and atomics of the protocols.
mod sync {
    pub use loom::sync::atomic::{AtomicBool, Ordering};
    pub use loom::sync::{Mutex, MutexGuard};
}

/// Runs `model` in every order in which threads are interrupted at most three times where they could go on.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}
