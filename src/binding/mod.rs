//! The addon: the only code that names napi.
//!
//! * [`options`]: plain option objects, turned into the core's types.
//! * [`callbacks`]: what the core asks JavaScript for: a client's settings, credentials.
//! * [`completions`]: the way back to JavaScript for what is called with every request.
//! * [`open`]: opening a store, in each item format.
//! * [`store`]: `NativeStore`, whose methods convert, delegate and wrap.
//! * [`failure`]: errors as plain data, of which `lib/errors.js` makes the `Error`.
//! * [`runtime`]: the threads that all of it runs on.

mod callbacks;
mod completions;
mod failure;
mod open;
mod options;
mod runtime;
mod store;
