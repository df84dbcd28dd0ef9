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

    /// Whether two sessions are of two people: under one key, both say whose they are, and not the same.
    pub(super) fn differs(&self, one: &Entries<'_>, other: &Entries<'_>) -> bool {
        self.0.iter().any(|path| {
            let (one, other) = (find(one, path), find(other, path));
            one.is_some() && other.is_some() && !is_same(one, other)
        })
    }

    /// Whether somebody has logged in or out between two states of a session.
    pub(super) fn has_changed(&self, before: &Entries<'_>, after: &Entries<'_>) -> bool {
        self.0
            .iter()
            .any(|path| !is_same(find(before, path), find(after, path)))
    }
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
