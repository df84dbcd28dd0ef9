//! The thread that sends the requests, and the message that a panic in it writes.
//!
//! The addon has a Tokio runtime of its own, which lasts as long as the process. napi's runtime would
//! end with the last JavaScript thread that has loaded the addon, for example with a worker, if the main
//! thread has not loaded the addon. napi drops its runtime before the tasks in flight have ended, so
//! each task that spawns another one panics. The next worker gets a runtime with napi's default
//! settings.

use std::future::Future;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::panic;
use std::sync::{LazyLock, OnceLock};

use napi::Env;
use napi::bindgen_prelude::{
    JsValue as _, Object, PromiseRaw, ToNapiValue, retain_current_module_for_unload_safety,
};
use napi_derive::{module_init, napi};
use ring::digest;
use tokio::runtime::{Builder, Runtime};

use crate::core::dynamo::rehearsal::rehearse;
use crate::core::dynamo::variables::read_early;

/// Tokio's default is a thread for each processor. One thread is enough for several event loops: a call
/// takes 10 to 40 µs of it, where the application takes some 100 µs for a page. With two threads, each
/// call costs more CPU time, because the threads wake each other.
const WORKERS: usize = 1;

/// The name of the thread in `ps` and `top`. Linux shows its first 15 characters.
const THREAD_NAME: &str = "dynamo-session-store";

static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    // Without this, Node unloads the addon when the last JavaScript thread that has loaded it ends,
    // while the runtime's thread still executes its code.
    retain_current_module_for_unload_safety();
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name(THREAD_NAME)
        .enable_all()
        .build()
});

/// Set once the thread has read the environment, see [`read_early`].
static HAS_READ: OnceLock<()> = OnceLock::new();

/// Starts the thread while Node loads the addon, and gives it the slow first steps, so that they do not slow down the
/// first call.
#[module_init]
fn start_thread() {
    spawn(async {
        let _ = panic::catch_unwind(read_early);
        let _ = HAS_READ.set(());
        begin_early();
        rehearse().await;
    });
}

/// Runs `task` on the runtime. The task has to report its own result.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    // If the runtime could not be started, `load` has failed, so no JavaScript can call this.
    if let Ok(runtime) = &*RUNTIME {
        runtime.spawn(task);
    }
}

/// Makes a promise, and a function that resolves it from any thread. If JavaScript has ended, the
/// function does nothing.
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

/// Does the slow first steps of a thread while JavaScript is still loading, so that they do not slow
/// down the first call: the hash asks the processor for its features, which takes long on a virtual
/// machine, and the allocation creates the thread's heap.
fn begin_early() {
    let hash = digest::digest(&digest::SHA256, b"");
    drop(black_box(hex::encode(hash)));
}

/// Runs whenever a JavaScript thread loads the addon. Fails if the runtime's thread could not be
/// started.
#[napi(module_exports)]
pub fn load(_exports: Object<'_>) -> napi::Result<()> {
    keep_panics_short();
    match &*RUNTIME {
        Ok(_) => {
            HAS_READ.wait();
            Ok(())
        }
        Err(error) => Err(napi::Error::from_reason(format!(
            "the addon cannot start its thread: {error}"
        ))),
    }
}

/// Replaces the panic message by the place of the panic alone: the message may contain session data or a
/// key. The hook is this addon's own; other addons have hooks of their own.
fn keep_panics_short() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        // If standard error is closed, the message is lost.
        let _ = writeln!(io::stderr(), "dynamo-session-store: a defect at {place}");
    }));
}
