//! The header with which AWS traces an invocation of a Lambda function through other services, and stops functions
//! that call each other for ever.
//!
//! For each invocation, Lambda sets the value in the environment. Only JavaScript may read the environment, so
//! JavaScript passes the value on when a call is made.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use aws_smithy_runtime_api::http::Headers;

/// The header's name. The signature of a request does not cover it.
pub const HEADER: &str = "x-amzn-trace-id";

/// Whether `VALUE` is set, to read it without the lock. Outside of Lambda it never is.
static IS_SET: AtomicBool = AtomicBool::new(false);

/// One value for the process, because a process serves one invocation at a time.
static VALUE: RwLock<Option<String>> = RwLock::new(None);

/// Sets the header of all requests from now on. `None` or an empty value: requests have no such header.
pub fn set(value: Option<&str>) {
    let value = value.filter(|value| !value.is_empty()).map(encode);
    IS_SET.store(value.is_some(), Ordering::Release);
    *VALUE.write().unwrap_or_else(PoisonError::into_inner) = value;
}

/// Adds the header, if there is a value.
pub fn add(headers: &mut Headers) {
    if !IS_SET.load(Ordering::Acquire) {
        return;
    }
    let value = VALUE.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(value) = value {
        // Never fails: `encode` leaves only characters that a header can hold.
        let _ = headers.try_insert(HEADER, value);
    }
}

/// Percent-encodes each byte that a header cannot hold.
fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte == b' ' || byte.is_ascii_graphic() {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` never fails.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_can_be_in_a_header() {
        let usual = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        assert_eq!(encode(usual), usual);
        assert_eq!(encode("a\r\nb\u{e9}"), "a%0D%0Ab%C3%A9");
    }
}
