//! The addon: the only code that names napi.
//!
//! * [`options`]: plain option objects, turned into the core's types.
//! * [`callbacks`]: what the core asks JavaScript for: a client's settings, credentials.
//! * [`environment`]: the environment variables, which JavaScript knows.
//! * [`open`]: opening a store, in each item format.
//! * [`backend`]: what an open store works with.
//! * [`store`]: `NativeStore`, whose methods convert, delegate and wrap; [`table`]: those of its
//!   methods that are about the table.
//! * [`session`]: sessions on their way across the bridge.
//! * [`intake`]: the way of calls from JavaScript to the runtime, in their order.
//! * [`completions`]: the way back for what is called with every request.
//! * [`failure`]: errors as plain data, of which `lib/errors.js` makes the `Error`.
//! * [`runtime`]: the threads that all of it runs on.

mod backend;
mod callbacks;
mod completions;
mod creation;
mod environment;
mod failure;
mod intake;
mod open;
mod options;
mod runtime;
mod session;
mod store;
mod table;
