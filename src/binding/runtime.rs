//! The thread that requests are made on, and what is said of a panic in it.
//!
//! The runtime is ours and lasts as long as the process. One of napi's would end with the last
//! JavaScript thread that has loaded the addon: a worker that is terminated while the main thread has
//! not loaded it. napi takes the runtime away before the tasks in flight have ended, so that each of
//! them that starts another one panics, and the next worker gets a runtime with napi's settings.

use std::future::Future;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::panic;
use std::sync::LazyLock;

use napi::Env;
use napi::bindgen_prelude::{
    JsValue as _, Object, PromiseRaw, ToNapiValue, retain_current_module_for_unload_safety,
};
use napi_derive::{module_init, napi};
use ring::digest;
use tokio::runtime::{Builder, Runtime};

use crate::core::dynamo::variables::read_early;

/// Tokio's default is one for each processor. One does what several event loops ask for, as it takes
/// 10 to 40 µs for a call where an application takes some 100 µs for a page. A second one makes every
/// call dearer: the two wake each other.
const WORKERS: usize = 1;

/// Linux shows the first 15 characters, to whoever looks at the threads of a process.
const THREAD_NAME: &str = "dynamo-session-store";

static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    // Node unloads the addon with the last JavaScript thread that has loaded it, under the feet of
    // the runtime's thread.
    retain_current_module_for_unload_safety();
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name(THREAD_NAME)
        .enable_all()
        .on_thread_start(begin_early)
        .build()
});

/// Starts the thread while the addon is being loaded.
#[module_init]
fn start_thread() {
    LazyLock::force(&RUNTIME);
}

/// Runs `task`, which tells nobody of its end.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    // Without a runtime the addon was not loaded, see `load`.
    if let Ok(runtime) = &*RUNTIME {
        runtime.spawn(task);
    }
}

/// A promise, and the function that settles it from any thread. If JavaScript has ended, the function
/// does nothing.
pub fn promise<'env, T>(
    env: &'env Env,
) -> napi::Result<(PromiseRaw<'env, T>, impl FnOnce(T) + Send + use<T>)>
where
    T: ToNapiValue + Send + 'static,
{
    type Resolver<T> = Box<dyn FnOnce(Env) -> napi::Result<T>>;
    let (deferred, promise) = env.create_deferred::<T, Resolver<T>>()?;
    let promise = PromiseRaw::new(env.raw(), promise.raw());
    Ok((promise, move |value: T| {
        deferred.resolve(Box::new(|_| Ok(value)));
    }))
}

/// Does what a thread does once, while JavaScript is still loaded, and not during the first call: it
/// asks the processor for its instructions, which a virtual machine answers slowly, and makes a heap.
fn begin_early() {
    let hash = digest::digest(&digest::SHA256, b"");
    drop(black_box(hex::encode(hash)));
}

/// Runs whenever a JavaScript thread loads the addon. Fails if the runtime's thread could not be started.
#[napi(module_exports)]
pub fn load(_exports: Object<'_>) -> napi::Result<()> {
    keep_panics_short();
    read_early();
    match &*RUNTIME {
        Ok(_) => Ok(()),
        Err(error) => Err(napi::Error::from_reason(format!(
            "the addon cannot start its thread: {error}"
        ))),
    }
}

/// A panic says where it was, and no more: its message may have a session in it, or a key. Other
/// addons have hooks of their own.
fn keep_panics_short() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        // Where nobody reads standard error, nobody can be told.
        let _ = writeln!(io::stderr(), "dynamo-session-store: a defect at {place}");
    }));
}
