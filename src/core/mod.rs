//! Sessions in DynamoDB, with no knowledge of JavaScript or of any web framework.

#![forbid(unsafe_code)]

pub mod codec;
pub mod context;
pub mod deadline;
pub mod dynamo;
pub mod error;
pub mod expiry;
pub mod handoff;
pub mod hashed_ids;
#[cfg(any(test, fuzzing))]
pub mod hostile;
pub mod layout;
mod lock;
pub mod merge;
pub mod options;
pub mod store;
pub mod table;
