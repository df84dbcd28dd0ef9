//! Merges two changes of one session, key by key.
//!
//! Two requests have read a session, and both have changed it. The second to save keeps its own value of
//! each key that it has changed, added or removed; the stored session decides all other keys. Nested
//! values are not merged: a value is the JSON text of one of the two sessions. The cookie of
//! express-session is an exception, because its lifetime may be changed alone.
//!
//! If the stored session and the saved one belong to two users, they are not merged, and the second
//! login wins, see [`Rules::identity`].

mod identity;
mod json;

use std::borrow::Cow;

use serde_json::value::RawValue;

pub use self::identity::Identity;
use self::identity::People;
use self::json::{Entries, is_same};

/// The keys of a session that hold its lifetime and its end.
#[derive(Debug)]
pub struct Clock {
    /// The key of the object that holds them, such as `cookie`; `None` if the session itself does.
    pub within: Option<&'static str>,
    /// The key of the lifetime, in milliseconds.
    pub lifetime: &'static str,
    /// All keys that are taken together with the lifetime, from the same session. The lifetime is one of
    /// them.
    pub keys: &'static [&'static str],
}

/// The rules of a merge.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'r> {
    /// The keys of lifetime and end. If one request has changed the lifetime, its end is kept. If both
    /// or none have, the end of the saving request is kept.
    pub clock: &'r Clock,
    /// The keys of the session's user.
    pub identity: &'r Identity,
}

/// The session whose end a merged session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The saved session's.
    Ours,
    /// The stored session's.
    Theirs,
}

/// The result of a merge.
#[derive(Debug, PartialEq)]
pub enum Merged {
    /// The merged session as JSON.
    Session(String, End),
    /// Write the saved session alone, because its request has logged a user in or out.
    Ours,
    /// Write nothing, because another user has logged in since the session was read.
    Theirs,
}

/// Merges the changes from `bases` to `ours` into `theirs`. All of them are sessions as JSON.
///
/// `bases` are the session as it was read, and the sessions of the request's failed saves, which
/// DynamoDB may have carried out. A key counts as changed if its value in `ours` differs from that in
/// any base.
///
/// `None` if one of the sessions is not a JSON object, so that nothing can be merged.
///
/// ```
/// use dynamo_session_store::core::layout::{ConnectLayout, ExpiringLayout};
/// use dynamo_session_store::core::merge::{End, Identity, Merged, Rules, merge};
///
/// let layout = ConnectLayout::new("id", "", &[], false).unwrap();
/// let rules = Rules { clock: layout.clock(), identity: &Identity::default() };
/// let base = r#"{"cart":1,"user":"ann"}"#;
/// let ours = r#"{"cart":2,"user":"ann"}"#;
/// let theirs = r#"{"cart":1,"token":"x"}"#;
/// let both = r#"{"cart":2,"token":"x"}"#;
/// let merged = Merged::Session(both.to_owned(), End::Ours);
/// assert_eq!(merge(&[base], ours, theirs, rules), Some(merged));
/// ```
pub fn merge(bases: &[&str], ours: &str, theirs: &str, rules: Rules<'_>) -> Option<Merged> {
    let bases: Vec<_> = bases
        .iter()
        .map(|base| Entries::of(base))
        .collect::<Option<_>>()?;
    let (ours, theirs) = (Entries::of(ours)?, Entries::of(theirs)?);
    let left_to_theirs = match rules.identity.compare(&bases, &ours, &theirs) {
        People::Two { is_our_login: true } => return Some(Merged::Ours),
        People::Two {
            is_our_login: false,
        } => return Some(Merged::Theirs),
        People::One { left_to_theirs } => left_to_theirs,
    };
    let clock = rules.clock;
    let end = whose_end(&bases, &ours, &theirs, clock);
    let merged = merge_entries(&bases, &ours, &theirs, |key| {
        if left_to_theirs.iter().any(|name| key.is(name)) {
            return Some(theirs.find(key).map(text));
        }
        let Some(within) = clock.within else {
            return clock_value(key, &ours, &theirs, (clock, end));
        };
        key.is(within).then(|| {
            let cookie = merge_cookies(&bases, &ours, &theirs, within, (clock, end));
            cookie.or(ours.get(within).map(text))
        })
    });
    Some(Merged::Session(merged, end))
}

/// Whether `ours` has the same value under `key` as all of `bases`, or neither has a value.
pub fn is_unchanged(bases: &[&str], ours: &str, key: &str) -> bool {
    let Some(ours) = Entries::of(ours) else {
        return false;
    };
    bases
        .iter()
        .all(|base| Entries::of(base).is_some_and(|base| is_same(base.get(key), ours.get(key))))
}

/// Whether two sessions as JSON have the same lifetime.
pub fn is_same_lifetime(one: &str, other: &str, clock: &Clock) -> bool {
    let lifetime = |json| Entries::of(json).and_then(|session| lifetime(&session, clock));
    is_close(lifetime(one), lifetime(other))
}

fn whose_end(
    bases: &[Entries<'_>],
    ours: &Entries<'_>,
    theirs: &Entries<'_>,
    clock: &Clock,
) -> End {
    let is_changed = |session: &Entries<'_>| {
        bases
            .iter()
            .any(|base| !is_close(lifetime(base, clock), lifetime(session, clock)))
    };
    if is_changed(theirs) && !is_changed(ours) {
        End::Theirs
    } else {
        End::Ours
    }
}

/// The lifetime in milliseconds. `None` if the session has none, because it ends with the browser.
fn lifetime(session: &Entries<'_>, clock: &Clock) -> Option<f64> {
    let number = |value: &RawValue| value.get().parse().ok();
    match clock.within {
        Some(within) => number(Entries::of(session.get(within)?.get())?.get(clock.lifetime)?),
        None => number(session.get(clock.lifetime)?),
    }
}

/// Whether two lifetimes in milliseconds count as equal. express-session reads the clock twice when it
/// moves the end of a cookie, so a lifetime changes by the time in between. `lib/known.js` has the same
/// rule.
fn is_close(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            let tolerance = (one.abs().max(other.abs()) / 20.0).min(1000.0);
            (one - other).abs() < tolerance || one == other
        }
        (one, other) => one == other,
    }
}

/// The value of a key of `clock`, from the session whose end is kept. `None` for other keys.
fn clock_value<'j>(
    key: &json::Key<'_>,
    ours: &Entries<'j>,
    theirs: &Entries<'j>,
    (clock, end): (&Clock, End),
) -> Option<Option<Cow<'j, str>>> {
    let name = clock.keys.iter().find(|name| key.is(name))?;
    let owner = match end {
        End::Ours => ours,
        End::Theirs => theirs,
    };
    Some(owner.get(name).map(text))
}

/// Merges the cookies field by field. `None` if one of them is not an object.
fn merge_cookies<'j>(
    bases: &[Entries<'j>],
    ours: &Entries<'j>,
    theirs: &Entries<'j>,
    within: &str,
    clock: (&Clock, End),
) -> Option<Cow<'j, str>> {
    let cookie = |session: &Entries<'j>| Entries::of(session.get(within)?.get());
    let bases: Vec<_> = bases.iter().map(cookie).collect::<Option<_>>()?;
    let (ours, theirs) = (cookie(ours)?, cookie(theirs)?);
    let merged = merge_entries(&bases, &ours, &theirs, |key| {
        clock_value(key, &ours, &theirs, clock)
    });
    Some(Cow::Owned(merged))
}

/// Merges two objects key by key. `special` may decide a key by a rule of its own: it returns the value,
/// or `Some(None)` to leave the key out.
fn merge_entries<'j>(
    bases: &[Entries<'j>],
    ours: &Entries<'j>,
    theirs: &Entries<'j>,
    special: impl Fn(&json::Key<'j>) -> Option<Option<Cow<'j, str>>>,
) -> String {
    let is_changed = |key: &json::Key<'j>| {
        bases
            .iter()
            .any(|base| !is_same(base.find(key), ours.find(key)))
    };
    let mut merged = json::Object::default();
    for (key, value) in theirs.iter() {
        let value = special(key).unwrap_or_else(|| match is_changed(key) {
            true => ours.find(key).map(text),
            false => Some(text(value)),
        });
        merged.extend(key, value);
    }
    for (key, value) in ours.iter() {
        if theirs.find(key).is_some() {
            continue;
        }
        let value = special(key).unwrap_or_else(|| is_changed(key).then(|| text(value)));
        merged.extend(key, value);
    }
    merged.finish()
}

/// The JSON text of a value.
fn text(value: &RawValue) -> Cow<'_, str> {
    Cow::Borrowed(value.get())
}

#[cfg(test)]
mod tests;
