//! Outages: when DynamoDB does not answer, calls fail at once, and are sent again once it does.
//!
//! * [`breaker`]: when an outage begins and ends.
//! * [`guard`]: the HTTP client that notes what comes of each attempt.
//!
//! An [`Outage`] is shared by all stores of an address. While it lasts, one probe at a time goes
//! out, also where nobody asks for a session.

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

/// How probes are sent.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// The pauses before probes: the first, and the longest. Each is twice as long as the one before.
    pauses: (Duration, Duration),
    /// The time that a probe has, and that each fourth has.
    limits: (Duration, Duration),
}

/// Where DynamoDB hangs, a short probe finds out soon that it is back. Some have longer, for a DynamoDB
/// that is slow and well.
const ADDRESS: Pace = Pace {
    pauses: (Duration::from_millis(50), Duration::from_millis(250)),
    limits: (Duration::from_millis(500), Duration::from_secs(3)),
};

/// A call of a client cannot be taken back: those that hang must not take all of its connections.
const CLIENT: Pace = Pace {
    limits: (Duration::from_secs(10), Duration::from_secs(10)),
    ..ADDRESS
};

/// Whoever gives credentials may take their time, start programs, or count who asks.
const CREDENTIALS: Pace = Pace {
    pauses: (Duration::from_millis(250), Duration::from_secs(5)),
    limits: (Duration::from_secs(30), Duration::from_secs(30)),
};

/// Each probe of this number has longer.
const PATIENT_PROBE: u32 = 4;

/// Who is told of outages, such as a store.
pub trait Observer: Send + Sync + 'static {
    /// An outage has begun: calls fail with `reason` from now on.
    fn unavailable(&self, reason: &Error);

    /// The outage is over.
    fn available(&self);

    /// A setting is missing, which the store can do without.
    fn warn(&self, _warning: &Error) {}
}

/// Who can find out whether an outage is over, and wants to be told.
pub trait Member: Observer {
    /// Sends a request, and notes what comes of it.
    fn probe(&self, limit: Duration) -> BoxFuture<'static, ()>;
}

/// What the stores of an address share. See the [module](self).
pub struct Outage {
    pace: Pace,
    breaker: Mutex<Breaker>,
    /// Copies of what the breaker says, which cost no lock.
    is_troubled: AtomicBool,
    is_open: AtomicBool,
    opened: Notify,
    members: Mutex<Vec<Weak<dyn Member>>>,
}

impl Outage {
    /// That of an address.
    pub fn of_address() -> Self {
        Self::new(ADDRESS)
    }

    /// That of a client of the user's.
    pub fn of_client() -> Self {
        Self::new(CLIENT)
    }

    /// That of credentials.
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

    /// Tells `member` of outages from now on, for as long as it exists; at once during one.
    pub fn join(&self, member: Weak<dyn Member>) {
        // Under this lock no outage begins or ends.
        let breaker = locked(&self.breaker);
        if let (Some(reason), Some(member)) = (breaker.reason(), member.upgrade()) {
            member.unavailable(reason);
        }
        let mut members = locked(&self.members);
        members.retain(|member| member.strong_count() > 0);
        members.push(member);
    }

    /// Why no request may be sent; `None` where it may.
    pub fn refusal(&self) -> Option<Error> {
        let reason = Box::new(self.reason()?);
        Some(Error::Outage { reason })
    }

    /// What is wrong, as the last attempt has found it; `None` where there is no outage.
    pub fn reason(&self) -> Option<Error> {
        if !self.is_open.load(Ordering::Relaxed) {
            return None;
        }
        locked(&self.breaker).reason().cloned()
    }

    /// Notes what came of an attempt. A failure that a caller could mend says that DynamoDB answers.
    pub fn note(self: &Arc<Self>, outcome: Result<(), &Error>) {
        match outcome {
            Err(error) if is_outage(error) => self.fail(error.clone(), Instant::now()),
            Err(error) if is_answer(error) => self.answer(),
            Err(_) => {}
            Ok(()) => self.answer(),
        }
    }

    /// Notes a failure of something that has gone on since `since`.
    pub fn note_failure_since(self: &Arc<Self>, error: &Error, since: Instant) {
        if is_outage(error) {
            self.fail(error.clone(), since);
        }
    }

    /// Returns when an outage begins; at once during one.
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
            // Under the lock, so that nobody is told in another order.
            tell(&self.members(), |member| member.available());
        }
    }

    fn fail(self: &Arc<Self>, error: Error, since: Instant) {
        let mut breaker = locked(&self.breaker);
        let members = self.members();
        // With nobody to send probes, an outage would never end.
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

/// Tells each member. A panic in one keeps no other from being told, and no probe from being sent.
fn tell(members: &[Arc<dyn Member>], what: impl Fn(&dyn Member)) {
    for member in members {
        let _ = catch_unwind(AssertUnwindSafe(|| what(&**member)));
    }
}

/// Sends one probe after the other until the outage is over or nobody is left to care.
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
        // Another one each time: what one store cannot reach, another one may.
        let member = members.get(number as usize % members.len().max(1));
        let (true, Some(member)) = (outage.is_open.load(Ordering::Relaxed), member) else {
            // A store that is opened later begins with a closed breaker.
            outage.answer();
            return;
        };
        let limit = match number % PATIENT_PROBE {
            0 => limits.1,
            _ => limits.0,
        };
        // A panic in a probe must not be the last of them.
        let probe = AssertUnwindSafe(async { member.probe(limit).await });
        let _ = probe.catch_unwind().await;
    }
}

/// Whether no caller can mend it: DynamoDB is not there, does not answer in time, or is broken; or
/// there are no credentials.
fn is_outage(error: &Error) -> bool {
    match error {
        Error::Timeout { .. } | Error::Credentials { .. } => true,
        // What is wrong with a certificate or a port is wrong for this store, and each call learns it
        // from its first attempt.
        Error::Unreachable { retryable, .. } => *retryable,
        Error::Service { status, .. } => status.is_some_and(|status| status >= 500),
        Error::Client { kind, .. } => *kind != ClientFailure::Other,
        _ => false,
    }
}

/// Whether DynamoDB has answered.
fn is_answer(error: &Error) -> bool {
    matches!(error, Error::Service { .. } | Error::ConditionFailed { .. })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::breaker::{FAILURES, SPAN};
    use super::*;

    /// Counts what it is told, and panics where a test wants that.
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
