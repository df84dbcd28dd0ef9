//! The body of an answer, and the item in it; see `docs/RELIABILITY.md`.

#![no_main]

use dynamo_session_store::core::hostile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| hostile::answer(body));
