//! The end of a session: arithmetic that takes the time as an argument.
//!
//! The `expires` attribute is a whole number of seconds since the Unix epoch, as DynamoDB's time to live
//! requires. Three series of connect-dynamodb's releases wrote other values, and tables still have
//! sessions of them:
//!
//! | release | `expires` | read here as |
//! |---|---|---|
//! | up to 1.0.11 | milliseconds | milliseconds: no time in seconds is so large |
//! | 3.0.2 | now in seconds + lifetime in *milliseconds* | repaired, see [`Lifetime`] |
//! | 3.0.3 to 3.0.5 | seconds with a fraction | seconds with the fraction |

use std::fmt;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// An `expires` of more seconds than this (the year 5138) counts as milliseconds.
const LARGEST_SECONDS: f64 = 1e11;

/// The largest difference between the clocks of two servers, in milliseconds, for recognising an item of
/// connect-dynamodb 3.0.2.
const CLOCK_SKEW: f64 = 60_000.0;

/// A time in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct UnixMillis(pub f64);

impl UnixMillis {
    /// The time in seconds since the Unix epoch, with its fraction.
    pub fn seconds(self) -> f64 {
        self.0 / 1000.0
    }
}

/// The end of a session as it is stored: whole seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expires(i64);

impl Expires {
    /// The stored end of a session that ends at `end`, rounded down to a whole second.
    ///
    /// If the attribute cannot hold `end` (before 1970, or so late that it would count as milliseconds),
    /// the nearest possible time is stored.
    pub fn at(end: UnixMillis) -> Self {
        // `clamp` leaves NaN as it is, and the cast turns it into 0.
        Self(end.seconds().floor().clamp(0.0, LARGEST_SECONDS - 1.0) as i64)
    }

    /// Seconds since the Unix epoch.
    pub fn seconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Expires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads an `expires` attribute of any release. `None` if it is not a number.
pub fn read(attribute: &str) -> Option<UnixMillis> {
    let number: f64 = attribute.parse().ok()?;
    let millis = if number > LARGEST_SECONDS {
        number
    } else {
        number * 1000.0
    };
    millis.is_finite().then_some(UnixMillis(millis))
}

/// Whether a session with the end `expires` has ended. A session without an end never has.
pub fn has_passed(expires: Option<UnixMillis>, now: UnixMillis) -> bool {
    expires.is_some_and(|end| now >= end)
}

/// The lifetime in a session's cookie, by which an item of connect-dynamodb 3.0.2 is recognised.
///
/// That release added the lifetime in milliseconds to the time in seconds. `cookie.originalMaxAge` is
/// the lifetime, so the time of the write can be calculated from the item. The result is plausible only
/// if it lies between the session's last save (`cookie.expires` minus the lifetime) and now. If an
/// application has set a longer life on purpose, the result lies outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lifetime {
    /// `cookie.originalMaxAge` in milliseconds.
    max_age: f64,
    /// `cookie.expires`.
    cookie_expires: UnixMillis,
}

impl Lifetime {
    /// Reads the lifetime from a session's JSON, up to the end of the cookie. `None` if the cookie has
    /// no lifetime.
    pub fn of_session(json: &str) -> Option<Self> {
        let mut cookie = Cookie::default();
        // The parser reports an error for the text after the cookie, which it has not read.
        let _ = serde_json::Deserializer::from_str(json).deserialize_map(FindCookie(&mut cookie));
        let expires = DateTime::from_str(cookie.expires.as_deref()?, DateTimeFormat::DateTime);
        Some(Self {
            max_age: cookie.original_max_age?,
            cookie_expires: UnixMillis(expires.ok()?.to_millis().ok()? as f64),
        })
    }

    /// The right end of a session whose item has the end `expires`.
    pub fn repair(self, expires: UnixMillis, now: UnixMillis) -> UnixMillis {
        let written = UnixMillis(expires.0 - self.max_age * 1000.0);
        let saved = UnixMillis(self.cookie_expires.0 - self.max_age);
        let believable = written.0 >= saved.0 - CLOCK_SKEW && written.0 <= now.0 + CLOCK_SKEW;
        let beyond_lifetime = expires.0 > now.0 + self.max_age + CLOCK_SKEW;
        if believable && beyond_lifetime {
            UnixMillis(written.0 + self.max_age)
        } else {
            expires
        }
    }
}

#[derive(Default)]
struct Cookie {
    original_max_age: Option<f64>,
    expires: Option<String>,
}

/// Reads a session until it finds the cookie, which express-session writes first.
struct FindCookie<'c>(&'c mut Cookie);

impl<'de> Visitor<'de> for FindCookie<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "cookie" {
                return map.next_value_seed(ReadCookie(self.0));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

struct ReadCookie<'c>(&'c mut Cookie);

impl<'de> DeserializeSeed<'de> for ReadCookie<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadCookie<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session cookie")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "originalMaxAge" => self.0.original_max_age = map.next_value()?,
                "expires" => self.0.expires = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);
    const DAY: f64 = 86_400_000.0;

    fn session(max_age: f64, saved: UnixMillis) -> String {
        let expires = DateTime::from_millis((saved.0 + max_age) as i64)
            .fmt(DateTimeFormat::DateTime)
            .unwrap();
        format!(
            r#"{{"n":[1,{{"cookie":2}}],"cookie":{{"originalMaxAge":{max_age},"expires":"{expires}","path":"/"}},"user":"ann"}}"#
        )
    }

    #[test]
    fn is_written_as_whole_seconds_rounded_down() {
        assert_eq!(Expires::at(UnixMillis(1_999.9)).seconds(), 1);
        assert_eq!(Expires::at(NOW).to_string(), "1795218096");
    }

    #[test]
    fn a_moment_that_cannot_be_held_becomes_the_nearest_that_can() {
        assert_eq!(Expires::at(UnixMillis(-5.0)).seconds(), 0);
        assert_eq!(Expires::at(UnixMillis(f64::NAN)).seconds(), 0);
        assert_eq!(
            Expires::at(UnixMillis(f64::INFINITY)).seconds(),
            99_999_999_999
        );
        let latest = Expires::at(UnixMillis(1e300)).to_string();
        assert_eq!(read(&latest), Some(UnixMillis(99_999_999_999_000.0)));
    }

    #[test]
    fn reads_what_every_release_wrote() {
        assert_eq!(read("1795218096"), Some(UnixMillis(1_795_218_096_000.0)));
        assert_eq!(read("1795218096.5"), Some(UnixMillis(1_795_218_096_500.0)));
        assert_eq!(read("1795218096565"), Some(NOW));
        assert_eq!(read("1.795218096E9"), Some(UnixMillis(1_795_218_096_000.0)));
        assert_eq!(read("never"), None);
        assert_eq!(read("NaN"), None);
        assert_eq!(read("-1.8e305"), None);
    }

    #[test]
    fn a_session_ends_at_the_second_that_expires_names() {
        let end = read("1795218096");
        assert!(!has_passed(end, UnixMillis(1_795_218_095_999.0)));
        assert!(has_passed(end, UnixMillis(1_795_218_096_000.0)));
        assert!(!has_passed(None, NOW));
    }

    #[test]
    fn the_lifetime_is_read_from_the_cookie_wherever_it_stands() {
        assert_eq!(
            Lifetime::of_session(&session(DAY, NOW)),
            Some(Lifetime {
                max_age: DAY,
                cookie_expires: UnixMillis(NOW.0 + DAY)
            })
        );
        for none in [
            r#"{"cookie":{"originalMaxAge":null,"expires":null}}"#,
            r#"{"cookie":{"originalMaxAge":1000,"expires":"soon"}}"#,
            r#"{"cookie":"cookie"}"#,
            r#"{"user":"ann"}"#,
            r#"{"cookie":{"originalMaxAge":1000"#,
            "not json",
        ] {
            assert_eq!(Lifetime::of_session(none), None, "{none}");
        }
    }

    #[test]
    fn a_row_of_3_0_2_ends_when_its_cookie_would_have() {
        for age in [0.0, 3_600_000.0, 20.0 * DAY] {
            let saved = UnixMillis(NOW.0 - age);
            let row = UnixMillis((saved.seconds().floor() + DAY) * 1000.0);
            let lifetime = Lifetime::of_session(&session(DAY, saved)).unwrap();
            let end = lifetime.repair(row, NOW);
            assert!((end.0 - (saved.0 + DAY)).abs() <= 1000.0, "{age}: {end:?}");
        }
    }

    #[test]
    fn a_row_of_3_0_2_that_was_touched_later_counts_from_the_touch() {
        let saved = UnixMillis(NOW.0 - 5.0 * DAY);
        let touched = UnixMillis(NOW.0 - 3_600_000.0);
        let row = UnixMillis((touched.seconds().floor() + DAY) * 1000.0);
        let end = Lifetime::of_session(&session(DAY, saved))
            .unwrap()
            .repair(row, NOW);
        assert!((end.0 - (touched.0 + DAY)).abs() <= 1000.0, "{end:?}");
    }

    #[test]
    fn a_right_row_and_a_life_chosen_longer_than_the_cookie_are_left_alone() {
        for days in [1.0, 2.0, 30.0, 400.0] {
            let row = UnixMillis(NOW.0 + days * DAY);
            let lifetime = Lifetime::of_session(&session(DAY, NOW)).unwrap();
            assert_eq!(lifetime.repair(row, NOW), row, "{days} days");
        }
    }
}
