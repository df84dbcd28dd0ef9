//! The core against a real DynamoDB Local, and against a server with canned answers for what a
//! real one cannot be made to do. One binary, because linking is what takes the time.
//!
//! `npm test` starts DynamoDB Local, as does `node scripts/dynamodb-local.js -- cargo test`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml excepts the functions with `#[test]`, but not those that they call"
)]

mod batches;
mod create;
mod creation;
mod denials;
mod endpoints;
mod errors;
mod fast;
mod fast_failures;
mod histories;
mod outages;
mod own_saves;
mod panics;
mod raw;
mod replicas;
mod schedule;
mod store;
mod support;
mod sweep;
mod table;
mod table_index;
mod unreadable;
mod versions;
mod waiting;
