//! Estimates the number of operations a second that a throttling table takes. No I/O; the clock is an argument.
//!
//! Nothing is limited until DynamoDB throttles. Then, window by window, the rate follows the share of the
//! operations that DynamoDB carried out:
//!
//! * If the share is more than 1 / [`MORE`], the rate grows. If nothing was throttled, it grows by [`MORE`].
//! * If the share is less, the rate falls, at most to [`CUT`] times the rate.
//!
//! So on average at most [`MORE`] operations are sent for each operation that the table takes. The surplus shows
//! soon when the table takes more. If each throttled operation lowered the rate, throttling for other reasons
//! than the rate would bring all calls to a halt. [`CALM`] after the last throttled operation, the limit ends.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest window.
const WINDOW: Duration = Duration::from_millis(250);

/// The fewest answered operations in a window from which the rate is changed.
const ENOUGH: f64 = 5.0;

/// If no operation is throttled for this time, the limit ends.
pub(super) const CALM: Duration = Duration::from_secs(5);

/// On average, at most this many operations are sent for each that is carried out. With 1.5, calls would come to
/// a halt if 30 % of the operations are throttled at random.
const MORE: f64 = 1.75;

/// A window lowers the rate at most by this factor.
const CUT: f64 = 0.7;

/// The lowest rate, in operations a second, so that a process soon finds out that the table takes more again.
const LOWEST: f64 = 20.0;

/// The lowest rate when DynamoDB begins to throttle, in operations a second. A new process may have sent only
/// one operation so far, and that says nothing about the rate.
const FIRST: f64 = 50.0;

/// The rate is at most this many times the rate at which the process sends. A much higher rate would have no
/// effect for a long time after DynamoDB begins to throttle more.
const AHEAD: f64 = 3.0;

/// After this time, in seconds, the peak of the sending rate counts half.
const HALF_LIFE: f64 = 2.0;

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Rate {
    window: Option<Window>,
    /// The peak of the sending rate, in operations a second, and its time.
    peak: Option<(f64, Instant)>,
    limit: Option<Limit>,
}

/// Counts operations since a moment.
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
    /// The number of operations that may be sent at once: at most 1, and below 0 after a batch.
    allowed: f64,
    refilled: Instant,
    /// When an operation was last throttled.
    throttled: Instant,
}

impl Rate {
    /// Whether operations have to wait for their turn.
    pub fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Takes a turn for a request with this many operations.
    ///
    /// # Errors
    ///
    /// If it is not the request's turn yet: the time to wait before the next try.
    pub fn take(&mut self, now: Instant, operations: usize) -> Result<(), Duration> {
        if let Some(limit) = &mut self.limit {
            let waited = now.saturating_duration_since(limit.refilled).as_secs_f64();
            limit.allowed = (limit.allowed + waited * limit.rate).min(1.0);
            limit.refilled = now;
            // A little less than 1, because timers are exact to the millisecond only.
            if limit.allowed < 0.999 {
                let wait = (1.0 - limit.allowed) / limit.rate;
                return Err(Duration::from_secs_f64(wait));
            }
            limit.allowed -= operations as f64;
        }
        self.measure(now).sent += operations as f64;
        Ok(())
    }

    /// Notes the outcome of operations: `done` were carried out, and `throttled` were throttled.
    pub fn note(&mut self, now: Instant, done: usize, throttled: usize) {
        let window = self.measure(now);
        window.done += done as f64;
        window.throttled += throttled as f64;
        // Only when the limit begins: the calculation is costly, and most tables never throttle.
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

    /// The window at `now`. If a new window begins, the rate is first changed by the outcome of the last window.
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

    /// The recent sending rate, in operations a second: the peak, which fades, or the current window's rate.
    fn sent(&self, now: Instant) -> f64 {
        let window = self.window.as_ref().map_or(0.0, |window| window.sent);
        let peak = self.peak.map_or(0.0, |(peak, then)| {
            let passed = now.saturating_duration_since(then).as_secs_f64();
            peak * 0.5_f64.powf(passed / HALF_LIFE)
        });
        peak.max(window / WINDOW.as_secs_f64().max(self.lasted(now)))
    }

    /// The age of the window, in seconds.
    fn lasted(&self, now: Instant) -> f64 {
        let window = self.window.as_ref();
        window.map_or(0.0, |window| {
            now.saturating_duration_since(window.began).as_secs_f64()
        })
    }
}
