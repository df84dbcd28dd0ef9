//! One way back to JavaScript for the calls that are made with every request of an application.
//! Their outcomes gather until JavaScript takes all that there are, in one go: a promise for each
//! would cost the event loop more than all the rest of a call.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::FutureExt;
use napi::Status;
use napi::bindgen_prelude::{Either, Latin1String};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use super::failure::Failure;
use super::intake;
use crate::core::context::CallContext;
use crate::core::dynamo::outage::Observer;
use crate::core::dynamo::sdk::Locator;
use crate::core::error::{Error, Result};
use crate::core::store::RequestWrites;

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
    /// The outages that have begun, by their reason, or `null` for one that has ended.
    #[napi(ts_type = "Array<Failure | null>")]
    pub outages: Option<Vec<Option<Failure>>>,
    /// What the store can do without, but its user is to know.
    pub warnings: Option<Vec<Failure>>,
}

impl Completed {
    /// Whether JavaScript has to be told: there was nothing to take before.
    fn is_first(&self) -> bool {
        let outages = self.outages.as_ref().map_or(0, Vec::len);
        let warnings = self.warnings.as_ref().map_or(0, Vec::len);
        self.calls.len() + self.failed_calls.len() + outages + warnings == 1
    }
}

/// The outcomes of one store's calls that wait to be taken.
#[derive(Default)]
pub struct Outcomes(Mutex<Untaken>);

#[derive(Default)]
struct Untaken {
    completed: Completed,
    /// What the requests of these calls have written: until JavaScript has taken the outcomes, it knows
    /// nothing of that.
    writes: Vec<Arc<RequestWrites>>,
}

impl Outcomes {
    /// All that have completed since this was last asked.
    pub fn take(&self) -> Completed {
        let taken = std::mem::take(&mut *locked(&self.0));
        taken.completed
    }

    /// Whether it is the first that waits to be taken.
    pub fn push(
        &self,
        call: u32,
        writes: Option<Arc<RequestWrites>>,
        outcome: Result<Answer, Failure>,
    ) -> bool {
        let mut untaken = locked(&self.0);
        untaken.writes.extend(writes);
        let completed = &mut untaken.completed;
        match outcome {
            Ok(answer) => {
                completed.calls.push(call);
                completed.results.push(answer);
            }
            Err(failure) => {
                completed.failed_calls.push(call);
                completed.failures.push(failure);
            }
        }
        completed.is_first()
    }

    fn push_outage(&self, reason: Option<Failure>) -> bool {
        let completed = &mut locked(&self.0).completed;
        completed.outages.get_or_insert_with(Vec::new).push(reason);
        completed.is_first()
    }

    fn push_warning(&self, warning: Failure) -> bool {
        let completed = &mut locked(&self.0).completed;
        let warnings = completed.warnings.get_or_insert_with(Vec::new);
        warnings.push(warning);
        completed.is_first()
    }
}

/// How the calls of an open store complete. The function in JavaScript is released when the store is
/// closed and the last of its calls has completed.
pub struct Completions {
    notify: Notify,
    outcomes: Arc<Outcomes>,
    /// Known once the store is open, which tells of its outages by this.
    locator: OnceLock<Locator>,
}

impl Completions {
    /// Will tell JavaScript by `notify` that there are outcomes.
    pub fn new(notify: Notify) -> Self {
        Self {
            notify,
            outcomes: Arc::default(),
            locator: OnceLock::new(),
        }
    }

    /// Where outcomes gather.
    pub fn outcomes(&self) -> &Arc<Outcomes> {
        &self.outcomes
    }

    /// Has failures say where they happened.
    pub fn locate(&self, locator: Locator) {
        // The first counts: there is one store.
        let _ = self.locator.set(locator);
    }

    /// An error as a failure that says where it happened.
    pub fn failure(&self, error: &Error) -> Failure {
        match self.locator.get() {
            Some(locator) => Failure::of(error, locator),
            None => error.clone().into(),
        }
    }

    /// Puts a call in the queue of those that are to begin. `ask` is called when it begins, and
    /// takes the places of its operations; the outcome of the future that it gives will be found
    /// under `number`. `writes` are kept until that is taken.
    pub fn enqueue<F>(
        self: &Arc<Self>,
        number: u32,
        writes: Option<Arc<RequestWrites>>,
        context: Option<CallContext>,
        ask: impl FnOnce() -> F + Send + 'static,
    ) where
        F: Future<Output = Result<Answer>> + Send + 'static,
    {
        let call = Call {
            completions: Arc::clone(self),
            number,
            writes,
            completed: false,
        };
        let begin = move || call.complete_with(ask()).boxed();
        intake::enqueue(context, Box::new(begin));
    }

    fn push(&self, call: u32, writes: Option<Arc<RequestWrites>>, outcome: Result<Answer>) {
        let outcome = outcome.map_err(|error| self.failure(&error));
        self.tell(self.outcomes.push(call, writes, outcome));
    }

    fn tell(&self, is_first: bool) {
        if is_first {
            // Refused only where JavaScript has ended.
            self.notify
                .call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

impl Observer for Completions {
    fn unavailable(&self, reason: &Error) {
        self.tell(self.outcomes.push_outage(Some(self.failure(reason))));
    }

    fn available(&self) {
        self.tell(self.outcomes.push_outage(None));
    }

    fn warn(&self, warning: &Error) {
        self.tell(self.outcomes.push_warning(self.failure(warning)));
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
    writes: Option<Arc<RequestWrites>>,
    completed: bool,
}

impl Call {
    fn complete_with(
        mut self,
        work: impl Future<Output = Result<Answer>> + Send,
    ) -> impl Future<Output = ()> + Send {
        unless_it_panics(work).map(move |outcome| {
            self.completed = true;
            let writes = self.writes.take();
            self.completions.push(self.number, writes, outcome);
        })
    }
}

/// The outcome of `work`. A panic in it is an outcome too.
///
/// No `async fn`, like all that calls run through: one keeps room for each future that it takes
/// and once more for waiting for that, so that a few of them in each other take kilobytes.
pub fn unless_it_panics<T>(
    work: impl Future<Output = Result<T>>,
) -> impl Future<Output = Result<T>> {
    let caught = AssertUnwindSafe(work).catch_unwind();
    caught.map(|outcome| {
        outcome.unwrap_or(Err(Error::Internal {
            operation: "the call",
        }))
    })
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.completed {
            let error = if std::thread::panicking() {
                Error::Internal {
                    operation: "the call",
                }
            } else {
                // The runtime has ended before the call.
                Error::Closed
            };
            self.completions
                .push(self.number, self.writes.take(), Err(error));
        }
    }
}
