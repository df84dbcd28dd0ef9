//! The thread that requests are made on, and what is said of a panic in it.

use std::hint::black_box;
use std::io::{self, Write as _};
use std::panic;

use napi::bindgen_prelude::{Object, create_custom_tokio_runtime};
use napi_derive::{module_init, napi};
use ring::digest;
use tokio::runtime::Builder;

/// Tokio's default is one for each processor. One does what several event loops ask for, as it takes
/// 10 to 40 µs for a call where an application takes some 100 µs for a page. A second one makes every
/// call dearer: the two wake each other.
const WORKERS: usize = 1;

#[module_init]
fn limit_threads() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .on_thread_start(begin_early)
        .build();
    // Without it there is napi's own, which fails in the same way if it has to.
    if let Ok(runtime) = runtime {
        create_custom_tokio_runtime(runtime);
    }
}

/// Does what a thread does once, while JavaScript is still loaded, and not during the first call: it
/// asks the processor for its instructions, which a virtual machine answers slowly, and makes a heap.
fn begin_early() {
    let hash = digest::digest(&digest::SHA256, b"");
    drop(black_box(hex::encode(hash)));
}

/// A panic says where it was, and no more: its message may have a session in it, or a key. Other
/// addons have hooks of their own.
#[napi(module_exports)]
pub fn keep_panics_short(_exports: Object<'_>) -> napi::Result<()> {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        // Where nobody reads standard error, nobody can be told.
        let _ = writeln!(io::stderr(), "dynamo-session-store: a defect at {place}");
    }));
    Ok(())
}
