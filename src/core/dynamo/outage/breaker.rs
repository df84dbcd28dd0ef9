//! Whether DynamoDB answers. No I/O, and the clock is an argument.

use std::time::{Duration, Instant};

use crate::core::error::Error;

/// How many attempts have to fail one after the other before the breaker opens.
pub const FAILURES: u32 = 5;

/// How long no attempt may have succeeded before the breaker opens. A server that restarts resets
/// all connections at one moment, and that is not an outage.
pub const SPAN: Duration = Duration::from_millis(500);

/// A breaker is closed while requests are sent, and open while they are not.
#[derive(Debug, Default)]
pub struct Breaker {
    /// The attempts that have failed since the last one that was answered.
    failures: u32,
    /// When the first of them failed.
    since: Option<Instant>,
    /// Why no request is sent.
    open: Option<Error>,
}

impl Breaker {
    /// An attempt has failed at `now`. Whether that opens the breaker.
    #[cfg(test)]
    pub fn fail(&mut self, error: Error, now: Instant) -> bool {
        self.fail_since(error, now, now)
    }

    /// An attempt has failed at `now`, and nothing has succeeded since `since`. Whether that opens the breaker.
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

    /// An attempt was answered. Whether that closes the breaker.
    pub fn answer(&mut self) -> bool {
        self.failures = 0;
        self.since = None;
        self.open.take().is_some()
    }

    /// What was wrong last, while the breaker is open.
    pub fn reason(&self) -> Option<&Error> {
        self.open.as_ref()
    }

    /// Whether an attempt has failed since the last one that was answered.
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
        /// Whatever happens, it is open exactly while the last failures are many and old enough.
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
