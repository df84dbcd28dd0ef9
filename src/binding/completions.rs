//! One way back to JavaScript for the calls that are made with every request of an application.
//! Their outcomes gather until JavaScript takes all that there are, in one go: a promise for each
//! would cost the event loop more than all the rest of a call.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use napi::Status;
use napi::bindgen_prelude::{Either, Latin1String, spawn};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use super::failure::Failure;
use crate::core::error::{Error, Result};

/// Tells JavaScript that there are outcomes to take. Weak: JavaScript knows what it waits for, and
/// holds the process alive as long as that takes.
pub type Notify = ThreadsafeFunction<(), (), (), Status, false, true>;

/// What a call gives: nothing, a session as JSON, or whether there was one.
pub type Answer = Option<Either<Json, bool>>;

/// JSON on its way to JavaScript, which has not to decode it where it is ASCII, as most is.
pub type Json = Either<Latin1String, String>;

/// See [`Json`].
pub fn json(text: String) -> Json {
    if text.is_ascii() {
        Either::A(text.into())
    } else {
        Either::B(text)
    }
}

/// Outcomes of calls, each under the number that JavaScript gave the call.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Completed {
    /// The calls that have succeeded.
    pub calls: Vec<u32>,
    /// What they gave, in the order of `calls`.
    #[napi(ts_type = "Array<string | boolean | null>")]
    pub results: Vec<Answer>,
    /// The calls that have failed.
    pub failed_calls: Vec<u32>,
    /// Why, in the order of `failed_calls`.
    pub failures: Vec<Failure>,
}

/// Makes the future of a call, which the event loop can leave to others.
type Begin = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// The calls of one store that have completed and wait to be taken.
pub struct Completions {
    notify: Notify,
    /// Calls that are to begin together.
    begun: Mutex<Vec<Begin>>,
    completed: Mutex<Completed>,
}

impl Completions {
    pub fn new(notify: Notify) -> Self {
        Self {
            notify,
            begun: Mutex::default(),
            completed: Mutex::default(),
        }
    }

    /// Will do `work` when [`Self::flush`] is called; its outcome will be found under `number`.
    pub fn begin<F>(self: &Arc<Self>, number: u32, work: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = Result<Answer>> + Send + 'static,
    {
        let call = Call {
            completions: Arc::clone(self),
            number,
            completed: false,
        };
        let begin = || async move { call.complete(work().await) }.boxed();
        locked(&self.begun).push(Box::new(begin));
    }

    /// Starts what has begun. All in one go: it wakes the runtime once, and what may be sent
    /// together is there together.
    pub fn flush(&self) {
        let begun = std::mem::take(&mut *locked(&self.begun));
        spawn(async {
            let calls = begun.into_iter().map(|begin| begin());
            calls.collect::<FuturesUnordered<_>>().collect::<()>().await;
        });
    }

    /// All that have completed since this was last asked.
    pub fn take(&self) -> Completed {
        std::mem::take(&mut *locked(&self.completed))
    }

    fn push(&self, call: u32, outcome: Result<Answer>) {
        let is_first = {
            let mut completed = locked(&self.completed);
            match outcome {
                Ok(answer) => {
                    completed.calls.push(call);
                    completed.results.push(answer);
                }
                Err(error) => {
                    completed.failed_calls.push(call);
                    completed.failures.push(error.into());
                }
            }
            completed.calls.len() + completed.failed_calls.len() == 1
        };
        if is_first {
            // Refused only where JavaScript has ended.
            self.notify
                .call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// Nothing that is done under these locks can panic half way.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call that is under way. It completes whatever happens to it.
struct Call {
    completions: Arc<Completions>,
    number: u32,
    completed: bool,
}

impl Call {
    fn complete(mut self, outcome: Result<Answer>) {
        self.completed = true;
        self.completions.push(self.number, outcome);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.completed {
            // The runtime has ended before the call.
            self.completions.push(self.number, Err(Error::Closed));
        }
    }
}
