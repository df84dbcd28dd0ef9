//! The user of a session, as the session's keys name it.
//!
//! Sessions of two users must not be merged key by key: the result could have the name of one user and
//! the rights of the other. An application sets the keys that name a user. The default is the keys of
//! Passport and of most examples.

use serde_json::value::RawValue;

use super::json::{Entries, is_same};

/// The keys of a user object that hold the user's id, the most reliable first.
const IDS: [&str; 8] = [
    "id", "_id", "userId", "user", "sub", "uid", "username", "email",
];

/// How many levels of nested objects are searched for an id.
const DEEPEST: usize = 3;

/// The keys of a session that name its user, each as a path of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(Vec<Vec<String>>);

impl Default for Identity {
    /// `passport`, `user` and `userId`.
    fn default() -> Self {
        Self::new(["passport", "user", "userId"])
    }
}

impl Identity {
    /// The keys in `paths`, such as `user` or `account.id`.
    pub fn new<P: AsRef<str>>(paths: impl IntoIterator<Item = P>) -> Self {
        let keys = |path: P| path.as_ref().split('.').map(str::to_owned).collect();
        Self(paths.into_iter().map(keys).collect())
    }

    /// Compares the users of `ours` and `theirs`, which two requests have made of `bases`: see
    /// [`merge`](super::merge).
    pub(super) fn compare(
        &self,
        bases: &[Entries<'_>],
        ours: &Entries<'_>,
        theirs: &Entries<'_>,
    ) -> People<'_> {
        let (mut are_two, mut is_our_login) = (false, false);
        let mut left_to_theirs = Vec::new();
        for path in &self.0 {
            let (our, their) = (find(ours, path), find(theirs, path));
            let is_our_change = bases.iter().any(|base| !is_same(find(base, path), our));
            // A failed save of this request may have written the value, so it is no change of another
            // request.
            let is_their_change = bases.iter().all(|base| !is_same(find(base, path), their));
            let are_both_there = our.is_some() && their.is_some();
            are_two |= !is_same(our, their) && (are_both_there || is_our_change && is_their_change);
            is_our_login |= is_our_change;
            if is_their_change && !is_our_change {
                left_to_theirs.extend(path.first().map(String::as_str));
            }
        }
        match are_two {
            true => People::Two { is_our_login },
            false => People::One { left_to_theirs },
        }
    }
}

/// The users of two sessions.
pub(super) enum People<'i> {
    /// Two users: under one key, both sessions have an id, and the ids differ; or one request has logged
    /// a user in, and the other one out. `is_our_login`: the request of `ours` has logged a user in or
    /// out.
    Two { is_our_login: bool },
    /// One user, or none. `left_to_theirs` are the keys by which only the request of `theirs` has logged
    /// a user in or out.
    One { left_to_theirs: Vec<&'i str> },
}

/// The user's id under a path. `None` if no user is logged in, or if the value has no id.
fn find<'j>(session: &Entries<'j>, path: &[String]) -> Option<&'j RawValue> {
    let (first, rest) = path.split_first()?;
    let mut value = session.get(first)?;
    for key in rest {
        value = Entries::of(value.get())?.get(key)?;
    }
    id(value, 0)
}

fn id(value: &RawValue, depth: usize) -> Option<&RawValue> {
    match value.get() {
        "null" | "false" | "\"\"" => None,
        list if list.starts_with('[') => None,
        map if map.starts_with('{') => {
            let map = Entries::of(map).filter(|_| depth < DEEPEST)?;
            IDS.into_iter().find_map(|key| id(map.get(key)?, depth + 1))
        }
        _ => Some(value),
    }
}
