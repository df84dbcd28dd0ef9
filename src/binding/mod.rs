//! The addon: the only code that names napi.
//!
//! * [`options`], [`connection`]: convert plain option objects into the core's types; [`creation`]: the option
//!   `createTable`.
//! * [`callbacks`]: the core's questions to JavaScript: a client's settings, credentials, a request through
//!   a client, a check of a lost table.
//! * [`credentials`]: credentials as JavaScript gives them.
//! * [`environment`]: environment variables and programs, which only JavaScript may read and run.
//! * [`open`]: opens a store, one function for each item format.
//! * [`backend`]: the parts of an open store.
//! * [`store`]: `NativeStore`, whose methods convert, delegate and wrap; [`table`]: its methods for the
//!   table; [`create`]: the one that writes a session unless there is one.
//! * [`diagnosis`]: the methods of `NativeStore` for its diagnosis.
//! * [`codecs`]: the codecs of a store, and its encryption keys.
//! * [`session`]: sessions as they cross between Rust and JavaScript.
//! * [`intake`]: the queue of calls from JavaScript to the runtime, in the order in which they were made.
//! * [`completions`]: the queue of outcomes of calls, back to JavaScript.
//! * [`failure`]: errors as plain data, of which `lib/errors.js` makes the `Error`.
//! * [`runtime`]: the thread that sends the requests.
//! * [`telemetry`]: events of requests; [`counters`]: their counters; [`logs`]: the log of the core and of the SDK.

mod backend;
mod callbacks;
mod codecs;
mod completions;
mod connection;
mod counters;
mod create;
mod creation;
mod credentials;
mod diagnosis;
mod environment;
mod failure;
mod indexes;
mod intake;
mod lock;
mod logs;
mod many;
mod open;
mod options;
mod runtime;
mod session;
mod store;
mod sweep;
mod table;
mod telemetry;
mod tracking;
