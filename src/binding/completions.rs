//! Outcomes of calls, on their way back to JavaScript, for the calls that each request of an application
//! makes. Outcomes gather until JavaScript takes all of them at once: a promise of napi for each call
//! would cost the event loop more than the whole rest of the call.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use napi::Status;
use napi::bindgen_prelude::{Either, Latin1String};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use super::failure::Failure;
use super::intake;
use super::telemetry::TelemetryEvent;
use crate::core::context::CallContext;
use crate::core::dynamo::outage::Observer;
use crate::core::dynamo::sdk::Locator;
use crate::core::dynamo::telemetry::{Event, Listener};
use crate::core::error::{Error, Result};
use crate::core::handoff::outbox::Outbox;
use crate::core::store::RequestWrites;

/// Tells JavaScript that it can take outcomes. A weak reference: JavaScript itself keeps the process
/// alive while it waits for calls.
pub type Notify = ThreadsafeFunction<(), (), (), Status, false, true>;

/// The result of a call: nothing, a session as JSON, or whether the session exists.
pub type CallResult = Option<Either<Json, bool>>;

/// JSON for JavaScript. Most JSON is ASCII, and V8 need not decode ASCII text as UTF-8.
pub type Json = Either<Latin1String, String>;

/// Converts JSON for JavaScript, see [`Json`].
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
    /// Their results, in the same order.
    #[napi(ts_type = "Array<string | boolean | null>")]
    pub results: Vec<CallResult>,
    /// The calls that have failed.
    pub failed_calls: Vec<u32>,
    /// Their errors, in the same order.
    pub failures: Vec<Failure>,
    /// Begins and ends of outages: the reason of an outage that has begun, `null` for one that has
    /// ended.
    #[napi(ts_type = "Array<Failure | null>")]
    pub outages: Option<Vec<Option<Failure>>>,
    /// Problems that fail no call, but that the user has to know of.
    pub warnings: Option<Vec<Failure>>,
    /// Events of requests, in their order, if JavaScript listens.
    pub events: Option<Vec<TelemetryEvent>>,
}

/// The outcomes of one store's calls that JavaScript has not taken yet.
#[derive(Default)]
pub struct Outcomes(Outbox<Untaken>);

#[derive(Default)]
struct Untaken {
    completed: Completed,
    /// The saves of the requests that made these calls. JavaScript learns their results only when it
    /// takes the outcomes, so the saves are kept until then.
    writes: Vec<Arc<RequestWrites>>,
}

impl Outcomes {
    /// Takes all outcomes that have come since the last call of `take`.
    pub fn take(&self) -> Completed {
        self.0.take().completed
    }

    /// Adds an outcome. Returns whether the caller must notify JavaScript.
    pub fn push(
        &self,
        call: u32,
        writes: Option<Arc<RequestWrites>>,
        outcome: Result<CallResult, Failure>,
    ) -> bool {
        self.0.add(
            |Untaken {
                 completed,
                 writes: kept,
             }| {
                kept.extend(writes);
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
            },
        )
    }

    fn push_outage(&self, reason: Option<Failure>) -> bool {
        self.0.add(|Untaken { completed, .. }| {
            completed.outages.get_or_insert_with(Vec::new).push(reason);
        })
    }

    fn push_event(&self, event: TelemetryEvent) -> bool {
        self.0.add(|Untaken { completed, .. }| {
            completed.events.get_or_insert_with(Vec::new).push(event);
        })
    }

    fn push_warning(&self, warning: Failure) -> bool {
        self.0.add(|Untaken { completed, .. }| {
            completed
                .warnings
                .get_or_insert_with(Vec::new)
                .push(warning);
        })
    }
}

/// Completes the calls of an open store. The JavaScript function `notify` is released once the store is
/// closed and its last call has completed.
pub struct Completions {
    notify: Notify,
    outcomes: Arc<Outcomes>,
    /// Knows the endpoint, region and table of the store, for its errors. Set once the store is open.
    locator: OnceLock<Locator>,
    /// Whether JavaScript wants events.
    is_listening: AtomicBool,
}

impl Completions {
    /// Calls `notify` whenever JavaScript can take outcomes.
    pub fn new(notify: Notify) -> Self {
        Self {
            notify,
            outcomes: Arc::default(),
            locator: OnceLock::new(),
            is_listening: AtomicBool::new(false),
        }
    }

    /// Sets whether JavaScript wants events.
    pub fn listen(&self, is_listening: bool) {
        self.is_listening.store(is_listening, Ordering::Relaxed);
    }

    /// The queue of outcomes.
    pub fn outcomes(&self) -> &Arc<Outcomes> {
        &self.outcomes
    }

    /// Sets the endpoint, region and table that failures name.
    pub fn locate(&self, locator: Locator) {
        // Refused if it is set already: each store sets it once.
        let _ = self.locator.set(locator);
    }

    /// Converts an error into a failure that names endpoint, region and table.
    pub fn failure(&self, error: &Error) -> Failure {
        match self.locator.get() {
            Some(locator) => Failure::of(error, locator),
            None => error.clone().into(),
        }
    }

    /// Puts a call into the intake. When the call begins, `ask` runs and takes the places of the call's
    /// operations in the schedule. The outcome of the future that `ask` returns goes into the queue of
    /// outcomes under `number`. `writes` are kept until JavaScript has taken this outcome.
    pub fn enqueue<F>(
        self: &Arc<Self>,
        number: u32,
        writes: Option<Arc<RequestWrites>>,
        context: Option<CallContext>,
        ask: impl FnOnce() -> F + Send + 'static,
    ) where
        F: Future<Output = Result<CallResult>> + Send + 'static,
    {
        let call = CallGuard {
            completions: Arc::clone(self),
            number,
            writes,
            completed: false,
        };
        let begin = move || call.complete_with(ask()).boxed();
        intake::enqueue(context, Box::new(begin));
    }

    fn push(&self, call: u32, writes: Option<Arc<RequestWrites>>, outcome: Result<CallResult>) {
        let outcome = outcome.map_err(|error| self.failure(&error));
        self.notify_if(self.outcomes.push(call, writes, outcome));
    }

    fn notify_if(&self, must_notify: bool) {
        if must_notify {
            // Refused only if JavaScript has ended.
            self.notify
                .call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

impl Observer for Completions {
    fn unavailable(&self, reason: &Error) {
        self.notify_if(self.outcomes.push_outage(Some(self.failure(reason))));
    }

    fn available(&self) {
        self.notify_if(self.outcomes.push_outage(None));
    }

    fn warn(&self, warning: &Error) {
        self.notify_if(self.outcomes.push_warning(self.failure(warning)));
    }
}

impl Listener for Completions {
    fn is_listening(&self) -> bool {
        self.is_listening.load(Ordering::Relaxed)
    }

    fn tell(&self, event: Event) {
        let event = TelemetryEvent::of(event, |error| self.failure(error));
        self.notify_if(self.outcomes.push_event(event));
    }
}

/// A guard for a call in flight: when dropped, it completes the call, if the call has not completed.
struct CallGuard {
    completions: Arc<Completions>,
    number: u32,
    writes: Option<Arc<RequestWrites>>,
    completed: bool,
}

impl CallGuard {
    fn complete_with(
        mut self,
        work: impl Future<Output = Result<CallResult>> + Send,
    ) -> impl Future<Output = ()> + Send {
        catch_panics(work).map(move |outcome| {
            self.completed = true;
            let writes = self.writes.take();
            self.completions.push(self.number, writes, outcome);
        })
    }
}

/// Runs `work`, and turns a panic in it into an error.
///
/// This and all other futures that a call runs through are combinators and not `async fn`: an `async fn`
/// reserves memory for each future that it is given, and again for the same future while it awaits it. A
/// few nested ones take kilobytes for each call.
pub fn catch_panics<T>(work: impl Future<Output = Result<T>>) -> impl Future<Output = Result<T>> {
    let caught = AssertUnwindSafe(work).catch_unwind();
    caught.map(|outcome| {
        outcome.unwrap_or(Err(Error::Internal {
            operation: "the call",
        }))
    })
}

impl Drop for CallGuard {
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
