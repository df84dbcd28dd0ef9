//! Whose a session is, as far as it says so.
//!
//! Merging sessions of two people key by key makes one that nobody had: the name of one with the rights
//! of the other. An application names the keys that identify somebody; the default are those of Passport
//! and of most examples.

use serde_json::value::RawValue;

use super::json::{Entries, is_same};

/// The keys of an object that say which user it is, the surest first.
const IDS: [&str; 8] = [
    "id", "_id", "userId", "user", "sub", "uid", "username", "email",
];

/// How many objects in each other are looked at for an id.
const DEEPEST: usize = 3;

/// The keys of a session that identify somebody, each as a path of keys.
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

    /// Whose `ours` and `theirs` are, which two requests have made of `bases`: see
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
            // What a failed save of this request has written is no change of theirs.
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

/// Whose two sessions are.
pub(super) enum People<'i> {
    /// Under one key, both say whose they are, and not the same; or somebody has logged in by one and out
    /// by the other. `is_our_login`: the request of ours has logged somebody in or out.
    Two { is_our_login: bool },
    /// All others. The keys that are left to theirs are those by which only the request of theirs has
    /// logged somebody in or out.
    One { left_to_theirs: Vec<&'i str> },
}

/// The id under a path; `None` where nobody is there, or nobody can tell whose id it is.
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
