//! A session in a list, with its marks.

use std::fmt;

use crate::core::error::{Error, Result};
use crate::core::expiry::{self, UnixMillis};
use crate::core::layout::{Item, Layout, Marks, Stored};
use crate::core::store::tracking::{self, Tracking};
use crate::core::store::{Index, SessionStore, is_alive};

/// A session in a list.
#[derive(Clone, PartialEq)]
pub struct Listed {
    /// The session. Its `sid` is the id that stands in the table.
    pub stored: Stored,
    /// The version and the exact end of the session.
    pub marks: Marks,
    /// The end of the session, as exactly as the item tells it; `None` if it never ends.
    pub expires: Option<UnixMillis>,
    /// The beginning of the session, if the store tracks its sessions.
    pub created: Option<UnixMillis>,
    /// The last write of the session, as `created`.
    pub seen: Option<UnixMillis>,
    /// The marks of the session in the store's indexes, in their order.
    pub indexed: Vec<IndexMark>,
}

/// The marks of a session in an index.
#[derive(Clone, Default, PartialEq)]
pub struct IndexMark {
    /// The value; `None` if the session is not in the index.
    pub value: Option<String>,
    /// The time at which the session got its value.
    pub since: Option<UnixMillis>,
    /// The label that the application has given the session.
    pub label: Option<String>,
}

/// A session that cannot be decoded.
pub struct Unreadable {
    /// The id that stands in the table.
    pub sid: String,
    /// The reason.
    pub error: Error,
}

/// Written by hand, because the type holds a session.
impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").finish_non_exhaustive()
    }
}

/// Written by hand, because the value may name a user.
impl fmt::Debug for IndexMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexMark").finish_non_exhaustive()
    }
}

impl<L: Layout + ?Sized> SessionStore<L> {
    /// The id in the key of an item.
    pub(super) fn id(&self, item: &Item) -> Option<String> {
        let key = item.get(self.layout.hash_key())?.as_s().ok()?;
        key.strip_prefix(&self.layout.key("")).map(str::to_owned)
    }

    /// The session in an item. `ended`: also a session that has ended, if it can be read.
    pub(super) fn listed(
        &self,
        item: Item,
        ended: bool,
        now: UnixMillis,
    ) -> Result<Option<Listed>> {
        let tracking = self.tracking.as_deref();
        let marks = self.layout.marks(&item);
        let created = tracking.and_then(|_| tracking::millis(&item, Tracking::CREATED));
        let seen = tracking.and_then(|_| tracking::millis(&item, Tracking::SEEN));
        let indexed = tracking.map_or_else(Vec::new, |tracking| marks_in(tracking, &item));
        let has_ended = expiry::has_passed(tracking::end(&*self.layout, tracking, &item), now);
        let stored = match ended && has_ended {
            // An encoded session is decoded only before its end. The key of an ended one may be gone.
            true => self.layout.read(item, ALWAYS_ALIVE).ok().flatten(),
            false => tracking::read(&*self.layout, tracking, item, now)?.map(|(stored, _)| stored),
        };
        let is_listed = |stored: &Stored| (ended || is_alive(stored, now)) && stored.is_readable();
        Ok(stored.filter(is_listed).map(|stored| {
            let exact = marks.end.or(stored.expires);
            let expires = tracking.map_or(exact, |tracking| tracking.end(exact, created));
            Listed {
                stored,
                marks,
                expires,
                created,
                seen,
                indexed,
            }
        }))
    }
}

/// A time at which no session has ended.
const ALWAYS_ALIVE: UnixMillis = UnixMillis(0.0);

fn marks_in(tracking: &Tracking, item: &Item) -> Vec<IndexMark> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    let mark = |index: &Index| IndexMark {
        value: text(&index.attribute),
        since: tracking::millis(item, &tracking::since(index)),
        label: text(&tracking::label(index)),
    };
    tracking.indexes().iter().map(mark).collect()
}
