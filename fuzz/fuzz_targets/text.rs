//! A text in an attribute; see `docs/RELIABILITY.md`.

#![no_main]

use dynamo_session_store::core::hostile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| hostile::text(text));
