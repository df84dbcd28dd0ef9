//! Web sessions in Amazon DynamoDB: the native core of the npm package `dynamo-session-store`.
//!
//! # Layout
//!
//! * [`core`]: sessions, with no knowledge of JavaScript.
//!   * [`core::store`]: load, save, touch, destroy, list, clear and reap sessions, singly or many at a time.
//!   * [`core::table`]: describe, create and wait for a table; its time to live.
//!   * [`core::expiry`]: when a session ends, and how the `expires` attribute is read and written.
//!   * [`core::layout`]: session to item and back, one file for each item format.
//!   * [`core::merge`]: two changes of one session, merged key by key.
//!   * [`core::options`]: a user's options, parsed into types that cannot hold an invalid value.
//!   * [`core::error`]: all errors, and how JavaScript sees them.
//!   * [`core::deadline`], [`core::context`]: the deadline and the asynchronous context of a call.
//!   * [`core::dynamo`]: the requests to DynamoDB, behind two traits, and the order of operations.
//! * `binding`: the only code that names napi. Converts arguments, delegates, wraps errors.
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

/// With glibc's allocator, a quarter of an operation's CPU time was allocation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
