//! The deadline of a call, and what the call is told when it has passed.
//!
//! A request that DynamoDB throttles is sent again until the deadline of the call. The request may be
//! sent by another task, and for several calls at a time. So each operation keeps the deadline of its
//! call, and whoever sends the request notes there that DynamoDB has throttled it: a bare
//! [`Error::Timeout`] would hide the reason.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task_local;
use tokio::time::Instant;

use super::error::{Error, Result};

use crate::core::lock::locked;

task_local! {
    /// The deadlines of the calls that the current task works for.
    static CURRENT: Deadlines;
}

#[derive(Clone)]
enum Deadlines {
    One(Arc<Deadline>),
    Many(Arc<[Arc<Deadline>]>),
}

impl Deadlines {
    fn all(&self) -> &[Arc<Deadline>] {
        match self {
            Self::One(deadline) => std::slice::from_ref(deadline),
            Self::Many(deadlines) => deadlines,
        }
    }
}

/// See the [module](self).
pub struct Deadline {
    operation: &'static str,
    limit: Duration,
    /// When the call was made.
    began: Instant,
    /// Whether a request for the call was sent.
    is_sent: AtomicBool,
    /// By what DynamoDB has throttled the call.
    throttled: Mutex<Option<Throttled>>,
}

struct Throttled {
    error: Box<Error>,
    /// When throttling has last kept the call: from then on, something else does. `None`: throttling still keeps it.
    until: Option<Instant>,
}

impl From<Box<Error>> for Throttled {
    fn from(error: Box<Error>) -> Self {
        Self { error, until: None }
    }
}

impl Deadline {
    /// The deadline of `operation`, `limit` after [`Self::bound`] is called.
    pub fn new(limit: Duration, operation: &'static str) -> Arc<Self> {
        Arc::new(Self {
            operation,
            limit,
            began: Instant::now(),
            is_sent: AtomicBool::new(false),
            throttled: Mutex::default(),
        })
    }

    /// Calls `ask`, whose operations keep this deadline.
    pub fn ask<F>(self: &Arc<Self>, ask: impl FnOnce() -> F) -> F {
        CURRENT.sync_scope(Deadlines::One(Arc::clone(self)), ask)
    }

    /// Runs `work`. If the limit passes first, the error is the one by which DynamoDB has throttled the
    /// call, if throttling has ended in the second half of the limit or not at all, else [`Error::Timeout`].
    ///
    /// No `async fn`: see `completions.rs` in the binding.
    pub fn bound<T, F>(self: Arc<Self>, work: F) -> impl Future<Output = Result<T>> + use<T, F>
    where
        F: Future<Output = Result<T>>,
    {
        let scope = Deadlines::One(Arc::clone(&self));
        let timed = tokio::time::timeout(self.limit, CURRENT.scope(scope, work));
        // `work` is dropped by now, and has noted what it waited for.
        timed.map(move |outcome| outcome.unwrap_or_else(|_| Err(self.error())))
    }

    /// If no request was sent for the call so far: notes what it has waited for, see [`note_sent`].
    pub fn note_unsent(&self, throttled_since: impl FnOnce(Instant) -> Option<(Error, Instant)>) {
        if !self.is_sent.load(Ordering::Relaxed) {
            self.note_waited(throttled_since);
        }
    }

    /// Notes the error of the requests that the table has throttled since the call was made.
    fn note_waited(&self, throttled_since: impl FnOnce(Instant) -> Option<(Error, Instant)>) {
        if let Some((error, until)) = throttled_since(self.began) {
            *locked(&self.throttled) = Some(Throttled {
                error: Box::new(error),
                until: Some(until),
            });
        }
    }

    /// Notes that DynamoDB has left an operation of a batch undone, which gives no error.
    pub fn note_unprocessed(&self) {
        let mut throttled = locked(&self.throttled);
        let error = || Box::new(Error::unprocessed()).into();
        throttled.get_or_insert_with(error).until = None;
    }

    fn note(&self, error: &Error) {
        *locked(&self.throttled) = Some(Box::new(error.clone()).into());
    }

    /// Notes that a request is sent: if DynamoDB does not throttle it too, throttling has ended.
    fn note_on_the_way(&self) {
        if let Some(throttled) = locked(&self.throttled).as_mut() {
            throttled.until.get_or_insert_with(Instant::now);
        }
    }

    fn error(&self) -> Error {
        match locked(&self.throttled).take() {
            Some(throttled) if self.is_why(&throttled) => *throttled.error,
            _ => Error::Timeout {
                operation: self.operation,
                after: self.limit,
            },
        }
    }

    /// Whether the time until throttling ended is longer than the time since.
    fn is_why(&self, Throttled { until, .. }: &Throttled) -> bool {
        until.is_none_or(|until| until.elapsed() < until.saturating_duration_since(self.began))
    }
}

/// Runs `work`, and gives up when `limit` has passed since this was called, see [`Deadline::bound`].
pub fn within<T, F>(
    limit: Duration,
    operation: &'static str,
    work: F,
) -> impl Future<Output = Result<T>> + use<T, F>
where
    F: Future<Output = Result<T>>,
{
    Deadline::new(limit, operation).bound(work)
}

/// The deadline of the call that the current task works for, if it works for one.
pub fn current() -> Option<Arc<Deadline>> {
    let current = CURRENT.try_with(|deadlines| match deadlines {
        Deadlines::One(deadline) => Some(Arc::clone(deadline)),
        Deadlines::Many(_) => None,
    });
    current.ok().flatten()
}

/// Runs `work`, which sends a request for the calls of `deadlines`.
pub async fn among<F: Future>(mut deadlines: Vec<Arc<Deadline>>, work: F) -> F::Output {
    let deadlines = match deadlines.pop() {
        Some(only) if deadlines.is_empty() => Deadlines::One(only),
        last => Deadlines::Many(deadlines.into_iter().chain(last).collect()),
    };
    CURRENT.scope(deadlines, work).await
}

/// Notes that a request is sent for the calls that the current task works for. Before its first request, a call has waited
/// for others: `throttled_since` returns the error of those that the table has throttled since a moment, and until when
/// they waited.
pub fn note_sent(throttled_since: impl Fn(Instant) -> Option<(Error, Instant)>) {
    each(|deadline| {
        if deadline.is_sent.swap(true, Ordering::Relaxed) {
            deadline.note_on_the_way();
        } else {
            deadline.note_waited(&throttled_since);
        }
    });
}

/// The longest time that a call which the current task works for has waited for its first request. Zero once a request
/// was sent for each.
pub fn unsent_for() -> Duration {
    let longest = CURRENT.try_with(|deadlines| {
        let unsent = deadlines.all().iter();
        let unsent = unsent.filter(|one| !one.is_sent.load(Ordering::Relaxed));
        unsent.map(|one| one.began.elapsed()).max()
    });
    longest.ok().flatten().unwrap_or_default()
}

/// Notes that DynamoDB has throttled a request for the calls that the current task works for.
pub fn note_throttled(error: &Error) {
    each(|deadline| deadline.note(error));
}

fn each(note: impl Fn(&Deadline)) {
    // Tests send requests without a call.
    let _ = CURRENT.try_with(|deadlines| deadlines.all().iter().for_each(|one| note(one)));
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    fn throttled() -> Error {
        let code = "ThrottlingException".to_owned();
        Error::service(code, Some("slow down"), Some(400), None, None)
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_throttled_says_so_at_its_deadline() {
        let work = async {
            note_sent(|_| None);
            note_throttled(&throttled());
            pending::<Result<()>>().await
        };
        assert_eq!(within(LIMIT, "get", work).await, Err(throttled()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_has_its_turn_too_late_was_throttled_and_one_that_hangs_was_not() {
        for (turn, is_throttled) in [(900, true), (100, false)] {
            let work = async {
                note_sent(|_| None);
                note_throttled(&throttled());
                tokio::time::sleep(Duration::from_millis(turn)).await;
                note_sent(|_| None);
                pending::<Result<()>>().await
            };
            let outcome = within(LIMIT, "get", work).await;
            assert_eq!(outcome == Err(throttled()), is_throttled, "{outcome:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_request_that_hangs_is_no_throttling_of_an_earlier_one() {
        let work = async {
            note_sent(|_| None);
            note_throttled(&throttled());
            note_sent(|_| None);
            tokio::time::sleep(Duration::from_millis(900)).await;
            note_sent(|_| None);
            pending::<Result<()>>().await
        };
        let outcome = within(LIMIT, "get", work).await;
        assert!(matches!(outcome, Err(Error::Timeout { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_sent_too_late_says_what_it_has_waited_for_longest() {
        // Milliseconds: until when others waited, and when the call is sent.
        for (until, sent, is_throttled) in [(900, 900, true), (100, 900, false), (100, 100, false)]
        {
            let work = async {
                let until = Instant::now() + Duration::from_millis(until);
                tokio::time::sleep(Duration::from_millis(sent)).await;
                note_sent(|_| Some((throttled(), until)));
                pending::<Result<()>>().await
            };
            let outcome = within(LIMIT, "get", work).await;
            assert_eq!(outcome == Err(throttled()), is_throttled, "{outcome:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_not_throttled_has_timed_out() {
        let outcome = within(LIMIT, "get", pending::<Result<()>>()).await;
        let expected = Error::Timeout {
            operation: "get",
            after: LIMIT,
        };
        assert_eq!(outcome, Err(expected));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_of_another_task_tells_all_calls_that_it_is_for() {
        let deadlines = ["get", "set"].map(|operation| Deadline::new(LIMIT, operation));
        let own = deadlines[0].ask(current).expect("it is the current one");
        assert!(Arc::ptr_eq(&own, &deadlines[0]));
        let request = among(deadlines.to_vec(), async { note_throttled(&throttled()) });
        tokio::spawn(request).await.expect("it does not panic");
        for deadline in deadlines {
            let outcome = deadline.bound(pending::<Result<()>>()).await;
            assert_eq!(outcome, Err(throttled()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_never_sent_says_what_it_has_waited_for() {
        let deadline = Deadline::new(LIMIT, "get");
        let until = Instant::now() + LIMIT;
        deadline.note_unsent(|_| Some((throttled(), until)));
        let outcome = deadline.bound(pending::<Result<()>>()).await;
        assert_eq!(outcome, Err(throttled()));
        let sent = Deadline::new(LIMIT, "get");
        let work = Arc::clone(&sent).bound(async {
            note_sent(|_| None);
            pending::<Result<()>>().await
        });
        let noted = async {
            tokio::task::yield_now().await;
            sent.note_unsent(|_| Some((throttled(), until)));
        };
        let (outcome, ()) = futures_util::future::join(work, noted).await;
        assert!(matches!(outcome, Err(Error::Timeout { .. })));
    }
}
