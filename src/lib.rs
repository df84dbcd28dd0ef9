//! Web sessions in Amazon DynamoDB: the native core of the npm package `dynamo-session-store`.
//!
//! # Layout
//!
//! * [`core`]: sessions, with no knowledge of JavaScript.
//!   * [`core::store`]: load, save, touch, destroy, list, clear and reap; many at a time.
//!   * [`core::table`]: describe, create, wait for a table; its time to live.
//!   * [`core::expiry`]: when a session ends, and how the `expires` attribute is read and written.
//!   * [`core::layout`]: session to item and back, one file for each item format.
//!   * [`core::merge`]: two changes of one session, merged key by key.
//!   * [`core::options`]: what a user may set, parsed into types that can hold nothing wrong.
//!   * [`core::error`]: everything that can go wrong, and what JavaScript sees of it.
//!   * [`core::dynamo`]: the requests, behind one trait; one file for each way to reach DynamoDB.
//! * `binding`: the only code that names napi. Converts, delegates, wraps errors.
//!
//! `docs/ARCHITECTURE.md` has the same map for the whole package, JavaScript included.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod core;

#[cfg_attr(
    test,
    allow(dead_code, reason = "napi registers nothing in unit tests")
)]
#[allow(
    missing_docs,
    reason = "napi's macros write items without documentation"
)]
mod binding;

/// glibc's allocator took a quarter of the CPU time of an operation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
