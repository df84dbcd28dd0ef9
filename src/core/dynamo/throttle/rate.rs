//! How many operations a second a table takes that throttles. No I/O; the clock is an argument.
//!
//! Nothing is limited until DynamoDB throttles. Then the rate follows the part of the operations that are
//! carried out, window by window:
//!
//! * If it is more than 1 / [`MORE`], the rate grows: to [`MORE`] times the rate if DynamoDB throttles none.
//! * If it is less, the rate falls: to [`CUT`] times the rate at least.
//!
//! So at most [`MORE`] operations are sent, on average, for each that the table takes, which shows soon when
//! it takes more. Throttling that has nothing to do with the rate does not bring all calls to a halt, as it
//! would if each throttled operation lowered the rate. [`CALM`] after the last throttled operation nothing is
//! limited.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time over which is counted how many operations are throttled.
const WINDOW: Duration = Duration::from_millis(250);

/// The fewest operations that say something about the rate.
const ENOUGH: f64 = 5.0;

/// How long no operation may be throttled before nothing is limited.
const CALM: Duration = Duration::from_secs(5);

/// How many operations are sent at most, on average, for each that is carried out. With 1.5, calls come to a
/// halt if 30 % of operations are throttled at random.
const MORE: f64 = 1.75;

/// What a window leaves of the rate at least.
const CUT: f64 = 0.7;

/// The lowest rate, in operations a second: a process finds out soon that the table takes more again.
const LOWEST: f64 = 20.0;

/// The lowest rate when DynamoDB begins to throttle. A process that has just begun may have sent one
/// operation so far, which says nothing.
const FIRST: f64 = 50.0;

/// How many times the rate may be what the process sends: a rate far above would not be felt for long after
/// DynamoDB begins to throttle more.
const AHEAD: f64 = 3.0;

/// The time in which the highest rate at which the process has sent counts half.
const HALF_LIFE: f64 = 2.0;

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Rate {
    window: Option<Window>,
    /// The most operations a second that were sent of late, and when.
    peak: Option<(f64, Instant)>,
    limit: Option<Limit>,
}

/// What has happened since a moment.
#[derive(Debug)]
struct Window {
    began: Instant,
    sent: f64,
    done: f64,
    throttled: f64,
}

#[derive(Debug)]
struct Limit {
    /// In operations a second.
    rate: f64,
    /// How many operations may be sent at once: 1 at most, and below 0 after a batch.
    allowed: f64,
    refilled: Instant,
    /// When an operation was throttled last.
    throttled: Instant,
}

impl Rate {
    /// Whether operations have to wait for their turn.
    pub fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Takes the turn of `operations`, which are sent as one request.
    ///
    /// # Errors
    ///
    /// How long to wait before asking again.
    pub fn take(&mut self, now: Instant, operations: usize) -> Result<(), Duration> {
        if let Some(limit) = &mut self.limit {
            let waited = now.saturating_duration_since(limit.refilled).as_secs_f64();
            limit.allowed = (limit.allowed + waited * limit.rate).min(1.0);
            limit.refilled = now;
            // A little less, because a timer is exact to the millisecond.
            if limit.allowed < 0.999 {
                let wait = (1.0 - limit.allowed) / limit.rate;
                return Err(Duration::from_secs_f64(wait));
            }
            limit.allowed -= operations as f64;
        }
        self.measure(now).sent += operations as f64;
        Ok(())
    }

    /// Notes what came of operations that were sent: how many were carried out, and how many throttled.
    pub fn note(&mut self, now: Instant, done: usize, throttled: usize) {
        let window = self.measure(now);
        window.done += done as f64;
        window.throttled += throttled as f64;
        // Not before: it is costly, and most tables never throttle.
        let sent = match self.limit {
            None if throttled > 0 => self.sent(now),
            _ => 0.0,
        };
        match &mut self.limit {
            Some(limit) if throttled > 0 => limit.throttled = now,
            Some(limit) if now.saturating_duration_since(limit.throttled) >= CALM => {
                self.limit = None;
            }
            None if throttled > 0 => {
                self.limit = Some(Limit {
                    rate: sent.max(FIRST),
                    allowed: 0.0,
                    refilled: now,
                    throttled: now,
                });
            }
            _ => {}
        }
    }

    /// The window that `now` is in. If it is a new one, the rate follows what has happened in the one before.
    fn measure(&mut self, now: Instant) -> &mut Window {
        if let Some(window) = &self.window {
            let lasted = now.saturating_duration_since(window.began);
            let answered = window.done + window.throttled;
            let says_enough = self.limit.is_none() || answered >= ENOUGH;
            if lasted >= WINDOW && says_enough {
                let sent = window.sent / lasted.as_secs_f64();
                let carried_out = window.done / answered;
                if sent >= self.sent(now) {
                    self.peak = Some((sent, now));
                }
                let most = (self.sent(now) * AHEAD).max(LOWEST);
                if let Some(limit) = &mut self.limit {
                    let change = (carried_out * MORE).max(CUT);
                    limit.rate = (limit.rate * change).clamp(LOWEST, most);
                }
                self.window = None;
            }
        }
        self.window.get_or_insert(Window {
            began: now,
            sent: 0.0,
            done: 0.0,
            throttled: 0.0,
        })
    }

    /// The most operations a second that were sent of late.
    fn sent(&self, now: Instant) -> f64 {
        let window = self.window.as_ref().map_or(0.0, |window| window.sent);
        let peak = self.peak.map_or(0.0, |(peak, then)| {
            let passed = now.saturating_duration_since(then).as_secs_f64();
            peak * 0.5_f64.powf(passed / HALF_LIFE)
        });
        peak.max(window / WINDOW.as_secs_f64().max(self.lasted(now)))
    }

    /// How long the window has lasted, in seconds.
    fn lasted(&self, now: Instant) -> f64 {
        let window = self.window.as_ref();
        window.map_or(0.0, |window| {
            now.saturating_duration_since(window.began).as_secs_f64()
        })
    }
}
