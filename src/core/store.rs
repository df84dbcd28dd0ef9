//! The operations on sessions: load, save and destroy. In formats that have an end, also touch, list,
//! clear and reap.

mod expected;
mod expiring;
mod known;
mod many;
mod touch;
mod versions;

pub use known::{Conflict, FailedSave, Known, RequestWrites, Saved, birth, new_version};
pub use many::Index;
pub use touch::{NewEnd, Touched};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::known::Requests;
use super::deadline::Deadline;
use super::dynamo::schedule::Schedule;
use super::error::{CONDITION_FAILED, Error, Result};
use super::expiry::{self, UnixMillis};
use super::layout::{ExpiringLayout, Layout, Marks, Record, Stored};
use super::merge::Identity;

/// The sessions of one table, in one item format.
///
/// Methods that are not `async` queue their operation when called, not when polled. `limit` is the time
/// that each request of a method may take, with its waiting and its retries.
pub struct SessionStore<L: ?Sized> {
    schedule: Schedule,
    layout: Arc<L>,
    consistent_read: bool,
    identity: Arc<Identity>,
    requests: Requests,
}

impl<L: Layout> SessionStore<L> {
    /// The sessions in the table of `schedule`. Reads are strongly consistent if `consistent_read`.
    pub fn new(schedule: Schedule, layout: L, consistent_read: bool) -> Self {
        Self {
            schedule,
            layout: Arc::new(layout),
            consistent_read,
            identity: Arc::default(),
            requests: Requests::default(),
        }
    }

    /// Sets the keys of a session that name its user.
    pub fn with_identity(self, identity: Identity) -> Self {
        let identity = Arc::new(identity);
        Self { identity, ..self }
    }

    /// The same sessions, for the operations of all formats.
    pub fn of_any_format(&self) -> SessionStore<dyn Layout> {
        let layout = Arc::clone(&self.layout);
        self.with(layout)
    }

    /// The same sessions, for the operations of formats that have an end.
    pub fn of_expiring_format(&self) -> SessionStore<dyn ExpiringLayout>
    where
        L: ExpiringLayout,
    {
        let layout = Arc::clone(&self.layout);
        self.with(layout)
    }

    fn with<M: ?Sized>(&self, layout: Arc<M>) -> SessionStore<M> {
        SessionStore {
            schedule: self.schedule.clone(),
            layout,
            consistent_read: self.consistent_read,
            identity: Arc::clone(&self.identity),
            requests: Arc::clone(&self.requests),
        }
    }
}

/// A session that was read.
#[derive(Clone, PartialEq)]
pub struct Loaded {
    /// The session as JSON.
    pub data: String,
    /// The end of the session; `None` if it never ends.
    pub expires: Option<UnixMillis>,
    /// The version and the exact end of the session.
    pub marks: Marks,
}

/// Written by hand, because the type holds a session.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").finish_non_exhaustive()
    }
}

impl<L: Layout + ?Sized> SessionStore<L> {
    /// Loads a session. `None` if it does not exist or has ended.
    pub fn load(
        &self,
        sid: &str,
        now: UnixMillis,
        limit: Duration,
    ) -> impl Future<Output = Result<Option<Loaded>>> + Send + use<L> {
        let deadline = Deadline::new(limit, "get");
        let key = self.layout.key(sid);
        let read = deadline.ask(|| self.schedule.get(key, self.consistent_read));
        let layout = Arc::clone(&self.layout);
        async move {
            let Some(item) = deadline.bound(read).await? else {
                return Ok(None);
            };
            let marks = layout.marks(&item);
            let stored = alive(layout.read(item, now)?, now);
            Ok(stored.map(|Stored { data, expires, .. }| Loaded {
                data,
                expires,
                marks,
            }))
        }
    }

    /// Writes a session, even if it has ended already.
    ///
    /// # Errors
    ///
    /// The errors of the request, and those of [`Layout::to_item`].
    pub fn save(
        &self,
        record: Record,
        limit: Duration,
    ) -> impl Future<Output = Result<()>> + Send + use<L> {
        let key = self.layout.key(&record.sid);
        let layout = Arc::clone(&self.layout);
        let size = record.size();
        let deadline = Deadline::new(limit, "set");
        let written = deadline.ask(|| self.schedule.put(key, size, move || layout.to_item(record)));
        deadline.bound(written)
    }

    /// Deletes a session. If the session does not exist, this succeeds.
    pub fn destroy(
        &self,
        sid: &str,
        limit: Duration,
    ) -> impl Future<Output = Result<()>> + Send + use<L> {
        let deadline = Deadline::new(limit, "destroy");
        let deleted = deadline.ask(|| self.schedule.delete(self.layout.key(sid)));
        deadline.bound(deleted)
    }
}

fn alive(stored: Option<Stored>, now: UnixMillis) -> Option<Stored> {
    stored.filter(|stored| !expiry::has_passed(stored.expires, now))
}

/// Whether a conditional write was carried out. If its condition does not hold, the result is `false`,
/// and not an error.
fn condition_held(outcome: Result<()>) -> Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(Error::ConditionFailed { .. }) => Ok(false),
        Err(error) if error.is_service(CONDITION_FAILED) => Ok(false),
        Err(error) => Err(error),
    }
}
