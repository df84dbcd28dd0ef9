//! Outages. While DynamoDB does not answer, calls fail at once. When it answers again, calls are sent again.
//!
//! * [`breaker`]: when an outage begins and ends.
//! * [`guard`]: the HTTP client that notes the outcome of each attempt.
//!
//! All stores of an address share an [`Outage`]. During an outage, a task sends one probe at a time, even if
//! no call is made.

mod breaker;
pub mod guard;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use self::breaker::Breaker;
use crate::core::error::{ClientFailure, Error};
use crate::core::lock::locked;

/// The pauses and time limits of probes.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// The pauses before probes: the first, and the longest. Each is twice as long as the one before.
    pauses: (Duration, Duration),
    /// The time limit of a probe, and the longer one of every fourth probe.
    limits: (Duration, Duration),
}

/// If DynamoDB hangs, short probes find out soon that it is back. Every fourth probe gets 3 s, so that a slow
/// but healthy DynamoDB is not taken for an outage.
const ADDRESS: Pace = Pace {
    pauses: (Duration::from_millis(50), Duration::from_millis(250)),
    limits: (Duration::from_millis(500), Duration::from_secs(3)),
};

/// A call of the user's client cannot be cancelled. Long limits keep hanging probes from taking all of its
/// connections.
const CLIENT: Pace = Pace {
    limits: (Duration::from_secs(10), Duration::from_secs(10)),
    ..ADDRESS
};

/// A credential source can be slow, start a program, or limit the number of requests.
const CREDENTIALS: Pace = Pace {
    pauses: (Duration::from_millis(250), Duration::from_secs(5)),
    limits: (Duration::from_secs(30), Duration::from_secs(30)),
};

/// Each probe whose number is divisible by this gets the longer limit.
const PATIENT_PROBE: u32 = 4;

/// Learns of outages. Stores are observers.
pub trait Observer: Send + Sync + 'static {
    /// An outage has begun: calls fail with `reason` from now on.
    fn unavailable(&self, reason: &Error);

    /// The outage is over.
    fn available(&self);

    /// A setting is missing. The store works without it.
    fn warn(&self, _warning: &Error) {}
}

/// An observer that can find out whether the outage is over.
pub trait Member: Observer {
    /// Sends a request, waits at most `limit` for its answer, and notes the outcome.
    fn probe(&self, limit: Duration) -> BoxFuture<'static, ()>;
}

/// The state of an address, of the user's client, or of a credential source. See the [module](self).
pub struct Outage {
    pace: Pace,
    breaker: Mutex<Breaker>,
    /// Copies of the breaker's state, to read it without the lock.
    is_troubled: AtomicBool,
    is_open: AtomicBool,
    opened: Notify,
    members: Mutex<Vec<Weak<dyn Member>>>,
}

impl Outage {
    /// The outage of an address.
    pub fn of_address() -> Self {
        Self::new(ADDRESS)
    }

    /// The outage of a client that the user gave.
    pub fn of_client() -> Self {
        Self::new(CLIENT)
    }

    /// The outage of a credential source.
    pub fn of_credentials() -> Self {
        Self::new(CREDENTIALS)
    }

    fn new(pace: Pace) -> Self {
        Self {
            pace,
            breaker: Mutex::default(),
            is_troubled: AtomicBool::new(false),
            is_open: AtomicBool::new(false),
            opened: Notify::new(),
            members: Mutex::default(),
        }
    }

    /// Tells `member` of outages from now on, until `member` is dropped. During an outage, tells it at once.
    pub fn join(&self, member: Weak<dyn Member>) {
        // While this lock is held, no outage begins or ends.
        let breaker = locked(&self.breaker);
        if let (Some(reason), Some(member)) = (breaker.reason(), member.upgrade()) {
            member.unavailable(reason);
        }
        let mut members = locked(&self.members);
        members.retain(|member| member.strong_count() > 0);
        members.push(member);
    }

    /// The error of calls during an outage. `None` if requests may be sent.
    pub fn refusal(&self) -> Option<Error> {
        let reason = Box::new(self.reason()?);
        Some(Error::Outage { reason })
    }

    /// During an outage: the error of the last attempt.
    pub fn reason(&self) -> Option<Error> {
        if !self.is_open.load(Ordering::Relaxed) {
            return None;
        }
        locked(&self.breaker).reason().cloned()
    }

    /// Notes the outcome of an attempt. If DynamoDB answered with an error that the caller can mend, this counts
    /// as an answer.
    pub fn note(self: &Arc<Self>, outcome: Result<(), &Error>) {
        match outcome {
            Err(error) if is_outage(error) => self.fail(error.clone(), Instant::now()),
            Err(error) if is_answer(error) => self.answer(),
            Err(_) => {}
            Ok(()) => self.answer(),
        }
    }

    /// Notes that an attempt which began at `since` failed.
    pub fn note_failure_since(self: &Arc<Self>, error: &Error, since: Instant) {
        if is_outage(error) {
            self.fail(error.clone(), since);
        }
    }

    /// Returns when an outage begins. During an outage, returns at once.
    pub async fn opened(&self) {
        let opened = self.opened.notified();
        if !self.is_open.load(Ordering::Relaxed) {
            opened.await;
        }
    }

    fn answer(&self) {
        if !self.is_troubled.load(Ordering::Relaxed) {
            return;
        }
        let mut breaker = locked(&self.breaker);
        let closes = breaker.answer();
        self.show(&breaker);
        if closes {
            // Under the lock, so that all members learn of beginnings and ends in their order.
            tell(&self.members(), |member| member.available());
        }
    }

    fn fail(self: &Arc<Self>, error: Error, since: Instant) {
        let mut breaker = locked(&self.breaker);
        let members = self.members();
        // Without a member that sends probes, the outage would never end.
        let Some(runtime) = Handle::try_current().ok().filter(|_| !members.is_empty()) else {
            return;
        };
        let opens = breaker.fail_since(error.clone(), since, Instant::now());
        self.show(&breaker);
        if opens {
            tell(&members, |member| member.unavailable(&error));
            self.opened.notify_waiters();
            runtime.spawn(probe(Arc::downgrade(self)));
        }
    }

    fn show(&self, breaker: &Breaker) {
        self.is_troubled
            .store(breaker.is_troubled(), Ordering::Relaxed);
        self.is_open
            .store(breaker.reason().is_some(), Ordering::Relaxed);
    }

    fn members(&self) -> Vec<Arc<dyn Member>> {
        let members = locked(&self.members);
        members.iter().filter_map(Weak::upgrade).collect()
    }
}

/// Calls `what` with each member. If one panics, the others are still called, and probes are still sent.
fn tell(members: &[Arc<dyn Member>], what: impl Fn(&dyn Member)) {
    for member in members {
        let _ = catch_unwind(AssertUnwindSafe(|| what(&**member)));
    }
}

/// Sends one probe after the other, until the outage is over or no member is left.
async fn probe(outage: Weak<Outage>) {
    let mut pause = None;
    for number in 1_u32.. {
        let Some(Pace { pauses, limits }) = outage.upgrade().map(|outage| outage.pace) else {
            return;
        };
        let wait = pause.unwrap_or(pauses.0);
        pause = Some(pauses.1.min(wait * 2));
        tokio::time::sleep(wait).await;
        let Some(outage) = outage.upgrade() else {
            return;
        };
        let members = outage.members();
        // Each probe uses another member: one store may reach DynamoDB when another one cannot.
        let member = members.get(number as usize % members.len().max(1));
        let (true, Some(member)) = (outage.is_open.load(Ordering::Relaxed), member) else {
            // Close the breaker, so that a store which is opened later can send requests.
            outage.answer();
            return;
        };
        let limit = match number % PATIENT_PROBE {
            0 => limits.1,
            _ => limits.0,
        };
        // If a probe panics, the next one must still be sent.
        let probe = AssertUnwindSafe(async { member.probe(limit).await });
        let _ = probe.catch_unwind().await;
    }
}

/// Whether the error counts towards an outage: DynamoDB cannot be reached, does not answer in time, or fails;
/// or the credential source fails. No caller can mend these errors.
fn is_outage(error: &Error) -> bool {
    match error {
        Error::Timeout { .. } | Error::Credentials { .. } => true,
        // If an error is not retryable (a wrong certificate or port), only this store is affected, and its
        // calls fail quickly anyway.
        Error::Unreachable { retryable, .. } => *retryable,
        Error::Service { status, .. } => status.is_some_and(|status| status >= 500),
        Error::Client { kind, .. } => *kind != ClientFailure::Other,
        _ => false,
    }
}

/// Whether DynamoDB answered.
fn is_answer(error: &Error) -> bool {
    matches!(error, Error::Service { .. } | Error::ConditionFailed { .. })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::breaker::{FAILURES, SPAN};
    use super::*;

    /// Counts its notifications. If `panics` is set, each of them panics.
    struct Listener {
        panics: bool,
        told: AtomicU32,
        probed: Notify,
    }

    impl Listener {
        fn new(panics: bool) -> Arc<Self> {
            Arc::new(Self {
                panics,
                told: AtomicU32::new(0),
                probed: Notify::new(),
            })
        }

        fn tell(&self) {
            self.told.fetch_add(1, Ordering::Relaxed);
            assert!(!self.panics, "a defect that a test wants");
        }
    }

    impl Observer for Listener {
        fn unavailable(&self, _reason: &Error) {
            self.tell();
        }

        fn available(&self) {
            self.tell();
        }
    }

    impl Member for Listener {
        fn probe(&self, _limit: Duration) -> BoxFuture<'static, ()> {
            self.probed.notify_one();
            Box::pin(async {})
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_of_one_that_is_told_keeps_no_other_from_it_and_no_probe() {
        let outage = Arc::new(Outage::of_address());
        let listeners = [true, false].map(Listener::new);
        for listener in &listeners {
            let member: Arc<dyn Member> = Arc::clone(listener) as Arc<dyn Member>;
            outage.join(Arc::downgrade(&member));
        }
        let told = || {
            let told = listeners.each_ref();
            told.map(|listener| listener.told.load(Ordering::Relaxed))
        };
        let error = Error::unreachable(vec!["refused".to_owned()]);
        let earlier = Instant::now().checked_sub(SPAN);
        for _ in 1..FAILURES {
            locked(&outage.breaker).fail(error.clone(), earlier.expect("the clock is past it"));
        }
        outage.note(Err(&error));
        assert_eq!(told(), [1, 1]);
        for listener in &listeners {
            listener.probed.notified().await;
        }
        outage.note(Ok(()));
        assert_eq!(told(), [2, 2]);
        assert_eq!(outage.refusal(), None);
    }
}
