//! A request in flight. A task-local variable leads from the HTTP client to it, because the SDK sends a request in
//! the task that called it.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use super::{Event, Telemetry};
use crate::core::context::{self, CallContext};
use crate::core::deadline;
use crate::core::dynamo::capacity::Use;
use crate::core::error::Error;
use crate::core::lock::locked;

tokio::task_local! {
    /// The request that this task sends.
    static CURRENT: Arc<Request>;
}

/// The beginning of a request.
#[derive(Debug, Clone)]
pub struct Begin {
    /// The number of the request in its store.
    pub request: u32,
    /// DynamoDB's name of the operation.
    pub operation: &'static str,
    /// The number of items in the request.
    pub items: usize,
    /// The contexts of the calls that the request is for. Several calls may share one.
    pub contexts: Vec<CallContext>,
    /// The longest time that a call has waited for this request, its first. `None`: the request is about the table.
    pub queued: Option<Duration>,
    /// The time by the system's clock.
    pub at: SystemTime,
}

/// The end of a request.
#[derive(Debug, Clone)]
pub struct End {
    /// The number of the request in its store.
    pub request: u32,
    /// The time since the request began.
    pub took: Duration,
    /// The path that the request took.
    pub path: Path,
    /// The report of its attempts.
    pub attempts: Attempts,
    /// The capacity units that DynamoDB has reported.
    pub capacity: Option<f64>,
    /// The error. [`Error::ConditionFailed`] is one too, though it is no failure.
    pub error: Option<Error>,
}

/// The path of a request, see [`pipeline`](crate::core::dynamo).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Path {
    /// The request was not sent.
    #[default]
    None,
    /// The fast path.
    Fast,
    /// The SDK.
    Sdk,
    /// The user's client.
    Client,
}

/// The attempts of a request.
#[derive(Debug, Clone, Default)]
pub struct Attempts {
    /// Their number.
    pub number: u32,
    /// The bytes of the bodies that were sent.
    pub sent: usize,
    /// The bytes of the bodies that were received.
    pub received: usize,
    /// The host and port of the last attempt.
    pub host: Option<String>,
    /// The id that DynamoDB gave the last attempt.
    pub request_id: Option<String>,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// The code of the last attempt's failure, for the next attempt.
    pub(super) failure: Option<String>,
}

/// A request in flight. If it is dropped without an outcome, its calls have reached their deadlines.
pub struct Request {
    telemetry: Arc<Telemetry>,
    number: u32,
    operation: &'static str,
    items: usize,
    began: Instant,
    /// Whether the listener knows of the request.
    is_told: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    path: Path,
    attempts: Attempts,
    outcome: Option<Outcome>,
}

/// The outcome of a request.
struct Outcome {
    error: Option<Error>,
    capacity: Option<f64>,
}

impl Telemetry {
    /// Begins a request for the calls that the current task works for. `is_queued`: it is about items, which have
    /// a queue.
    pub fn begin(
        self: &Arc<Self>,
        operation: &'static str,
        items: usize,
        is_queued: bool,
    ) -> Arc<Request> {
        let number = self.next_request();
        self.counters.in_flight.add(1);
        let listener = self.listening();
        if let Some(listener) = listener {
            listener.tell(Event::RequestBegan(Begin {
                request: number,
                operation,
                items,
                contexts: context::all(),
                queued: is_queued.then(deadline::unsent_for),
                at: SystemTime::now(),
            }));
        }
        Arc::new(Request {
            is_told: listener.is_some(),
            telemetry: Arc::clone(self),
            number,
            operation,
            items: if is_queued { items } else { 0 },
            began: Instant::now(),
            state: Mutex::default(),
        })
    }
}

/// The request that the current task sends. Probes belong to none.
pub fn current() -> Option<Arc<Request>> {
    CURRENT.try_with(Arc::clone).ok()
}

impl Request {
    /// Runs `work`, which sends the request.
    pub fn scope<F: Future>(self: Arc<Self>, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, work)
    }

    /// Notes the path that the request takes.
    pub fn take(&self, path: Path) {
        locked(&self.state).path = path;
    }

    /// Notes that DynamoDB has throttled the request.
    pub fn throttle(&self, error: &Error) {
        self.telemetry.counters.throttled.add(1);
        if let Some(listener) = self.telemetry.listening() {
            listener.tell(Event::Throttled {
                request: self.number,
                error: error.clone(),
            });
        }
    }

    /// Notes the outcome. `capacity`: the units that DynamoDB has reported, and their use.
    pub fn end<T>(&self, outcome: &Result<T, Error>, capacity: Option<(Use, f64)>) {
        if let Some((of, units)) = capacity {
            self.telemetry.counters.consume(of, units);
        }
        locked(&self.state).outcome = Some(Outcome {
            error: outcome.as_ref().err().map(without_item),
            capacity: capacity.map(|(_, units)| units),
        });
    }

    /// Begins an attempt that sends `bytes` to `host`.
    pub(super) fn attempt(&self, bytes: usize, host: impl FnOnce() -> Option<String>) {
        let counters = &self.telemetry.counters;
        counters.attempts.add(1);
        counters.sent.add(bytes);
        let mut state = locked(&self.state);
        let attempts = &mut state.attempts;
        attempts.number += 1;
        attempts.sent += bytes;
        let attempt = attempts.number;
        if attempt > 1 {
            counters.retries.add(1);
        }
        let Some(listener) = self.telemetry.listening() else {
            return;
        };
        attempts.host = host();
        // Those of the last attempt.
        attempts.request_id = None;
        attempts.status = None;
        let reason = attempts.failure.take();
        drop(state);
        if attempt > 1 {
            listener.tell(Event::Retry {
                request: self.number,
                attempt,
                reason: reason.unwrap_or_else(|| UNANSWERED.to_owned()),
            });
        }
    }

    /// Ends an attempt. `report` adds what its answer says, if anybody listens.
    pub(super) fn answered(&self, bytes: usize, report: impl FnOnce(&mut Attempts)) {
        self.telemetry.counters.received.add(bytes);
        let mut state = locked(&self.state);
        state.attempts.received += bytes;
        if self.telemetry.listening().is_some() {
            report(&mut state.attempts);
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let counters = &self.telemetry.counters;
        counters.in_flight.subtract(1);
        let state = std::mem::take(&mut *locked(&self.state));
        let outcome = state.outcome.unwrap_or_else(|| Outcome {
            error: Some(Error::Timeout {
                operation: "a request to DynamoDB",
                after: self.began.elapsed(),
            }),
            capacity: None,
        });
        let is_failure = |error: &Error| !matches!(error, Error::ConditionFailed { .. });
        let has_failed = outcome.error.as_ref().is_some_and(is_failure);
        // During an outage, and while a store gets no credentials, a request ends before it is sent.
        if let (1.., Some(requests)) = (state.attempts.number, counters.of(self.operation)) {
            requests.ended.add(1);
            requests.items.add(self.items);
            requests.failed.add(usize::from(has_failed));
        }
        if let (true, Some(listener)) = (self.is_told, self.telemetry.listener()) {
            listener.tell(Event::RequestEnded(Box::new(End {
                request: self.number,
                took: self.began.elapsed(),
                path: state.path,
                attempts: state.attempts,
                capacity: outcome.capacity,
                error: outcome.error,
            })));
        }
    }
}

/// The reason of a retry after an attempt that was given up at its time limit.
const UNANSWERED: &str = "timeout";

/// The same error, without the item that it may have.
fn without_item(error: &Error) -> Error {
    match error {
        Error::ConditionFailed { .. } => Error::ConditionFailed { found: None },
        other => other.clone(),
    }
}
