//! The circuit breaker: decides from the outcomes of attempts when an outage begins and ends. No I/O, and the
//! clock is an argument.

use std::time::{Duration, Instant};

use crate::core::error::Error;

/// The breaker opens after at least this many failed attempts in a row.
pub const FAILURES: u32 = 5;

/// The breaker opens only if no attempt was answered for this time. A restarting server resets all connections
/// at the same moment, and this is not an outage.
pub const SPAN: Duration = Duration::from_millis(500);

/// The breaker is closed while requests are sent. It is open during an outage.
#[derive(Debug, Default)]
pub struct Breaker {
    /// The number of failed attempts since the last answer.
    failures: u32,
    /// The moment since which nothing was answered, as the first failed attempt noted it.
    since: Option<Instant>,
    /// If the breaker is open: the error of the last attempt.
    open: Option<Error>,
}

impl Breaker {
    /// Notes that an attempt failed at `now`. Returns whether this opens the breaker.
    #[cfg(test)]
    pub fn fail(&mut self, error: Error, now: Instant) -> bool {
        self.fail_since(error, now, now)
    }

    /// Notes that an attempt which began at `since` failed at `now`. Returns whether this opens the breaker.
    pub fn fail_since(&mut self, error: Error, since: Instant, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        let since = *self.since.get_or_insert(since);
        if let Some(reason) = &mut self.open {
            *reason = error;
            return false;
        }
        if self.failures < FAILURES || now.duration_since(since) < SPAN {
            return false;
        }
        self.open = Some(error);
        true
    }

    /// Notes that an attempt was answered. Returns whether this closes the breaker.
    pub fn answer(&mut self) -> bool {
        self.failures = 0;
        self.since = None;
        self.open.take().is_some()
    }

    /// If the breaker is open: the error of the last attempt.
    pub fn reason(&self) -> Option<&Error> {
        self.open.as_ref()
    }

    /// Whether an attempt failed since the last answer.
    pub fn is_troubled(&self) -> bool {
        self.failures > 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error() -> Error {
        Error::unreachable(vec!["refused".to_owned()])
    }

    fn at(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn failures_of_one_moment_do_not_open_it() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..1000 {
            assert!(!breaker.fail(error(), now));
        }
        assert!(!breaker.fail(error(), at(now, 499)));
        assert!(breaker.fail(error(), at(now, 500)));
        assert_eq!(breaker.reason(), Some(&error()));
    }

    #[test]
    fn few_failures_do_not_open_it() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for minute in 0..4 {
            assert!(!breaker.fail(error(), at(now, minute * 60_000)));
        }
        assert!(breaker.fail(error(), at(now, 240_000)));
    }

    #[test]
    fn an_answer_closes_it() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        let opened: Vec<bool> = (0..6)
            .map(|number| breaker.fail(error(), at(now, number * 200)))
            .collect();
        assert_eq!(opened, [false, false, false, false, true, false]);
        assert!(breaker.answer());
        assert!(!breaker.answer());
        assert_eq!(breaker.reason(), None);
        assert!(!breaker.is_troubled());
    }

    proptest! {
        /// The breaker is open exactly while enough failures in a row span enough time.
        #[test]
        fn it_is_open_while_nothing_was_answered(
            events in prop::collection::vec((0_u64..300, prop::bool::weighted(0.85)), 0..200)
        ) {
            let (mut breaker, start) = (Breaker::default(), Instant::now());
            let (mut now, mut failures, mut was_open) = (0, Vec::new(), false);
            for (pause, has_failed) in events {
                now += pause;
                if has_failed {
                    failures.push(now);
                    let opens = breaker.fail(error(), at(start, now));
                    let is_open = was_open
                        || (failures.len() >= 5 && now - failures[0] >= 500);
                    prop_assert_eq!(opens, is_open && !was_open);
                    was_open = is_open;
                } else {
                    failures.clear();
                    prop_assert_eq!(breaker.answer(), was_open);
                    was_open = false;
                }
                prop_assert_eq!(breaker.reason().is_some(), was_open);
                prop_assert_eq!(breaker.is_troubled(), !failures.is_empty());
            }
        }
    }
}
