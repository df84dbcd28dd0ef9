//! The threads that requests are made on.

use napi::bindgen_prelude::create_custom_tokio_runtime;
use napi_derive::module_init;
use tokio::runtime::Builder;

/// Tokio's default is one for each processor. The work of an application that keeps its one event
/// loop busy fits two; more take memory, and wake each other.
const WORKERS: usize = 2;

#[module_init]
fn limit_threads() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build();
    // Without it there is napi's own, which fails in the same way if it has to.
    if let Ok(runtime) = runtime {
        create_custom_tokio_runtime(runtime);
    }
}
