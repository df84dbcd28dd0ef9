//! Sends throttled requests again, until the deadline of their calls, and no faster than the table takes
//! them.
//!
//! * [`Throttling`] tells the SDK not to retry: its retries know no deadline, and stop when its token bucket
//!   is empty.
//! * [`Patience`] retries instead, around each request.
//! * [`Limits`] belong to a table, and stores with the same connection share them. DynamoDB counts reads and
//!   writes separately, so each has its own [`rate`].

mod rate;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use self::rate::Rate;
use super::capacity::Use;
use super::{answers, telemetry};
use crate::core::deadline;
use crate::core::error::{self, Error, Result};
use crate::core::lock::locked;

/// The longest pause before the second attempt. It doubles with each attempt. A single throttled attempt delays
/// a page by 25 ms on average.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause. A call has 10 seconds by default, and finds out within half a second on average that the
/// table takes its request again.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// If another Region writes an item of a batch, DynamoDB refuses the batch. After this many refusals the
/// operations are sent one by one, so that the other operations do not wait.
const BATCHES_IN_CONFLICT: u32 = 3;

/// The pause after the refusal number `times`: a random part of a time that doubles ("full jitter"), so that
/// waiting requests are not all sent at once.
pub fn pause(times: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << times.saturating_sub(1).min(16));
    doubled.min(LONGEST_PAUSE).mul_f64(fastrand::f64())
}

/// Keeps the SDK from retrying a throttled attempt: [`Patience`] does.
#[derive(Debug)]
pub struct Throttling;

impl ClassifyRetry for Throttling {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(response) = context.response() else {
            return RetryAction::NoActionIndicated;
        };
        let status = response.status().as_u16();
        let code = answers::error_code(response);
        if status >= 400 && error::passes(code.as_deref().unwrap_or_default(), Some(status)) {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "Throttling"
    }
}

/// The last throttling error of a table.
struct Last {
    error: Error,
    noted: Instant,
    /// Until when a request has waited after it.
    waited: Instant,
}

impl Last {
    /// Whether requests that wait now may wait because of it. They also wait for other reasons, such as conflicts.
    fn is_recent(&self) -> bool {
        self.noted.elapsed() < rate::CALM
    }
}

/// The capacity of a table, as far as the process knows it.
#[derive(Default)]
pub struct Limits {
    reads: Pace,
    writes: Pace,
    last: Mutex<Option<Last>>,
    /// Changes when requests begin to wait.
    began: watch::Sender<()>,
}

/// Whether reads and whether writes wait at this moment because the table throttles. A waiting request uses no
/// connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Throttled {
    pub reads: bool,
    pub writes: bool,
}

impl Limits {
    /// The last throttling error of the table, and until when requests waited after it, if that is not before `then`.
    pub fn throttled_since(&self, then: Instant) -> Option<(Error, Instant)> {
        let waiting = [&self.reads, &self.writes].map(|pace| pace.waiting.load(Ordering::Relaxed));
        let last = locked(&self.last);
        let last = last.as_ref()?;
        let until = if waiting != [0, 0] && last.is_recent() {
            Instant::now()
        } else {
            last.waited
        };
        (until >= then).then(|| (last.error.clone(), until))
    }

    /// See [`Throttled`].
    pub fn throttled(&self) -> Throttled {
        Throttled {
            reads: self.reads.is_throttled(),
            writes: self.writes.is_throttled(),
        }
    }

    /// A channel that changes when requests begin to wait because the table throttles.
    pub fn began(&self) -> watch::Receiver<()> {
        self.began.subscribe()
    }

    /// Counts a request as waiting until the returned guard is dropped.
    fn wait<'l>(&'l self, pace: &'l Pace) -> Waiting<'l> {
        if pace.waiting.fetch_add(1, Ordering::Relaxed) == 0 {
            self.began.send_replace(());
        }
        Waiting { limits: self, pace }
    }

    fn pace(&self, of: Use) -> &Pace {
        match of {
            Use::Reads => &self.reads,
            Use::Writes => &self.writes,
        }
    }

    fn note(&self, error: &Error) {
        let now = Instant::now();
        *locked(&self.last) = Some(Last {
            error: error.clone(),
            noted: now,
            waited: now,
        });
    }

    fn last(&self) -> Option<Error> {
        locked(&self.last).as_ref().map(|last| last.error.clone())
    }
}

/// Gives operations their turns, at the rate that the table takes.
#[derive(Default)]
struct Pace {
    rate: Mutex<Rate>,
    /// A copy of [`Rate::is_limited`], to read it without the lock.
    is_limited: AtomicBool,
    /// The number of waiting requests.
    waiting: AtomicUsize,
    /// The next request holds this lock. The others wait for it in their order.
    next: tokio::sync::Mutex<()>,
    /// Wakes the next request if the rate may have changed.
    changed: Notify,
}

impl Pace {
    fn is_throttled(&self) -> bool {
        self.is_limited.load(Ordering::Relaxed) || self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Whether `operations` may be sent at once. If not, they wait for their [`turn`](Self::turn).
    fn passes(&self, operations: usize) -> bool {
        !self.is_limited.load(Ordering::Relaxed) && self.take(operations).is_ok()
    }

    /// Returns when `operations` may be sent.
    async fn turn(&self, operations: usize) {
        let _next = self.next.lock().await;
        while let Err(wait) = self.take(operations) {
            let _ = tokio::time::timeout(wait, self.changed.notified()).await;
        }
    }

    fn take(&self, operations: usize) -> Result<(), Duration> {
        locked(&self.rate).take(Instant::now(), operations)
    }

    fn note(&self, done: usize, throttled: usize) {
        let mut rate = locked(&self.rate);
        rate.note(Instant::now(), done, throttled);
        let is_limited = rate.is_limited();
        let was_limited = self.is_limited.load(Ordering::Relaxed);
        if is_limited != was_limited {
            self.is_limited.store(is_limited, Ordering::Relaxed);
        }
        drop(rate);
        if is_limited || was_limited {
            self.changed.notify_one();
        }
    }
}

/// Counts a request as waiting until dropped.
struct Waiting<'l> {
    limits: &'l Limits,
    pace: &'l Pace,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Before the count: whoever finds no waiting request must find this time.
        if let Some(last) = locked(&self.limits.last).as_mut()
            && last.is_recent()
        {
            last.waited = Instant::now();
        }
        self.pace.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a connection retries throttled requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Repeats {
    /// Whether throttled requests are sent again until the deadline of their calls.
    pub until_deadline: bool,
    /// If set: the largest number of attempts for a request.
    pub max_attempts: Option<u32>,
}

/// The retries of a throttled request.
pub struct Patience<'c> {
    /// Whether the request may be sent again.
    repeats: bool,
    /// The largest number of attempts, with those of the SDK.
    max_attempts: Option<u32>,
    pace: Option<(&'c Limits, &'c Pace)>,
    /// The number of operations in the request.
    operations: usize,
    attempts: u32,
    /// The number of refusals for reasons that pass by themselves.
    refusals: u32,
}

impl<'c> Patience<'c> {
    /// For a request with `operations` operations on the table with these limits. A request about the table
    /// itself, or one that the user's client sends, has no limits.
    pub fn new(repeats: &Repeats, limits: Option<(Use, &'c Limits)>, operations: usize) -> Self {
        let limits = limits.filter(|_| repeats.until_deadline);
        Self {
            repeats: repeats.until_deadline,
            max_attempts: repeats.max_attempts,
            pace: limits.map(|(of, limits)| (limits, limits.pace(of))),
            operations,
            attempts: 0,
            refusals: 0,
        }
    }

    /// Returns when the request may be sent.
    pub async fn turn(&self) {
        if let Some((limits, pace)) = self.pace
            && !pace.passes(self.operations)
        {
            if let Some(error) = limits.last() {
                deadline::note_throttled(&error);
            }
            let waiting = limits.wait(pace);
            pace.turn(self.operations).await;
            drop(waiting);
        }
        deadline::note_sent(|then| {
            self.pace
                .and_then(|(limits, _)| limits.throttled_since(then))
        });
    }

    /// The client for the next attempts. Its limit of attempts is the number that is left.
    pub fn limited(&self, client: Client) -> Client {
        match self.max_attempts {
            Some(most) if self.attempts > 0 => {
                let config = client.config();
                let retries = config.retry_config().cloned();
                let retries = retries.unwrap_or_else(RetryConfig::standard);
                let left = most.saturating_sub(self.attempts).max(1);
                let config = config
                    .to_builder()
                    .retry_config(retries.with_max_attempts(left));
                Client::from_conf(config.build())
            }
            _ => client,
        }
    }

    /// Decides after an attempt. Returns the result of the request, or waits for the pause and returns `None`:
    /// then the request must be sent again. `unprocessed` returns the number of operations that an answer leaves
    /// undone because the table throttles.
    pub async fn outcome<T>(
        &mut self,
        outcome: Result<T>,
        unprocessed: impl FnOnce(&T) -> usize,
    ) -> Option<Result<T>> {
        let mut error = match outcome {
            Ok(answer) => {
                if let Some((limits, pace)) = self.pace {
                    let left = unprocessed(&answer).min(self.operations);
                    pace.note(self.operations - left, left);
                    if left > 0 {
                        report(&Error::unprocessed());
                        limits.note(&Error::unprocessed());
                    }
                }
                return Some(Ok(answer));
            }
            Err(error) if error.attempts().is_none() => {
                // If DynamoDB answers with another error, the table had capacity for the request: a failed
                // condition costs as much as a write.
                if let Some((_, pace)) = self.pace
                    && error.is_answer()
                {
                    pace.note(self.operations, 0);
                }
                return Some(Err(error));
            }
            Err(error) => error,
        };
        self.refusals += 1;
        self.attempts += error.attempts().unwrap_or_default();
        error.set_attempts(self.attempts);
        if error.is_throttling() {
            report(&error);
            if let Some((limits, pace)) = self.pace {
                limits.note(&error);
                // If only a partition or an index is at its limit, the table's rate stays.
                if !error.is_of_a_part() {
                    pace.note(0, self.operations);
                }
            }
        } else if self.operations > 1 && self.refusals >= BATCHES_IN_CONFLICT {
            return Some(Err(error));
        }
        let is_last = self.max_attempts.is_some_and(|most| self.attempts >= most);
        if !self.repeats || is_last {
            return Some(Err(error));
        }
        deadline::note_throttled(&error);
        let waiting = self.pace.map(|(limits, pace)| limits.wait(pace));
        sleep(pause(self.refusals)).await;
        drop(waiting);
        None
    }
}

/// Reports that DynamoDB has throttled the request of the current task.
fn report(error: &Error) {
    if let Some(request) = telemetry::request::current() {
        request.throttle(error);
    }
}

#[cfg(test)]
mod tests;
